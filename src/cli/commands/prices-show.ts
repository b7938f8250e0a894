import { createPriceBook } from "../../pricing/price-book.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { overviewJson, priceJson } from "./price-json.ts";
import { readDate, readModel } from "./price-options.ts";
import { askPrice } from "./price-question.ts";
import { overviewText, priceText } from "./price-text.ts";

const showUsage = `Usage: turnspan prices show [MODEL] [--provider P] [--at DATE] [--json]

Shows the price of MODEL: rates for each kind of token, their source, when they hold.
Without MODEL: your own prices, and the version of the built-in price data.

  --provider P   who serves the model, such as anthropic, openai, aws.bedrock;
                 default: told from the model's name
  --at DATE      the price on that day, such as 2026-11-21 (midnight UTC), or at a
                 time, such as 2026-11-21T09:30:00Z; default: now
  --json         print JSON
  -h, --help     print this

Exit code 1: no price is known.
`;

/** `turnspan prices show`: 0 where a price is known, else 1. */
export async function showPrices(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions(
    "prices show",
    args,
    {
      provider: { type: "string" },
      at: { type: "string" },
      json: { type: "boolean" },
    },
    showUsage,
  );
  const model = readModel(positionals);
  const at = values.at === undefined ? cli.now() : Date.parse(readDate("--at", values.at));
  const userFile = findPriceFile(cli.env);
  const book = await createPriceBook({ userFile });
  if (model === undefined) {
    const overview = { book, userFile, library: await book.describeLibrary() };
    cli.stdout.write(values.json ? overviewJson(overview) : overviewText(overview));
    return 0;
  }
  const question = await askPrice(book, { model, provider: values.provider, at, userFile });
  const found = question.offer?.card !== undefined;
  const out = found || values.json ? cli.stdout : cli.stderr;
  out.write(values.json ? priceJson(question) : priceText(question));
  return found ? 0 : 1;
}
