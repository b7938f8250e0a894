import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { findServer } from "../../server/data-folder.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { findManager, type RunTool, runTool, type ServiceManager } from "./service-manager.ts";
import type { ServiceProgram } from "./service-units.ts";

const usage = `Usage: turnspan service install [UP OPTIONS] | status | uninstall

Runs turnspan up in the background, from every login on: by a systemd unit of the user's own, or by launchd.
What stands behind install is given to turnspan up; install again changes it, and restarts the service.
An upgrade of turnspan needs nothing more: the service starts what is installed then.

  install      write the unit and start it
  status       say whether it is installed and runs; exit code 1: it does not run
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

type Action = (manager: ServiceManager, cli: CliContext) => Promise<number>;

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

async function status(manager: ServiceManager, cli: CliContext): Promise<number> {
  const { isInstalled, isRunning } = await manager.status();
  const folder = findDataFolder(cli.env);
  const server = folder === undefined ? undefined : findServer(folder);
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
    async run([name = "--help", ...args], cli) {
      const action = actions.get(name);
      if (action === undefined) {
        throw new CodedError(
          "USAGE",
          `turnspan service has install, status and uninstall, no ${name}`,
        );
      }
      if (name !== "install" && args.length > 0) {
        throw new CodedError("USAGE", `turnspan service ${name} takes no options`);
      }
      const { platform, run } = world;
      const program = findProgram(world, args, cli);
      const logFile = join(findDataFolder(cli.env) ?? ".", "server.log");
      return action(findManager({ platform, program, run, cli, logFile }), cli);
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
