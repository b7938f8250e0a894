import { CodedError } from "../../base/errors.ts";
import { createPriceBook } from "../../pricing/price-book.ts";
import { putPrice } from "../../pricing/price-edit.ts";
import { findPriceFile, PriceEntry } from "../../pricing/price-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { readDate, readDollars, readModel } from "./price-options.ts";
import { askPrice } from "./price-question.ts";
import { priceText } from "./price-text.ts";

const addUsage = `Usage: turnspan prices add MODEL --input USD --output USD [options]

Adds a price of your own, in US dollars per million tokens. It wins over the
built-in one. An entry with the same model, provider and date is replaced,
however they are spelled (azure.ai.openai is azure).

  MODEL              the model's name, or a pattern with * at its start or end
  --input USD        price of a million input tokens; 0 means free
  --output USD       price of a million output tokens
  --cache-read USD   price of a million tokens read from a cache; default: as input
  --cache-write USD  price of a million tokens written to a cache; default: as input
  --provider P       only where this provider serves the model; default: any
  --from DATE        first day it holds, such as 2026-11-21; default: always
  -h, --help         print this

Example: turnspan prices add acme-1 --provider acme --input 3 --output 15
`;

/** `turnspan prices add`: keeps a price of the user's own and says what applies now. */
export async function addPrice(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions(
    "prices add",
    args,
    {
      input: { type: "string" },
      output: { type: "string" },
      "cache-read": { type: "string" },
      "cache-write": { type: "string" },
      provider: { type: "string" },
      from: { type: "string" },
    },
    addUsage,
  );
  const entry = toEntry(readModel(positionals), values);
  const userFile = findPriceFile(cli.env);
  if (userFile === undefined) {
    throw new CodedError(
      "PRICES_USAGE",
      "No place for the price file: set HOME or XDG_CONFIG_HOME",
    );
  }
  const verb = (await putPrice(userFile, entry)) === "replaced" ? "Replaced" : "Added";
  cli.stdout.write(`${verb} ${entry.model} in ${userFile}\n\n`);
  const book = await createPriceBook({ userFile });
  const asked = { model: entry.model, provider: entry.provider, at: cli.now(), userFile };
  cli.stdout.write(priceText(await askPrice(book, asked)));
  return 0;
}

type AddValues = Readonly<
  Partial<Record<"input" | "output" | "cache-read" | "cache-write" | "provider" | "from", string>>
>;

function toEntry(model: string | undefined, values: AddValues): PriceEntry {
  const missing = [
    ...(model === undefined ? ["MODEL"] : []),
    ...(values.input === undefined ? ["--input USD"] : []),
    ...(values.output === undefined ? ["--output USD"] : []),
  ];
  if (missing.length > 0) {
    throw new CodedError("USAGE", `turnspan prices add needs ${missing.join(", ")}`);
  }
  const draft = {
    provider: values.provider,
    model,
    inputPerMillion: readDollars("--input", values.input),
    outputPerMillion: readDollars("--output", values.output),
    cacheReadPerMillion: readDollars("--cache-read", values["cache-read"]),
    cacheWritePerMillion: readDollars("--cache-write", values["cache-write"]),
    from: values.from === undefined ? undefined : readDate("--from", values.from),
  };
  const present = Object.fromEntries(Object.entries(draft).filter(([, value]) => value != null));
  const parsed = PriceEntry.safeParse(present);
  if (parsed.success) return parsed.data;
  const [problem] = parsed.error.issues;
  const name = problem?.path[0] === "provider" ? "--provider" : "MODEL";
  const value = JSON.stringify(name === "MODEL" ? model : values.provider);
  throw new CodedError("PRICES_USAGE", `${name} ${value}: ${problem?.message}`);
}
