import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { CodedError } from "../../base/errors.ts";
import { replaceFile } from "../../base/files.ts";
import type { CliContext } from "../context.ts";
import {
  LAUNCHD_LABEL,
  launchdUnit,
  type ServiceProgram,
  type ServiceUnit,
  systemdUnit,
  UNIT_NAME,
} from "./service-units.ts";

/** Runs a program of the system; resolves to how it ended, whatever that was. */
export type RunTool = (
  command: string,
  args: readonly string[],
) => Promise<{ readonly code: number; readonly output: string }>;

/** What keeps a program running on this kind of machine. */
export interface ServiceManager {
  readonly name: string;
  readonly file: string;
  /** What stands in the file. */
  readonly text: string;
  /** The commands that start the service, in order. */
  readonly steps: readonly (readonly string[])[];
  install(): Promise<void>;
  uninstall(): Promise<boolean>;
  status(): Promise<{ readonly isInstalled: boolean; readonly isRunning: boolean }>;
  /** What the user has to know of it. */
  readonly note: string;
}

const TOOL_TIMEOUT_MS = 20_000;
/** The code of a program that could not be started, as shells have it. */
const NOT_STARTED = 127;

export const runTool: RunTool = (command, args) =>
  new Promise((resolve) => {
    execFile(command, [...args], { timeout: TOOL_TIMEOUT_MS }, (error, stdout, stderr) => {
      // Where the program could not be started at all, the code is a word.
      const failed = typeof error?.code === "number" ? error.code : NOT_STARTED;
      resolve({ code: error === null ? 0 : failed, output: `${stdout}${stderr}`.trim() });
    });
  });

export interface ManagerOptions {
  readonly platform: NodeJS.Platform;
  readonly program: ServiceProgram;
  readonly run: RunTool;
  readonly cli: CliContext;
  /** Where a service without a journal writes. */
  readonly logFile: string;
}

/** Finds the machine's service manager. Throws SERVICE_FAILED where there is none that we know. */
export function findManager(options: ManagerOptions): ServiceManager {
  const home = options.cli.env["HOME"];
  if (home === undefined) throw new CodedError("SERVICE_FAILED", "no home folder is known");
  if (options.platform === "linux") return systemd(home, options);
  if (options.platform === "darwin") return launchd(home, options);
  throw new CodedError(
    "SERVICE_FAILED",
    `there is no service for ${options.platform}: let it start turnspan up itself`,
  );
}

function systemd(home: string, { program, run, cli }: ManagerOptions): ServiceManager {
  const configHome = cli.env["XDG_CONFIG_HOME"] ?? "";
  const unit = systemdUnit(isAbsolute(configHome) ? configHome : join(home, ".config"), program);
  const systemctl = (...args: string[]) => run("systemctl", ["--user", ...args]);
  // A service that runs goes on with the new version.
  const steps = [["daemon-reload"], ["enable", UNIT_NAME], ["restart", UNIT_NAME]];
  return {
    name: "systemd",
    ...unit,
    steps: steps.map((step) => ["systemctl", "--user", ...step]),
    note: "Its log: journalctl --user -u turnspan. To run it without a login: loginctl enable-linger",
    install: () =>
      withUnit(unit, async () => {
        for (const step of steps) await must(systemctl(...step), "systemctl --user");
      }),
    uninstall: async () => {
      if (!existsSync(unit.file)) return false;
      await systemctl("disable", "--now", UNIT_NAME);
      await rm(unit.file, { force: true });
      await systemctl("daemon-reload");
      return true;
    },
    status: async () => ({
      isInstalled: existsSync(unit.file),
      isRunning: (await systemctl("is-active", "--quiet", UNIT_NAME)).code === 0,
    }),
  };
}

function launchd(home: string, { program, run, logFile }: ManagerOptions): ServiceManager {
  const unit = launchdUnit(home, program, logFile);
  const domain = `gui/${process.getuid?.() ?? 501}`;
  return {
    name: "launchd",
    ...unit,
    steps: [
      ["launchctl", "bootout", `${domain}/${LAUNCHD_LABEL}`],
      ["launchctl", "bootstrap", domain, unit.file],
    ],
    note: `Its log: ${logFile}`,
    install: () =>
      withUnit(unit, async () => {
        // It may not be there yet.
        await run("launchctl", ["bootout", `${domain}/${LAUNCHD_LABEL}`]);
        await must(run("launchctl", ["bootstrap", domain, unit.file]), "launchctl");
      }),
    uninstall: async () => {
      if (!existsSync(unit.file)) return false;
      await run("launchctl", ["bootout", `${domain}/${LAUNCHD_LABEL}`]);
      await rm(unit.file, { force: true });
      return true;
    },
    status: async () => ({
      isInstalled: existsSync(unit.file),
      isRunning: (await run("launchctl", ["print", `${domain}/${LAUNCHD_LABEL}`])).code === 0,
    }),
  };
}

/** Writes a unit and starts it; where it cannot be started, the file is what it was before. */
async function withUnit(unit: ServiceUnit, start: () => Promise<void>): Promise<void> {
  const { file } = unit;
  const before = existsSync(file) ? await readFile(file, "utf8") : undefined;
  await writeUnit(unit);
  try {
    await start();
  } catch (error) {
    if (before === undefined) await rm(file, { force: true });
    else await writeUnit({ file, text: before });
    throw error;
  }
}

/** Whole or not at all. */
async function writeUnit({ file, text }: ServiceUnit): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  // Only its owner may read it: tokens may stand in it.
  await replaceFile(file, text);
}

async function must(result: ReturnType<RunTool>, tool: string): Promise<void> {
  const { code, output } = await result;
  if (code === 0) return;
  const problem = code === NOT_STARTED ? "cannot be run here" : `says: ${output || `code ${code}`}`;
  throw new CodedError(
    "SERVICE_FAILED",
    `${tool} ${problem}; let something else keep turnspan up running`,
  );
}
