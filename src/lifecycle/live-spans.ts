import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { eventName, recordAttributes } from "./record-attributes.ts";
import type { LifecycleRecord, RunAttemptRecord, SessionPatchRecord } from "./records.ts";
import * as shape from "./span-shape.ts";
import { linkTo, type SpanWriter } from "./span-writer.ts";
import {
  type CallState,
  type RunState,
  runningRuns,
  type SessionState,
  type SpanIds,
} from "./state.ts";

type Subject = SessionState | RunState | CallState;

/** Spans opened at their start and ended at their end: for code that runs inside them. */
export class LiveSpans implements SpanWriter {
  readonly #tracer: Tracer;
  readonly #policy: shape.SpanPolicy;
  readonly #turnsInSession: boolean;
  readonly #open = new Map<Subject, Span>();

  constructor(tracer: Tracer, policy: shape.SpanPolicy, traceScope: "turn" | "session") {
    this.#tracer = tracer;
    this.#policy = policy;
    this.#turnsInSession = traceScope === "session";
  }

  contextOf(subject: RunState | CallState): Context {
    const span = this.#open.get(subject);
    return span === undefined ? context.active() : trace.setSpan(context.active(), span);
  }

  write(record: LifecycleRecord): void {
    switch (record.type) {
      case "session.start":
        return this.#startSession(record.session, record.time);
      case "session.end":
        return this.#end(record.session, record.time, undefined, () =>
          shape.sessionAttributes(record, this.#policy),
        );
      case "run.start":
        return this.#startRun(record.run, record.time);
      case "run.end":
        return this.#end(record.run, record.time, shape.runStatus(record.run), () =>
          shape.runAttributes(record, this.#policy),
        );
      case "call.start":
        return this.#startCall(record.run, record.call);
      case "call.end":
        return this.#end(record.call, record.time, shape.callStatus(record.call), () =>
          shape.callAttributes(record, this.#policy),
        );
      case "session.patch":
        return this.#patch(record);
      case "run.attempt":
      case "hook.decision":
      case "hook.failure":
        return this.#event(record.run, record);
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
      attributes: shape.sessionStartAttributes(session),
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
      attributes: shape.runStartAttributes(run),
      links,
    });
  }

  #startCall(run: RunState, call: CallState): void {
    this.#start(call, shape.callSpanName(call), this.#under(run), {
      kind: shape.callSpanKind(call),
      startTime: call.startTime,
      attributes: shape.callStartAttributes(call),
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
    const span = this.#open.get(subject);
    if (span !== undefined) return trace.setSpan(ROOT_CONTEXT, span);
    return subject.ids === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, asContext(subject.ids));
  }

  #start(subject: Subject, name: string, parent: Context, options: SpanOptions): void {
    const span = this.#tracer.startSpan(name, options, parent);
    const ids = span.spanContext();
    if (trace.isSpanContextValid(ids)) subject.ids = ids;
    if (trace.isSpanContextValid(ids)) this.#open.set(subject, span);
  }

  #end(
    subject: Subject,
    time: number,
    status: SpanStatus | undefined,
    attributes: () => ReturnType<typeof shape.runAttributes>,
  ): void {
    const span = this.#open.get(subject);
    if (span === undefined) return;
    this.#open.delete(subject);
    if (span.isRecording()) {
      span.setAttributes(attributes());
      if (status !== undefined) span.setStatus(status);
    }
    span.end(time);
  }

  #patch(record: SessionPatchRecord): void {
    this.#event(record.session, record);
    for (const run of runningRuns(record.session)) this.#event(run, record);
  }

  #event(subject: Subject | undefined, record: LifecycleRecord | RunAttemptRecord): void {
    const span = subject === undefined ? undefined : this.#open.get(subject);
    if (span?.isRecording() !== true) return;
    span.addEvent(eventName(record) ?? record.type, recordAttributes(record), record.time);
  }
}

const asContext = (ids: SpanIds): SpanContext => ({ traceFlags: TraceFlags.SAMPLED, ...ids });
