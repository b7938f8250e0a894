import { type Command, parseOptions } from "../command.ts";
import { askServer, serverOptions } from "../server-client.ts";
import { formatTable, type TableColumn } from "../table.ts";

interface ListPlan<List, Row> extends Omit<Command, "run"> {
  readonly columns: readonly TableColumn<Row>[];
  /** What the words after the command ask for. */
  readonly queryOf: (words: readonly string[]) => Readonly<Record<string, string | undefined>>;
  readonly rowsOf: (list: List) => readonly Row[];
}

const options = {
  ...serverOptions,
  project: { type: "string" },
  agent: { type: "string" },
  state: { type: "string" },
  limit: { type: "string", default: "20" },
} as const;

/** A command that shows a list of the server's as a table, or as JSON. */
export function createListCommand<List, Row>(plan: ListPlan<List, Row>): Command {
  const { name, summary, usage, columns, queryOf, rowsOf } = plan;
  const run: Command["run"] = async (args, cli) => {
    const { values, positionals } = parseOptions(name, args, options);
    const { project, agent, state, limit } = values;
    const query = { project, agent, state, limit, ...queryOf(positionals) };
    const list = await askServer<List>(`/api/${name}`, query, values, cli);
    const rows = rowsOf(list);
    if (values.json) cli.stdout.write(`${JSON.stringify(list)}\n`);
    else if (rows.length === 0) cli.stdout.write(`no ${name}\n`);
    else cli.stdout.write(formatTable(rows, columns, cli.stdout.columns));
    return 0;
  };
  return { name, summary, usage, run };
}
