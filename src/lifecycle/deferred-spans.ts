import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { AttributeBag } from "./attribute-table.ts";
import type { TraceIds } from "./events.ts";
import { callIds, runIds, sessionIds } from "./identity.ts";
import type { PresetIds } from "./preset-ids.ts";
import { eventName, recordAttributes } from "./record-attributes.ts";
import type {
  CallEndRecord,
  LifecycleRecord,
  RunEndRecord,
  SessionEndRecord,
  SessionPatchRecord,
  SessionWaitRecord,
} from "./records.ts";
import * as shape from "./span-shape.ts";
import { linkTo, type SpanWriter } from "./span-writer.ts";
import type { RunState, SessionState, SpanIds } from "./state.ts";

interface SpanEvent {
  readonly name: string;
  readonly time: number;
  readonly attributes: Attributes;
}

interface WholeSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly ids: SpanIds;
  readonly parent: Context;
  readonly startTime: number;
  readonly endTime: number;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly status: SpanStatus | undefined;
  readonly events: readonly SpanEvent[];
}

/** As many events as a span keeps; the record is the one that counts. */
const MAX_EVENTS = 128;

/** Spans written whole at their end, with ids and times of the source: for hosts that tell afterwards. */
export class DeferredSpans implements SpanWriter {
  readonly #tracer: Tracer;
  readonly #ids: PresetIds | undefined;
  readonly #policy: shape.SpanPolicy;
  readonly #turnsInSession: boolean;
  /** Kept no longer than their subject: a subagent's own session has no span that would take them. */
  readonly #events = new WeakMap<SessionState | RunState, SpanEvent[]>();

  constructor(
    tracer: Tracer,
    ids: PresetIds | undefined,
    policy: shape.SpanPolicy,
    traceScope: "turn" | "session",
  ) {
    this.#tracer = tracer;
    this.#ids = ids;
    this.#policy = policy;
    this.#turnsInSession = traceScope === "session";
  }

  contextOf(): Context {
    return context.active();
  }

  write(record: LifecycleRecord): void {
    switch (record.type) {
      case "session.start":
        sessionIds(record.session);
        return;
      case "run.start":
        runIds(record.run);
        return;
      case "session.end":
        return this.#writeSession(record);
      case "run.end":
        return this.#writeRun(record);
      case "call.end":
        return this.#writeCall(record);
      case "session.patch":
      case "session.wait":
        return this.#keepOnAll(record);
      case "run.attempt":
      case "hook.decision":
      case "hook.failure":
        return this.#keep(record.run, record);
      case "call.start":
      case "subagent.spawned":
      case "subagent.finished":
      case "subagent.killed":
      case "message.received":
      case "message.sent":
        return;
    }
  }

  #writeSession(record: SessionEndRecord): void {
    const { session } = record;
    const previous = session.details?.previous;
    this.#writeSpan({
      name: shape.sessionSpanName(session),
      kind: SpanKind.INTERNAL,
      ids: sessionIds(session),
      parent: ROOT_CONTEXT,
      startTime: session.openedAt,
      endTime: record.time,
      attributes: this.#attributes(shape.sessionStart(session), record),
      links: previous === undefined ? [] : [linkTo(spanContext(previous), "previous")],
      status: undefined,
      events: this.#takeEvents(session),
    });
  }

  #writeRun(record: RunEndRecord): void {
    const { run } = record;
    if (!run.started) return;
    this.#writeSpan({
      name: shape.runSpanName(run),
      kind: SpanKind.INTERNAL,
      ids: runIds(run),
      parent: this.#parentOf(run),
      startTime: run.startTime,
      endTime: record.time,
      attributes: this.#attributes(shape.runStart(run), record),
      links: this.#linksOf(run),
      status: shape.runStatus(run),
      events: this.#takeEvents(run),
    });
  }

  #writeCall(record: CallEndRecord): void {
    const { run, call } = record;
    this.#writeSpan({
      name: shape.callSpanName(call),
      kind: shape.callSpanKind(call),
      ids: callIds(run, call),
      parent: under(runIds(run)),
      startTime: call.startTime,
      endTime: record.time,
      attributes: this.#attributes(shape.callStart(call), record),
      links: hostLinks(call.trace),
      status: shape.callStatus(call),
      events: [],
    });
  }

  #attributes(start: Attributes, record: shape.EndRecord): Attributes {
    const bag = new AttributeBag(start);
    shape.writeEnd(record, this.#policy, bag);
    return bag.attributes;
  }

  #parentOf(run: RunState): Context {
    const { spawn } = run;
    if (spawn?.run !== undefined && !spawn.detached) {
      return under(spawn.call === undefined ? runIds(spawn.run) : callIds(spawn.run, spawn.call));
    }
    const { traceId } = runIds(run);
    const { parentSpanId: spanId, parentIsRemote, isTaken } = run.trace ?? {};
    if (spanId !== undefined && isTaken !== true) return under({ traceId, spanId }, parentIsRemote);
    return this.#turnsInSession ? under(sessionIds(run.session)) : ROOT_CONTEXT;
  }

  #linksOf(run: RunState): Link[] {
    const links: Link[] = [];
    if (run.kind === "turn" && !this.#turnsInSession) {
      links.push(linkTo(spanContext(sessionIds(run.session)), "session"));
    }
    const spawner = run.spawn?.detached ? run.spawn.run : undefined;
    if (spawner !== undefined) links.push(linkTo(spanContext(runIds(spawner)), "spawnedBy"));
    return [...links, ...hostLinks(run.trace)];
  }

  #writeSpan(whole: WholeSpan): void {
    const start = (): void => {
      const span = this.#tracer.startSpan(
        whole.name,
        {
          kind: whole.kind,
          startTime: whole.startTime,
          attributes: whole.attributes,
          links: [...whole.links],
        },
        whole.parent,
      );
      for (const event of whole.events) span.addEvent(event.name, event.attributes, event.time);
      if (whole.status !== undefined) span.setStatus(whole.status);
      span.end(Math.max(whole.startTime, whole.endTime));
    };
    if (this.#ids === undefined) start();
    else this.#ids.with(whole.ids, start);
  }

  #keepOnAll(record: SessionPatchRecord | SessionWaitRecord): void {
    this.#keep(record.session, record);
    for (const run of record.runs) this.#keep(run, record);
  }

  #keep(subject: SessionState | RunState | undefined, record: LifecycleRecord): void {
    if (subject === undefined) return;
    const events = this.#events.get(subject) ?? [];
    events.push({
      name: eventName(record) ?? record.type,
      time: record.time,
      attributes: recordAttributes(record),
    });
    if (events.length > MAX_EVENTS) events.shift();
    this.#events.set(subject, events);
  }

  #takeEvents(subject: SessionState | RunState): readonly SpanEvent[] {
    const events = this.#events.get(subject) ?? [];
    this.#events.delete(subject);
    return events;
  }
}

const spanContext = (ids: SpanIds): SpanContext => ({ ...ids, traceFlags: TraceFlags.SAMPLED });

const under = (ids: SpanIds, isRemote = false): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { ...spanContext(ids), isRemote });

/** Where the host's own span is somebody else's, ours points at it. */
function hostLinks(told: TraceIds | undefined): Link[] {
  if (told?.isTaken !== true || told.spanId === undefined) return [];
  const { traceId, spanId } = told;
  return [linkTo(spanContext({ traceId, spanId }), "host")];
}
