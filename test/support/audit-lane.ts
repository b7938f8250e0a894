import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DeadLetter, readDeadLetters } from "../../src/audit/dead-letters.ts";
import { AuditLane, type AuditLaneOptions } from "../../src/audit/lane.ts";
import { listWriters } from "../../src/base/writer-lock.ts";
import type { WireRecord } from "../../src/lifecycle/record-log.ts";
import { type LogContent, readContent } from "./segment-folder.ts";

/** Quick, so that tests do not wait; the defaults are for real receivers. */
const QUICK = { lingerMs: 1, timeoutMs: 5000, firstBackoffMs: 5, maxBackoffMs: 50 };

/** A folder for the audit logs of several processes. */
export async function makeAuditFolder() {
  const folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-audit-"));
  const root = path.join(folder.path, "audit");
  return {
    path: root,
    openLane: (options: Partial<AuditLaneOptions> = {}) =>
      AuditLane.open({
        folder: root,
        owner: { resource: { "service.name": "test" }, version: "0" },
        targets: [],
        timing: QUICK,
        ...options,
      }),
    writers: async () =>
      (await listWriters(root)).map((writer) => ({ writer, folder: path.join(root, writer) })),
    /** What each writer's log holds. */
    contents: () => readAuditFolder(root),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** What each writer's log of an audit folder holds. */
export async function readAuditFolder(root: string): Promise<LogContent[]> {
  const writers = await listWriters(root);
  return Promise.all(writers.map((writer) => readContent(path.join(root, writer))));
}

/** The dead letters of a log, those of all destinations. */
export async function readLetters(folder = ""): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { letter } of readDeadLetters(folder)) letters.push(letter);
  return letters;
}

/** A record of about the usual size. */
export function makeRecord(n: number, attributes: WireRecord["attributes"] = {}): WireRecord {
  return {
    eventName: "turnspan.session.patch",
    timestamp: 1_700_000_000_000 + n,
    severityNumber: 9,
    severityText: "INFO",
    attributes: {
      "turnspan.record.id": `00112233445566778899aabbccddeeff-session.patch-${n}`,
      "turnspan.record.version": 1,
      "turnspan.session.key": "agent:main:main",
      ...attributes,
    },
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
  };
}

export const makeRecords = (count: number, from = 0): WireRecord[] =>
  Array.from({ length: count }, (_, n) => makeRecord(from + n));

export const idsOf = (records: readonly WireRecord[]): string[] =>
  records.map(({ attributes }) => String(attributes["turnspan.record.id"]));

/** Waits for something to come true; a test's own deadline ends it. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}
