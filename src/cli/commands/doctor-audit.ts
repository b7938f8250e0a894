import { readdir, stat } from "node:fs/promises";
import { platform } from "node:os";
import path from "node:path";
import { type DeliveryReport, inspectAudit, type WriterReport } from "../../audit/inspect.ts";
import type { ProcessStatus } from "../../audit/process-status.ts";
import { formatDuration } from "../amounts.ts";
import type { Finding } from "./doctor-finding.ts";

const MINUTE_MS = 60_000;
/** A record that waits longer than this waits for somebody. */
const LATE_MS = 5 * MINUTE_MS;

/** How the audit logs of a folder are: what waits, since when, what was lost, and what is open and nobody's. */
export async function checkAudit(folder: string, now: number): Promise<Finding[]> {
  const reports = await inspectAudit(folder, { whole: false });
  if (reports.length === 0) {
    const fix = 'to keep one, set "audit": {} in the telemetry section of your config';
    return [{ state: "info", check: "audit log", found: `none in ${folder}`, fix }];
  }
  return [
    await checkModes(folder),
    ...reports.flatMap((report) => [
      checkLog(report, now),
      ...report.deliveries.map((delivery) => checkDelivery(report, delivery, now)),
      ...checkLosses(report),
      ...checkLeft(report),
    ]),
  ];
}

async function checkModes(folder: string): Promise<Finding> {
  const mode = (await stat(folder)).mode & 0o777;
  const isOpen = platform() !== "win32" && (mode & 0o077) !== 0;
  return {
    state: isOpen ? "warn" : "ok",
    check: "audit folder",
    found: `${folder}, mode ${mode.toString(8)}`,
    fix: isOpen ? `chmod 700 ${folder}` : undefined,
  };
}

const nameOf = ({ writer, process }: WriterReport): string =>
  process?.service ? `${writer} (${process.service})` : writer;

const ago = (time: number | undefined, now: number): string =>
  time === undefined ? "never" : `${formatDuration(Math.max(0, now - time))} ago`;

function checkLog(report: WriterReport, now: number): Finding {
  const { isAlive, nextSeq, process, damage } = report;
  const check = `audit log ${nameOf(report)}`;
  const sync = `last fsync ${ago(process?.lastSyncAt, now)}`;
  const found = `${isAlive ? "running" : "ended"}, ${nextSeq} records, ${sync}`;
  if (isAlive && process?.trouble !== undefined) {
    const fix = troubleFixes.get(process.trouble) ?? "read the process's log";
    return { state: "fail", check, found: `${found}; cannot be written: ${process.trouble}`, fix };
  }
  if (damage.length === 0) return { state: "ok", check, found };
  const fix = "turnspan audit status shows the places; look for what else writes there";
  return { state: "fail", check, found: `${found}; ${damage.length} places damaged`, fix };
}

const troubleFixes: ReadonlyMap<string, string> = new Map([
  ["disk_full", "free space on the disk of the audit folder: records wait for it, then are lost"],
  ["disk_failed", "look at the disk of the audit folder (dmesg): it refuses to write"],
  ["log_full", "raise audit.maxBytes, lower audit.retentionDays, or get the receiver to run again"],
  [
    "queue_full",
    "the disk is slower than the records come: use audit.mode batched, or a quicker disk",
  ],
]);

function checkDelivery(report: WriterReport, delivery: DeliveryReport, now: number): Finding {
  const { destination, waiting, oldestWaitingAt, deadLetters, delivered } = delivery;
  const check = `audit delivery ${nameOf(report)} to ${destination}`;
  const trouble = report.process?.deliveries.find(
    (one) => one.destination === destination,
  )?.trouble;
  const why = report.isAlive && trouble !== undefined ? ` (${trouble})` : "";
  const oldest = waiting === 0 ? "" : `, oldest unsent ${ago(oldestWaitingAt, now)}`;
  const found = `${delivered} delivered, ${waiting} waiting${oldest}${why}`;
  if (deadLetters > 0) {
    const lost = `${found}; not taken: ${deadLetters} dead letters`;
    const fix = "turnspan audit dead-letters says why; then turnspan audit resend sends them again";
    return { state: "fail", check, found: lost, fix };
  }
  const isLate = waiting > 0 && now - (oldestWaitingAt ?? now) > LATE_MS;
  if (!isLate) return { state: "ok", check, found };
  const fix = report.isAlive
    ? "get the receiver to run again; nothing is lost while it is away"
    : "start the program again: it delivers what is left";
  const stale = `where it is no destination any more, delete ${report.folder}/cursor-${destination}.json`;
  return { state: "warn", check, found, fix: `${fix}; ${stale}` };
}

const dropFixes: ReadonlyMap<string, string> = new Map([
  ["queue_full", "raise telemetry.batch.maxQueueSize, or get the receiver to answer quicker"],
  ["export_failed", "see the endpoints above; telemetry.spool keeps spans on disk meanwhile"],
  ["rejected", "the receiver refuses some of it: read its log"],
  ["shutdown", "call telemetry.shutdown() before the process ends"],
]);

function checkLosses(report: WriterReport): Finding[] {
  const dropped: ProcessStatus["dropped"] = report.process?.dropped ?? [];
  return dropped.map(({ signal, reason, count }) => ({
    state: "fail",
    check: `lost by ${nameOf(report)}`,
    found: `${count} ${signal} (${reason})`,
    fix: dropFixes.get(reason) ?? troubleFixes.get(reason) ?? "read the process's log",
  }));
}

/** Sessions whose process is gone, and that nobody has ended. */
function checkLeft(report: WriterReport): Finding[] {
  if (report.isAlive || report.open === 0) return [];
  return [
    {
      state: "warn",
      check: `left open by ${nameOf(report)}`,
      found: `${report.open} sessions and turns, by a process that is gone`,
      fix: "start the program again: it ends them as abandoned, or calls telemetry.recover()",
    },
  ];
}

/** What waits in the spool of spans: a folder a receiver in it, and a log a process in that. */
export async function checkSpool(folder: string, now: number): Promise<Finding[]> {
  const roots = await readdir(folder).catch(() => []);
  const findings: Finding[] = [];
  for (const root of roots) {
    for (const report of await inspectAudit(path.join(folder, root), { whole: false })) {
      findings.push(...report.deliveries.flatMap((one) => checkSpooled(report, one, now)));
    }
  }
  return findings;
}

function checkSpooled(report: WriterReport, delivery: DeliveryReport, now: number): Finding[] {
  const { waiting, oldestWaitingAt, deadLetters } = delivery;
  if (waiting + deadLetters === 0) return [];
  const check = `spool of spans ${report.writer}`;
  const oldest = waiting === 0 ? "" : `, oldest unsent ${ago(oldestWaitingAt, now)}`;
  const found = `${waiting} requests waiting${oldest}, ${deadLetters} refused`;
  if (deadLetters > 0) {
    const file = `${report.folder}/dead-letters-${delivery.destination}.jsonl`;
    const fix = `read why in ${file}, and delete it`;
    return [{ state: "fail", check, found, fix }];
  }
  const isLate = now - (oldestWaitingAt ?? now) > LATE_MS;
  const fix = "get the receiver to run again, or start the program again to send what is left";
  return [{ state: isLate ? "warn" : "ok", check, found, fix: isLate ? fix : undefined }];
}
