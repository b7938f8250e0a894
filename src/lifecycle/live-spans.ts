import {
  type Attributes,
  type Context,
  context,
  INVALID_TRACEID,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { eventName, recordAttributes } from "./record-attributes.ts";
import type { LifecycleRecord } from "./records.ts";
import * as shape from "./span-shape.ts";
import { linkTo, type SpanWriter } from "./span-writer.ts";
import type { CallState, RunState, SessionState, SpanIds } from "./state.ts";

type Subject = SessionState | RunState | CallState;

/** Spans opened at their start and ended at their end: for code that runs inside them. */
export class LiveSpans implements SpanWriter {
  readonly #tracer: Tracer;
  readonly #policy: shape.SpanPolicy;
  readonly #turnsInSession: boolean;

  constructor(tracer: Tracer, policy: shape.SpanPolicy, traceScope: "turn" | "session") {
    this.#tracer = tracer;
    this.#policy = policy;
    this.#turnsInSession = traceScope === "session";
  }

  contextOf(subject: RunState | CallState): Context {
    const { span } = subject;
    return span === undefined ? context.active() : trace.setSpan(context.active(), span);
  }

  write(record: LifecycleRecord): void {
    switch (record.type) {
      case "session.start":
        return this.#startSession(record.session, record.time);
      case "session.end":
        return this.#end(record, record.session, undefined);
      case "run.start":
        return this.#startRun(record.run, record.time);
      case "run.end":
        return this.#end(record, record.run, shape.runStatus(record.run));
      case "call.start":
        return this.#startCall(record.run, record.call);
      case "call.end":
        return this.#end(record, record.call, shape.callStatus(record.call));
      case "session.patch":
      case "session.wait":
        return addEvents([record.session, ...record.runs], record);
      case "run.attempt":
      case "hook.decision":
      case "hook.failure":
        return addEvents([record.run], record);
      case "subagent.spawned":
      case "subagent.finished":
      case "subagent.killed":
      case "message.received":
      case "message.sent":
        return;
    }
  }

  #startSession(session: SessionState, time: number): void {
    const previous = session.details?.previous;
    this.#start(session, shape.sessionSpanName(session), ROOT_CONTEXT, {
      kind: SpanKind.INTERNAL,
      startTime: time,
      attributes: shape.sessionStart(session),
      ...(previous === undefined ? {} : { links: [linkTo(asContext(previous), "previous")] }),
    });
  }

  #startRun(run: RunState, time: number): void {
    const links: Link[] = [];
    if (run.session.ids !== undefined && !this.#turnsInSession) {
      links.push(linkTo(asContext(run.session.ids), "session"));
    }
    const spawner = run.spawn?.detached ? run.spawn.run?.ids : undefined;
    if (spawner !== undefined) links.push(linkTo(asContext(spawner), "spawnedBy"));
    this.#start(run, shape.runSpanName(run), this.#parentOf(run), {
      kind: SpanKind.INTERNAL,
      startTime: time,
      attributes: shape.runStart(run),
      links,
    });
  }

  #startCall(run: RunState, call: CallState): void {
    run.context ??= this.#under(run);
    this.#start(call, shape.callSpanName(call), run.context, {
      kind: shape.callSpanKind(call),
      startTime: call.startTime,
      attributes: shape.callStart(call),
    });
  }

  /** A subagent hangs under what spawned it, a turn under nothing but a parent outside the host. */
  #parentOf(run: RunState): Context {
    const { spawn, trace: told } = run;
    if (spawn !== undefined && !spawn.detached) return this.#under(spawn.call ?? spawn.run);
    if (told?.parentSpanId !== undefined) {
      const { traceId, parentSpanId: spanId, parentIsRemote: isRemote = false } = told;
      return trace.setSpanContext(ROOT_CONTEXT, { ...asContext({ traceId, spanId }), isRemote });
    }
    return this.#turnsInSession ? this.#under(run.session) : ROOT_CONTEXT;
  }

  #under(subject: Subject | undefined): Context {
    if (subject === undefined) return ROOT_CONTEXT;
    if (subject.span !== undefined) return trace.setSpan(ROOT_CONTEXT, subject.span);
    return subject.ids === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, asContext(subject.ids));
  }

  #start(subject: Subject, name: string, parent: Context, options: SpanOptions): void {
    const span = this.#tracer.startSpan(name, options, parent);
    const ids = span.spanContext();
    if (ids.traceId === INVALID_TRACEID) return;
    subject.ids = ids;
    subject.span = span;
  }

  #end(record: shape.EndRecord, subject: Subject, status: SpanStatus | undefined): void {
    const { span } = subject;
    if (span === undefined) return;
    subject.span = undefined;
    if (span.isRecording()) {
      shape.writeEnd(record, this.#policy, span);
      if (status !== undefined) span.setStatus(status);
    }
    span.end(record.time);
  }
}

/** The same event on each span that still records. */
function addEvents(subjects: readonly (Subject | undefined)[], record: LifecycleRecord): void {
  let attributes: Attributes | undefined;
  for (const subject of subjects) {
    const span = subject?.span;
    if (span?.isRecording() !== true) continue;
    attributes ??= recordAttributes(record);
    span.addEvent(eventName(record) ?? record.type, attributes, record.time);
  }
}

const asContext = (ids: SpanIds): SpanContext => ({ traceFlags: TraceFlags.SAMPLED, ...ids });
