import type { OtlpLogTarget } from "../../audit/otlp-destination.ts";
import { listDeadDestinations, type Resent, resendDeadLetters } from "../../audit/resend.ts";
import type { CodedError } from "../../base/errors.ts";
import { loadConfig } from "../../hooks/config/load.ts";
import { AuditOptions } from "../../sdk/audit-options.ts";
import { findAuditTargets } from "../../sdk/audit-targets.ts";
import { resolveTelemetry } from "../../sdk/config.ts";
import { TurnspanConfig, telemetryOf } from "../../sdk/config-file.ts";
import { parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { startProgress } from "../progress.ts";
import { auditOptions, auditOptionsHelp, findAuditFolder } from "./audit-folder.ts";

const usage = `Usage: turnspan audit resend [--destination NAME] [--to URL] [--folder DIR] [--json]

Sends dead letters again, once what the receiver did not like is mended: a wrong token, a wrong address,
a limit that was too low. What it takes now is no dead letter any more; all else stays one. A record that
comes twice has the same id.

  --destination N   only those of one destination
  --to URL          send them there, such as https://collector.example/v1/logs, instead of where your
                    config says; headers come from OTEL_EXPORTER_OTLP_HEADERS
  --protocol P      of --to: http/protobuf (the default) or http/json
${auditOptionsHelp}  --json            a line of JSON for each destination
  -h, --help        print this

Exit code: 0 all are sent, 1 some are left.
`;

const options = {
  ...auditOptions,
  destination: { type: "string" },
  to: { type: "string" },
  protocol: { type: "string" },
} as const;

interface Given {
  readonly to?: string | undefined;
  readonly protocol?: string | undefined;
}

/** `turnspan audit resend`: what was not taken is sent again. */
export async function resendDead(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("audit resend", args, options, usage);
  const folder = await findAuditFolder(values.folder, cli);
  const names = (await listDeadDestinations(folder)).filter(
    (name) => values.destination === undefined || name === values.destination,
  );
  if (names.length === 0 && !values.json) cli.stdout.write("no dead letters\n");
  // All of them first: a name that nobody knows is said before anything is sent.
  const targets = await findTargets(names, values, cli);
  let isDone = true;
  for (const target of targets) {
    const resent = await resend(folder, target, cli);
    isDone &&= resent.refused + resent.left === 0;
    const line = values.json
      ? JSON.stringify({ destination: target.name, ...resent })
      : resentText(target.name, resent);
    cli.stdout.write(`${line}\n`);
  }
  return isDone ? 0 : 1;
}

async function resend(folder: string, target: OtlpLogTarget, cli: CliContext): Promise<Resent> {
  const progress = startProgress(cli, "dead letters");
  const { signal, now: clock } = cli;
  const resent = await resendDeadLetters(folder, target, {
    ...{ signal, clock },
    onLetters: progress.count,
  });
  progress.end();
  return resent;
}

async function findTargets(
  names: readonly string[],
  given: Given,
  cli: CliContext,
): Promise<readonly OtlpLogTarget[]> {
  const known = given.to === undefined ? await readTargets(cli) : undefined;
  return names.map((name) => {
    if (known === undefined) return toTarget(name, given);
    const target = known.find((one) => one.name === name);
    if (target !== undefined) return target;
    const list = known.map((one) => one.name).join(", ") || "none";
    throw wrong(`your config has no destination ${name}, only ${list}; say where to by --to`);
  });
}

async function readTargets(cli: CliContext): Promise<readonly OtlpLogTarget[]> {
  const config = resolveTelemetry(telemetryOf(await loadConfig(TurnspanConfig, cli)));
  return findAuditTargets(config, config.audit ?? { destinations: undefined });
}

function toTarget(name: string, { to, protocol }: Given): OtlpLogTarget {
  const { data, error } = AuditOptions.safeParse({ destinations: [{ name, url: to, protocol }] });
  const targets = data && findAuditTargets({ exporters: NO_EXPORTERS }, data);
  if (targets?.[0] !== undefined) return targets[0];
  const problems = error?.issues.map(({ message }) => message).join("; ");
  throw wrong(`--to ${to}: ${problems}`);
}

const NO_EXPORTERS = { traces: [], logs: [], metrics: [] };

const wrong = (problem: string): CodedError => wrongUse("audit resend", problem);

function resentText(name: string, { delivered, refused, left, trouble }: Resent): string {
  const parts = [`${delivered} sent`];
  if (refused > 0) parts.push(`${refused} not taken (turnspan audit dead-letters says why)`);
  if (left > 0) parts.push(`${left} left`);
  const why = trouble === undefined ? "" : `; the receiver takes nothing: ${printable(trouble)}`;
  return `${printable(name)}: ${parts.join(", ")}${why}`;
}
