import { styleText } from "node:util";
import type { Spread } from "./measure.ts";

/** What a bench found. As JSON it is the last line that the bench's process writes. */
export interface Report {
  readonly title: string;
  /** What was compared, and what the reader should know of it. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  /** A column each; the unit is in its name. */
  readonly figures: Readonly<Record<string, Spread | number | string>>;
  readonly goal?: Goal | undefined;
}

/** What the figure in `column` should be at most, or at least. */
export interface Goal {
  readonly column: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Ends a bench: its report goes to standard output, as JSON where it was asked for. */
export function finish(report: Report): void {
  console.log(process.argv.includes("--json") ? JSON.stringify(report) : formatReport(report));
}

export function formatReport({ title, notes, rows }: Report): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))];
  const goals = rows.some((row) => row.goal !== undefined);
  const head = ["", ...columns, ...(goals ? ["goal"] : [])];
  const body = rows.map((row) => [
    row.name,
    ...columns.map((column) => formatFigure(row.figures[column])),
    ...(goals ? [formatGoal(row)] : []),
  ]);
  return [styleText("bold", title), ...alignColumns([head, ...body]), ...notes, ""].join("\n");
}

function formatFigure(figure: Spread | number | string | undefined): string {
  if (figure === undefined) return "";
  if (typeof figure === "string") return figure;
  if (typeof figure === "number") return formatNumber(figure);
  const { median, p10, p90 } = figure;
  return `${formatNumber(median)} [${formatNumber(p10)}..${formatNumber(p90)}]`;
}

function formatNumber(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function formatGoal({ figures, goal }: Row): string {
  if (goal === undefined) return "";
  const figure = figures[goal.column];
  const value = typeof figure === "object" ? figure.median : Number(figure);
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = goal;
  const wanted = goal.atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  return `${wanted} ${value <= atMost && value >= atLeast ? "met" : "MISSED"}`;
}

function alignColumns(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
