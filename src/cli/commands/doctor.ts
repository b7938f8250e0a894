import path from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { loadConfig } from "../../hooks/config/load.ts";
import { resolveTelemetry, type TelemetryConfig } from "../../sdk/config.ts";
import { TurnspanConfig, telemetryOf } from "../../sdk/config-file.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { auditOptions, auditOptionsHelp, findAuditFolder } from "./audit-folder.ts";
import { checkAgent } from "./doctor-agent.ts";
import { checkAudit, checkSpool } from "./doctor-audit.ts";
import { checkEndpoints } from "./doctor-endpoints.ts";
import type { Finding } from "./doctor-finding.ts";
import { checkApiCopies, checkRuntime } from "./doctor-runtime.ts";
import { readAgent } from "./install-request.ts";

const usage = `Usage: turnspan doctor [AGENT] [--folder DIR] [--json]

Looks whether telemetry from here arrives and is kept, and says how to mend what does not: the runtime,
the configuration, copies of the OpenTelemetry API, whether each endpoint takes requests, and of each
audit log what waits, since when, when it was last made safe on disk, and what was lost and why. With
the name of a CLI agent: whether that agent tells of its sessions, and who takes what it tells.

${auditOptionsHelp}  --json            print JSON
  -h, --help        print this

Exit code: 0 all is well, 1 something is to be mended.
`;

const MARKS = { ok: "ok  ", info: "-   ", warn: "WARN", fail: "FAIL" } as const satisfies Record<
  Finding["state"],
  string
>;

/** `turnspan doctor`: what is wrong, and the fix for each. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "look whether telemetry arrives and is kept, and say what to mend",
  usage,
  async run(args, cli) {
    const { values, positionals } = parseOptions("doctor", args, auditOptions);
    const findings =
      positionals.length === 0
        ? await examine(values.folder, cli)
        : await checkAgent(readAgent("doctor", positionals), cli);
    if (values.json) cli.stdout.write(`${JSON.stringify({ findings })}\n`);
    else for (const finding of findings) cli.stdout.write(findingText(finding));
    return findings.some(({ state }) => state === "warn" || state === "fail") ? 1 : 0;
  },
};

async function examine(folder: string | undefined, cli: CliContext): Promise<Finding[]> {
  const [config, problems] = await readTelemetry(cli);
  return [
    ...checkRuntime(process.versions),
    ...problems,
    ...(await checkApiCopies(cli.cwd)),
    ...(config === undefined ? [] : await checkEndpoints(config, cli)),
    ...(await checkFolder(folder, cli)),
    ...(await checkSpool(findSpoolFolder(config, cli), cli.now())),
  ];
}

/** Where spans wait, if any ever did: as configured, else the usual place. */
const findSpoolFolder = (config: TelemetryConfig | undefined, { env }: CliContext): string =>
  config?.spool?.folder ?? path.join(findDataFolder(env) ?? "", "spool");

type Read = readonly [config: TelemetryConfig | undefined, findings: readonly Finding[]];

/** What would be done by config and environment; what is wrong in them is a finding. */
async function readTelemetry(cli: CliContext): Promise<Read> {
  const check = "configuration";
  try {
    const loaded = await loadConfig(TurnspanConfig, cli);
    const sources = loaded.files.map(({ origin }) => origin.source);
    const found = sources.length === 0 ? "no config file, defaults count" : sources.join(", ");
    return [resolveTelemetry(telemetryOf(loaded)), [{ state: "ok", check, found }]];
  } catch (error) {
    return [undefined, [toFinding(check, error, "mend these values")]];
  }
}

async function checkFolder(folder: string | undefined, cli: CliContext): Promise<Finding[]> {
  try {
    return await checkAudit(await findAuditFolder(folder, cli), cli.now());
  } catch (error) {
    return [toFinding("audit log", error, "let the folder be yours, or name another by --folder")];
  }
}

function toFinding(check: string, error: unknown, fix: string): Finding {
  const isKnown =
    error instanceof CodedError || (error as NodeJS.ErrnoException).code !== undefined;
  if (!isKnown) throw error;
  return { state: "fail", check, found: (error as Error).message, fix };
}

function findingText({ state, check, found, fix }: Finding): string {
  const line = `${MARKS[state]} ${printable(check)}: ${found.split("\n").map(printable).join("\n     ")}\n`;
  return fix === undefined ? line : `${line}     → ${printable(fix)}\n`;
}
