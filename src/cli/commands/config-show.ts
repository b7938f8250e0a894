import { redactText } from "../../base/redact.ts";
import { skippedText } from "../../hooks/config/attach-config.ts";
import { type LoadedConfig, loadConfig } from "../../hooks/config/load.ts";
import { pathText } from "../../hooks/config/problems.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { formatTable, type TableColumn } from "../table.ts";

interface Setting {
  readonly path: string;
  readonly value: string;
  readonly source: string;
}

const columns: readonly TableColumn<Setting>[] = [
  { head: "SETTING", read: ({ path }) => path },
  { head: "VALUE", read: ({ value }) => value },
];
const withOrigin: readonly TableColumn<Setting>[] = [
  ...columns,
  { head: "FROM", read: ({ source }) => source },
];

/** `turnspan config show`: the settings that count. */
export async function showConfig(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("config show", args, {
    origin: { type: "boolean" },
    json: { type: "boolean" },
  });
  const loaded = await loadConfig(TurnspanConfig, cli);
  const settings = listSettings(loaded);
  const { unapproved } = loaded;
  if (values.json) {
    cli.stdout.write(`${JSON.stringify({ settings, unapproved: unapproved?.source ?? null })}\n`);
    return 0;
  }
  if (settings.length === 0) cli.stdout.write("nothing is configured\n");
  else cli.stdout.write(formatTable(settings, values.origin ? withOrigin : columns));
  if (unapproved !== undefined) cli.stderr.write(`${skippedText(unapproved.source)}\n`);
  return 0;
}

const JOINED: ReadonlySet<PropertyKey> = new Set(["agents", "hooks", "http"]);

/** Every value that counts: of keys that several files have the last one; entries of lists are all kept. */
function listSettings({ files, hooks }: LoadedConfig<TurnspanConfig>): Setting[] {
  const counted = new Map<string, Setting>();
  for (const { raw, origin } of files) {
    for (const { path, value } of listLeaves(raw, [])) {
      const setting = { path: pathText(path), value: shown(path, value), source: origin.source };
      const isJoined = JOINED.has(path[0] ?? "");
      counted.set(isJoined ? `${setting.source}#${setting.path}` : setting.path, setting);
    }
  }
  // An agent's hook is replaced whole: leaves of one that does not count are left out.
  const named = hooks.filter(({ agents }) => agents !== undefined);
  return [...counted.values()].filter(
    ({ path, source }) =>
      !path.startsWith("agents.") ||
      !path.includes(".send.") ||
      named.some((hook) => hook.origin.source === source && path.startsWith(`${hook.path}.`)),
  );
}

interface Leaf {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
}

function listLeaves(value: unknown, path: readonly PropertyKey[]): Leaf[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item, index) => listLeaves(item, [...path, index]));
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
    return [{ path, value }];
  }
  return Object.entries(value).flatMap(([key, inner]) => listLeaves(inner, [...path, key]));
}

const HIDDEN = "(not shown)";
const SECRET_KEYS: ReadonlySet<PropertyKey> = new Set(["secret", "headers", "apiKey"]);

/** A secret's variable is shown, a secret itself is not; web hooks of chats are secret behind their host. */
function shown(path: readonly PropertyKey[], value: unknown): string {
  const isVariable = path.at(-1) === "env";
  if (!isVariable && path.some((key) => SECRET_KEYS.has(key))) return HIDDEN;
  const isUrl = path.at(-1) === "url" && typeof value === "string" && URL.canParse(value);
  if (isUrl) return JSON.stringify(`${new URL(value).origin}/…`);
  return printable(redactText(JSON.stringify(value)));
}
