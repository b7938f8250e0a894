import { tableLines } from "./output.ts";

/** A column of a table for people. */
export interface TableColumn<Row> {
  readonly head: string;
  readonly read: (row: Row) => string;
  /** Numbers stand at their right. */
  readonly align?: "right";
  /** Characters that are shown at most; one column may take what is left of the line. */
  readonly width?: number | "rest";
}

const MIN_REST = 16;

const lengthOf = (text: string): number => [...text].length;

function cut(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${[...text].slice(0, width - 1).join("")}…`;
}

/** Characters that are left for the column that takes the rest. */
function restOf<Row>(
  columns: readonly TableColumn<Row>[],
  cells: readonly (readonly string[])[],
  lineWidth: number,
): number {
  const taken = columns.map((column, at) =>
    column.width === "rest"
      ? 0
      : Math.max(column.head.length, ...cells.map((line) => lengthOf(line[at] ?? ""))) + 2,
  );
  return Math.max(MIN_REST, lineWidth - taken.reduce((sum, width) => sum + width, 0));
}

/** Lays rows out in columns, a line each, with a head. `lineWidth` is the terminal's. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  lineWidth = 120,
): string {
  const cells = rows.map((row) =>
    columns.map(({ read, width }) => {
      const line = read(row).replaceAll(/\s+/g, " ").trim();
      return typeof width === "number" ? cut(line, width) : line;
    }),
  );
  const rest = restOf(columns, cells, lineWidth);
  const fitted = cells.map((line) =>
    line.map((text, at) => (columns[at]?.width === "rest" ? cut(text, rest) : text)),
  );
  const heads = columns.map(({ head, align }) =>
    align === undefined ? { head } : { head, align },
  );
  return tableLines(heads, fitted)
    .map((line) => `${line}\n`)
    .join("");
}
