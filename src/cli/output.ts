import type { CliContext } from "./context.ts";

/** Waits until the stream has taken it: a slow reader slows the writer and does not fill its memory. */
export function writeTo(stdout: CliContext["stdout"], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Text that others wrote, safe for a terminal: control bytes and changes of direction are left out. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");
}

export interface Column {
  readonly head: string;
  /** Default `left`. */
  readonly align?: "left" | "right";
}

/** Lines of a table: a head, and a line a row. Columns are as wide as what stands in them. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [columns.map(({ head }) => head), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => width(line[index]))));
  return lines.map((line) =>
    columns
      .map(({ align = "left" }, index) => pad(line[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd(),
  );
}

/** Code points, not UTF-16 units; wide characters are not worth a library here. */
const width = (text = ""): number => [...text].length;

function pad(text: string, to: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, to - width(text)));
  return align === "left" ? `${text}${space}` : `${space}${text}`;
}
