import type { SettingsScope } from "../../adapters/cli-agents/agent-settings.ts";
import { cliAgents, isCliAgent } from "../../adapters/cli-agents/agents.ts";
import type { InstallOptions, SettingsChange } from "../../adapters/cli-agents/install.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";

/** Options that `install` and `uninstall` have in common. */
export const scopeOptions = {
  project: { type: "boolean", default: false },
  user: { type: "boolean", default: false },
  managed: { type: "boolean", default: false },
  data: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

interface ScopeValues {
  readonly project: boolean;
  readonly user: boolean;
  readonly managed: boolean;
  readonly data?: string | undefined;
}

export function readAgent(command: string, names: readonly string[]): CliAgentId {
  const [name, ...more] = names;
  const known = Object.keys(cliAgents).join(", ");
  if (name === undefined) throw wrongUse(command, `name an agent: ${known}`);
  if (!isCliAgent(name)) throw wrongUse(command, `${name} is not known: ${known}`);
  if (more.length > 0)
    throw wrongUse(command, `one agent at a time: ${more.join(" ")} is too much`);
  return name;
}

function readScope(command: string, { project, user, managed }: ScopeValues): SettingsScope {
  if (Number(project) + Number(user) + Number(managed) > 1) {
    throw wrongUse(command, "--project, --user and --managed exclude each other");
  }
  if (project) return "project";
  return managed ? "managed" : "user";
}

export function readDataFolder(given: string | undefined, { env }: CliContext): string {
  const folder = given ?? findDataFolder(env);
  if (folder !== undefined) return folder;
  throw new CodedError("USAGE", "no home folder is known: name a data folder with --data");
}

export function installOptions(
  command: string,
  agent: CliAgentId,
  values: ScopeValues,
  cli: CliContext,
): InstallOptions {
  const { env, cwd } = cli;
  const home = env["HOME"] ?? env["USERPROFILE"] ?? "";
  if (home === "") throw wrongUse(command, "HOME names no folder");
  const dataFolder = readDataFolder(values.data, cli);
  const scope = readScope(command, values);
  return { agent, scope, env, cwd, home, dataFolder, platform: process.platform };
}

/** The lines that go and come, between those that stay. */
export function diffText({ file, before = "", after = "" }: SettingsChange): string {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < Math.min(old.length, fresh.length) && old[head] === fresh[head]) head += 1;
  let tail = 0;
  const room = Math.min(old.length, fresh.length) - head;
  while (tail < room && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const lines = (mark: string, of: readonly string[]): string[] =>
    of
      .slice(head, of.length - tail)
      .map((line) => `${mark} ${printable(line.replaceAll("\t", "  "))}\n`);
  return [`${printable(file)}\n`, ...lines("-", old), ...lines("+", fresh)].join("");
}
