import { existsSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { findServer } from "../../base/running-server.ts";
import { checkOptions, type ServerOptions } from "../../server/server-options.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { findManager, type RunTool, runTool, type ServiceManager } from "./service-manager.ts";
import type { ServiceProgram } from "./service-units.ts";
import { readUpOptions } from "./up.ts";

const usage = `Usage: turnspan service install [--dry-run] [UP OPTIONS] | status [--json] | uninstall

Runs turnspan up in the background, from every login on: by a systemd unit of the user's own, or by launchd.
What stands behind install is given to turnspan up; install again changes it, and restarts the service.
An upgrade of turnspan needs nothing more: the service starts what is installed then.

  install      write the unit and start it; --dry-run: print it, and the commands, and do nothing
  status       say whether it is installed and runs, --json: as JSON; exit code 1: it does not run
  uninstall    stop it and remove the unit; the data stays
`;

/** The world that the command works in; tests give another. */
export interface ServiceWorld {
  readonly platform: NodeJS.Platform;
  readonly run: RunTool;
  readonly node: string;
  /** The script that was started, which may be a link. */
  readonly script: string;
}

/**
 * The command as it is found by its name: a package manager keeps that link through upgrades, while the file
 * behind it may carry its version in its path.
 */
function findProgram(
  world: ServiceWorld,
  args: readonly string[],
  cli: CliContext,
): ServiceProgram {
  const path = cli.env["PATH"] ?? "";
  const real = realpathSync(world.script);
  const link = path
    .split(delimiter)
    .map((folder) => join(folder, "turnspan"))
    .find((file) => existsSync(file) && realpathSync(file) === real);
  if (link === undefined && /[\\/]_npx[\\/]/.test(real)) {
    throw new CodedError(
      "SERVICE_FAILED",
      "npx keeps turnspan in a cache that may be cleared: install it first, npm install --global turnspan",
    );
  }
  return { node: world.node, script: link ?? world.script, args: ["up", ...args], path };
}

/**
 * A service sees neither this shell's environment nor its folder: what only they name is written out. Of an
 * option that is given twice, `turnspan up` takes the second.
 */
function completeArgs(
  args: readonly string[],
  given: ServerOptions,
  { env, cwd }: CliContext,
): readonly string[] {
  const isGiven = (name: string): boolean =>
    args.some((word) => word === name || word.startsWith(`${name}=`));
  const isUsual = !env["TURNSPAN_DATA"] && !env["XDG_DATA_HOME"];
  const isKnown = isGiven("--data") ? isAbsolute(given.dataFolder) : isUsual;
  const tokensOf = (name: string, variable: string): string[] =>
    env[variable]?.trim() ? [name, env[variable].trim()] : [];
  return [
    ...args,
    ...(isKnown ? [] : ["--data", resolve(cwd, given.dataFolder)]),
    ...tokensOf("--ingest-token", "TURNSPAN_INGEST_TOKEN"),
    ...tokensOf("--read-token", "TURNSPAN_READ_TOKEN"),
  ];
}

type Action = (
  manager: ServiceManager,
  cli: CliContext,
  args: readonly string[],
) => Promise<number>;

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["install", install],
  ["status", status],
  ["uninstall", uninstall],
]);

async function install(manager: ServiceManager, cli: CliContext): Promise<number> {
  await manager.install();
  cli.stdout.write(
    `turnspan runs in the background now (${manager.name}: ${manager.file})\n${manager.note}\nThe viewer's address: turnspan up prints it.\n`,
  );
  return 0;
}

/** Shows what install would do. */
async function preview({ file, text, steps }: ServiceManager, cli: CliContext): Promise<number> {
  const commands = steps.map((words) => `  ${words.join(" ")}\n`).join("");
  cli.stdout.write(`would write ${file}:\n\n${text}\nand run:\n${commands}`);
  return 0;
}

async function status(
  manager: ServiceManager,
  cli: CliContext,
  args: readonly string[],
): Promise<number> {
  const { values } = parseOptions("service", args, { json: { type: "boolean" } });
  const { isInstalled, isRunning } = await manager.status();
  const folder = findDataFolder(cli.env);
  const server = folder === undefined ? undefined : findServer(folder);
  if (values.json) {
    const { name, file } = manager;
    const shown = isRunning ? server : undefined;
    const found = { manager: name, file, isInstalled, isRunning, server: shown ?? null };
    cli.stdout.write(`${JSON.stringify(found)}\n`);
    return isRunning ? 0 : 1;
  }
  cli.stdout.write(
    [
      `${manager.name}: ${isInstalled ? manager.file : "not installed"}`,
      isRunning ? "running" : "not running",
      ...(isRunning && server !== undefined
        ? [`viewer ${server.uiUrl}, OTLP ${server.otlpUrl}`]
        : []),
      "",
    ].join("\n"),
  );
  return isRunning ? 0 : 1;
}

async function uninstall(manager: ServiceManager, cli: CliContext): Promise<number> {
  const wasThere = await manager.uninstall();
  cli.stdout.write(
    wasThere ? "the service is removed; the data stays\n" : "no service is installed\n",
  );
  return 0;
}

/** Makes `turnspan service` for a world. */
export function createServiceCommand(world: ServiceWorld): Command {
  return {
    name: "service",
    summary: "run the server in the background, from every login on",
    usage,
    async run([name = "", ...given], cli) {
      const action = actions.get(name);
      if (action === undefined) {
        const problem = name === "" ? "what to do is missing" : `there is no ${name}`;
        throw new CodedError(
          "USAGE",
          `${problem}: install, status or uninstall; see turnspan service --help`,
        );
      }
      if (name === "uninstall" && given.length > 0) {
        throw new CodedError("USAGE", "turnspan service uninstall takes no options");
      }
      const isDry = given.includes("--dry-run");
      const args = name === "install" ? given.filter((word) => word !== "--dry-run") : [];
      // What turnspan up would refuse is refused here, not in a log that nobody reads.
      const options = readUpOptions(args, cli);
      checkOptions(options);
      const { platform, run } = world;
      const program = findProgram(world, completeArgs(args, options, cli), cli);
      const logFile = join(findDataFolder(cli.env) ?? ".", "server.log");
      const manager = findManager({ platform, program, run, cli, logFile });
      return isDry ? preview(manager, cli) : action(manager, cli, given);
    },
  };
}

/** `turnspan service` on this machine. */
export const serviceCommand: Command = createServiceCommand({
  platform: process.platform,
  run: runTool,
  node: process.execPath,
  script: process.argv[1] ?? "",
});
