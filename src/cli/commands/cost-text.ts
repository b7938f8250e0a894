import { cliAgents } from "../../adapters/cli-agents/agents.ts";
import type { SearchedPlace } from "../../adapters/cli-agents/find-transcripts.ts";
import { type Column, printable, tableLines } from "../output.ts";
import { addCommand } from "./cost-json.ts";
import type { Amounts } from "./cost-ledger.ts";
import { type CostReport, type CostTroubles, NOTICE } from "./cost-report.ts";
import { type By, type Row, sumUp } from "./cost-rows.ts";

const NANO = 1e9;
/** Days are all printed; of anything else the table has the most expensive. */
const MAX_ROWS = 50;
const MAX_NAMED = 10;
const NOT_KNOWN = "–";

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

/** Writes the report: a table, and what is to be known of its figures. */
export function costText(report: CostReport): string {
  const lines = [
    headingOf(report),
    "",
    ...tableOf(report),
    "",
    NOTICE,
    ...unknownPriceLines(report),
    ...readLines(report),
  ];
  return `${lines.join("\n")}\n`;
}

/** Says what was skipped, a line each. */
export function troubleText({ brokenLines, unreadable, foreign }: CostTroubles): string {
  const broken = [...brokenLines].map(
    ([file, lines]) => `${file}: ${plural(lines, "broken line")}`,
  );
  const parts = [
    ...named("skipped", broken),
    ...named("cannot be read", unreadable),
    ...named("no transcript of an agent known here, skipped", foreign),
  ];
  return parts.map((line) => `turnspan: ${line}\n`).join("");
}

function named(problem: string, names: readonly string[]): string[] {
  const lines = names.slice(0, MAX_NAMED).map((name) => `${problem}: ${printable(name)}`);
  const more = names.length - lines.length;
  return more === 0 ? lines : [...lines, `${problem}: ${more} more; --json names all`];
}

function headingOf({ by, sinceMs, timezone }: CostReport): string {
  const since = sinceMs === undefined ? "" : ` since ${localTime(sinceMs, timezone)}`;
  return `Model calls of CLI agents${since}, by ${by} (${timezone})`;
}

/** A day alone where it is its start that is meant. */
function localTime(timeMs: number, timezone: string): string {
  const text = new Date(timeMs).toLocaleString("sv-SE", { timeZone: timezone });
  return text.replace(/ 00:00:00$/, "");
}

type Names = (key: Row["key"]) => readonly (string | undefined)[];

/** How each way of asking names its rows. */
const names = {
  day: { heads: ["day"], of: (key) => [key["day"]] },
  model: { heads: ["model", "provider"], of: (key) => [key["model"], key["provider"]] },
  project: { heads: ["project"], of: (key) => [key["project"]] },
  branch: { heads: ["branch", "project"], of: (key) => [key["branch"], key["project"]] },
  agent: { heads: ["agent", "subagent"], of: (key) => [titleOf(key["agent"]), key["subagent"]] },
  session: {
    heads: ["session", "agent", "project"],
    of: (key) => [key["session"], titleOf(key["agent"]), key["project"]],
  },
} as const satisfies Record<By, { readonly heads: readonly string[]; readonly of: Names }>;

const titles: ReadonlyMap<string, string> = new Map(
  Object.values(cliAgents).map(({ id, title }) => [id, title]),
);
const titleOf = (agent: string | undefined): string | undefined =>
  agent === undefined ? undefined : (titles.get(agent) ?? agent);

const amountColumns: readonly Column[] = [
  { head: "calls", align: "right" },
  { head: "input", align: "right" },
  { head: "cache read", align: "right" },
  { head: "cache write", align: "right" },
  { head: "output", align: "right" },
  { head: "cost", align: "right" },
];

const amountTexts = (amounts: Amounts): string[] => [
  whole.format(amounts.calls),
  compact.format(amounts.inputTokens),
  compact.format(amounts.cacheReadTokens),
  compact.format(amounts.cacheWriteTokens),
  compact.format(amounts.outputTokens),
  costOf(amounts),
];

function tableOf({ by, rows, total }: CostReport): string[] {
  if (rows.length === 0) return ["No model calls."];
  const { heads, of } = names[by];
  const shown = by === "day" ? rows : rows.slice(0, MAX_ROWS);
  const rest = rows.slice(shown.length);
  const filled = (texts: readonly string[], amounts: Amounts): string[] => [
    ...heads.map((_, index) => texts[index] ?? ""),
    ...amountTexts(amounts),
  ];
  const columns = [...heads.map((head) => ({ head })), ...amountColumns];
  return tableLines(columns, [
    ...shown.map(({ key, amounts }) =>
      filled(
        of(key).map((name) => name ?? NOT_KNOWN),
        amounts,
      ),
    ),
    ...(rest.length === 0 ? [] : [filled([`${rest.length} more (see --json)`], sumUp(rest))]),
    filled(["total"], total),
  ]);
}

/** `$1.20 + 3 unknown` where three calls of unknown price come on top. */
function costOf({ nanoUsd, calls, unknownPriceCalls }: Amounts): string {
  if (unknownPriceCalls === 0) return dollars(nanoUsd);
  const unknown = `${whole.format(unknownPriceCalls)} unknown`;
  return unknownPriceCalls === calls ? unknown : `${dollars(nanoUsd)} + ${unknown}`;
}

/** To the cent; small amounts to a hundredth of one. */
function dollars(nanoUsd: number): string {
  const usd = nanoUsd / NANO;
  const digits = usd > 0 && usd < 1 ? 4 : 2;
  return `$${usd.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

function unknownPriceLines({ unknownPrices }: CostReport): string[] {
  if (unknownPrices.length === 0) return [];
  const calls = unknownPrices.reduce((sum, price) => sum + price.calls, 0);
  const models = unknownPrices.flatMap(({ model }) => (model === undefined ? [] : [model]));
  const unnamed = unknownPrices.find(({ model }) => model === undefined);
  return [
    "",
    `${plural(calls, "call")} of unknown price ${calls === 1 ? "is" : "are"} in no cost figure.`,
    ...(unnamed === undefined ? [] : [`${plural(unnamed.calls, "call")} named no model.`]),
    ...(models.length === 0 ? [] : ["Add a price, in US dollars per million tokens:"]),
    ...models.slice(0, MAX_NAMED).map((model) => `  ${addCommand(printable(model))}`),
    ...(models.length > MAX_NAMED ? [`  and ${models.length - MAX_NAMED} more models`] : []),
  ];
}

function readLines({ filesRead, filesTooOld, bytesRead }: CostReport): string[] {
  const megabytes = (bytesRead / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
  const older = filesTooOld === 0 ? "" : `; ${plural(filesTooOld, "older one")} left out`;
  return ["", `${plural(filesRead, "transcript")} read, ${megabytes} MB${older}`];
}

const plural = (number: number, noun: string): string =>
  `${whole.format(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Says where was looked, and what to do. */
export function nothingText(places: readonly SearchedPlace[], how = ""): string {
  const looked = places.map(({ path: place, agent }) => {
    const whose = agent === undefined ? "" : ` (${agent.title})`;
    return `  ${printable(place)}${whose}\n`;
  });
  const where = looked.length === 0 ? "HOME names no folder to look in.\n" : "Looked in:\n";
  return [
    "turnspan: no transcripts found. ",
    where,
    ...looked,
    `Run one of these agents once, or name where its transcripts are${how}.\n`,
  ].join("");
}
