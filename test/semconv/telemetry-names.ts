import { readFileSync } from "node:fs";

/** Attribute names by what carries them: `session`, `chat` …, `record session.start`, `metric turnspan.cost`. */
export type NamesByCarrier = ReadonlyMap<string, ReadonlySet<string>>;

const namesIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

const cellsOf = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Rows of the table under a heading, without its head. */
function rowsUnder(page: string, heading: string): string[][] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return own
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map(cellsOf);
}

const between = (page: string, from: string, to: string): string[] =>
  namesIn(page.slice(page.indexOf(from), page.indexOf(to)));

/** What docs/telemetry.md says is sent. */
export function namesOnPage(): NamesByCarrier {
  const page = readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8");
  const who = between(page, "Every span also carries", "Message content (");
  const everyRecord = between(page, "Every record also carries", "and who and where.");
  return new Map([
    ["every span", new Set([...who, ...between(page, "Message content (", "is there only")])],
    ["every record", new Set([...who, ...everyRecord])],
    ["attempt", new Set(between(page, " with `turnspan.attempt", "Links carry"))],
    ["link", new Set(between(page, "Links carry", "\n## Records"))],
    ...rowsUnder(page, "Spans").map(
      ([thing = "", , , , names = ""]) => [thing, new Set(namesIn(names))] as const,
    ),
    ...rowsUnder(page, "Records").map(
      ([event = "", names = ""]) =>
        [`record ${namesIn(event)[0]}`, new Set(namesIn(names))] as const,
    ),
    ...rowsUnder(page, "Metrics").map(
      ([metric = "", , , , names = ""]) =>
        [`metric ${namesIn(metric)[0]}`, new Set(namesIn(names))] as const,
    ),
  ]);
}

/** The attributes that the page explains one by one. */
export function explainedNames(): string[] {
  const page = readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8");
  return rowsUnder(page, "Attributes of ours").flatMap(([name = ""]) => namesIn(name));
}
