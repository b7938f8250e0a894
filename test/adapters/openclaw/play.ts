import { readFileSync } from "node:fs";
import type { HostEvent, HostEventKind } from "../../../src/adapters/openclaw/host-events.ts";
import type { BrokenLine, RecordingOptions } from "../../../src/adapters/openclaw/recording.ts";
import { openReplay, type ReplayReport } from "../../../src/adapters/openclaw/replay.ts";
import { createTranslator } from "../../../src/adapters/openclaw/translate.ts";
import type { LifecycleEvent } from "../../../src/lifecycle/events.ts";
import { callIds, runIds, sessionIds } from "../../../src/lifecycle/identity.ts";
import type { LifecycleRecord, RecordType } from "../../../src/lifecycle/records.ts";
import { advance, reduce } from "../../../src/lifecycle/reduce.ts";
import { createState, type LifecycleState } from "../../../src/lifecycle/state.ts";

const FIXTURE = new URL("../../fixtures/openclaw/gateway-events.jsonl", import.meta.url);

/** The lines of the recorded gateway session. */
export const recordedLines = (): string[] => readFileSync(FIXTURE, "utf8").trimEnd().split("\n");

/** The record of a type; one interface may stand for two types. */
type RecordOf<T extends RecordType, R = LifecycleRecord> = R extends { readonly type: infer U }
  ? T extends U
    ? R
    : never
  : never;

export interface Played {
  readonly state: LifecycleState;
  readonly events: readonly LifecycleEvent[];
  readonly records: readonly LifecycleRecord[];
  /** Each record as it was when it was made. */
  readonly written: readonly string[];
  readonly broken: readonly BrokenLine[];
  readonly report: ReplayReport | undefined;
  of<T extends RecordType>(type: T): RecordOf<T>[];
}

function collect() {
  const state = createState();
  const events: LifecycleEvent[] = [];
  const records: LifecycleRecord[] = [];
  const written: string[] = [];
  const keep = (made: readonly LifecycleRecord[]): void => {
    records.push(...made);
    written.push(...made.map(writeRecord));
  };
  return {
    feed(event: LifecycleEvent): void {
      events.push(event);
      keep(advance(state, event.time, {}));
      keep(reduce(state, event, {}));
    },
    finish(broken: readonly BrokenLine[], report: ReplayReport | undefined): Played {
      keep(advance(state, Number.POSITIVE_INFINITY, {}));
      const of = (type: RecordType): never =>
        records.filter((record) => record.type === type) as never;
      return { state, events, records, written, broken, report, of };
    },
  };
}

/** Plays recorded lines through reader, translator and reducer. */
export async function playLines(
  lines: Iterable<string>,
  options: Omit<RecordingOptions, "onBrokenLine"> = {},
): Promise<Played> {
  const broken: BrokenLine[] = [];
  const replay = openReplay({ ...options, onBrokenLine: (one) => broken.push(one) });
  const collected = collect();
  for await (const event of replay.events(lines)) collected.feed(event);
  return collected.finish(broken, replay.report);
}

/** Plays host events as a plugin would give them, without reordering. */
export function playHostEvents(hosts: readonly HostEvent[]): Played {
  const { translate } = createTranslator();
  const collected = collect();
  for (const host of hosts) for (const event of translate(host)) collected.feed(event);
  return collected.finish([], undefined);
}

/** A host event for a synthetic story. */
export function said(
  time: number,
  kind: HostEventKind,
  name: string,
  event: Readonly<Record<string, unknown>>,
  ctx: Readonly<Record<string, unknown>> = {},
): HostEvent {
  return { kind, name, time, event, ctx };
}

/** A record in full: names, ids, times, totals and outcome, as the span and log writers read them. */
function writeRecord(record: LifecycleRecord): string {
  const { session, run } = record;
  const hasRunIds = record.type === "run.start" || record.type.endsWith(".end");
  const { session: _session, run: _run, ...rest } = record;
  return JSON.stringify({
    ...rest,
    call: "call" in record ? writeCall(record) : undefined,
    session: [session.sessionKey, session.sessionId, session.generation, session.openedAt],
    sessionIds: sessionIds(session),
    sessionTotals: session.totals,
    segments: session.segments,
    runIds: run !== undefined && hasRunIds ? runIds(run) : undefined,
    run: run === undefined ? undefined : writeRun(run),
  });
}

function writeRun(run: NonNullable<LifecycleRecord["run"]>): unknown {
  const { session: _session, spawn, calls: _calls, ids: _ids, ...rest } = run;
  return { ...rest, spawnedBy: [spawn?.run?.runId, spawn?.call?.callId, spawn?.label] };
}

type CallRecord = Extract<LifecycleRecord, { readonly type: "call.start" | "call.end" }>;

function writeCall({ type, run, call }: CallRecord): unknown {
  const { ids: _ids, ...rest } = call;
  return { ...rest, spanIds: type === "call.end" ? callIds(run, call) : undefined };
}
