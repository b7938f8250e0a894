import { type Context, diag, type Meter, type Tracer } from "@opentelemetry/api";
import { DeferredSpans } from "./deferred-spans.ts";
import type { LifecycleEvent } from "./events.ts";
import { type HookCall, type HookPort, handOver, type Verdict } from "./hand-over.ts";
import { LiveSpans } from "./live-spans.ts";
import { LifecycleMetrics } from "./metrics.ts";
import type { PresetIds } from "./preset-ids.ts";
import { isAudited } from "./record-attributes.ts";
import { emitRecord, type LoggerLike, toWireRecord, type WireRecord } from "./record-log.ts";
import type { LifecycleRecord } from "./records.ts";
import { advance, reduce } from "./reduce.ts";
import type { SpanPolicy } from "./span-shape.ts";
import type { SpanWriter } from "./span-writer.ts";
import {
  type CallState,
  createState,
  type LifecycleState,
  type RunState,
  type SpanIds,
} from "./state.ts";
import type { Rules } from "./step.ts";

/** Where records go. Absent: that kind of output is not made. */
export interface LifecycleOutputs {
  readonly tracer: Tracer;
  readonly spans: "live" | "deferred";
  readonly ids?: PresetIds | undefined;
  readonly traceScope: "turn" | "session";
  readonly policy: SpanPolicy;
  readonly hooks?: HookPort | undefined;
  /** Asked until there is one: a provider may be registered after us. */
  readonly findMeter?: (() => Meter | undefined) | undefined;
  readonly flushMetrics?: (() => void) | undefined;
  readonly findLogger?: (() => LoggerLike | undefined) | undefined;
  /** The audit lane: takes every record in the logger's place. */
  readonly append?: ((record: WireRecord) => void) | undefined;
  /** Sees every record beside whichever lane takes it. */
  readonly onRecord?: ((record: WireRecord) => void) | undefined;
}

/** The span moment that carries a record's hook call; records without one dispatch directly. */
const MOMENTS: Readonly<Partial<Record<LifecycleRecord["type"], HookCall["moment"]>>> = {
  "session.start": "start",
  "run.start": "start",
  "session.end": "end",
  "run.end": "end",
};

/** One lifecycle: takes events in, and turns what the reducer says into spans, hooks, points and records. */
export class Lifecycle {
  readonly state: LifecycleState = createState();
  #metrics: LifecycleMetrics | undefined;
  readonly #rules: Rules;
  readonly #out: LifecycleOutputs;
  readonly #spans: SpanWriter;
  readonly #said = new Set<string>();
  readonly #findings: LifecycleEvent[] = [];
  #emitting = false;

  constructor(rules: Rules, out: LifecycleOutputs) {
    this.#rules = rules;
    this.#out = out;
    this.#spans =
      out.spans === "live"
        ? new LiveSpans(out.tracer, out.policy, out.traceScope)
        : new DeferredSpans(out.tracer, out.ids, out.policy, out.traceScope);
  }

  /** Takes one event in. Never throws. */
  tell(event: LifecycleEvent): void {
    // What a hook did is told while the record it heard of is still on its way out: it comes after that.
    if (this.#emitting && (event.type === "hook.decision" || event.type === "hook.failure")) {
      this.#findings.push(event);
      return;
    }
    void this.ask(event);
  }

  /** Takes one event in and gives back what the guards said, where it started a run. Never throws or rejects. */
  ask(event: LifecycleEvent): Verdict | Promise<Verdict> {
    try {
      return this.#emitAll(reduce(this.state, event, this.#rules));
    } catch (error) {
      this.#say(`event ${event?.type}`, error);
      return undefined;
    }
  }

  /** Lets time pass for runs that wait for late facts. Never throws. */
  advance(now: number): void {
    if (this.state.settling.size === 0) return;
    try {
      void this.#emitAll(advance(this.state, now, this.#rules));
    } catch (error) {
      this.#say("advance", error);
    }
  }

  measureHook(hook: string, seconds: number, errorType: string | undefined): void {
    try {
      this.#findMetrics()?.hookDuration(hook, seconds, errorType);
    } catch (error) {
      this.#say("metrics", error);
    }
  }

  #findMetrics(): LifecycleMetrics | undefined {
    if (this.#metrics !== undefined) return this.#metrics;
    const meter = this.#out.findMeter?.();
    if (meter !== undefined) {
      this.#metrics = new LifecycleMetrics(meter, { flush: this.#out.flushMetrics });
    }
    return this.#metrics;
  }

  contextOf(subject: RunState | CallState): Context {
    return this.#spans.contextOf(subject);
  }

  #emitAll(records: readonly LifecycleRecord[]): Verdict | Promise<Verdict> {
    let verdict: Verdict | Promise<Verdict>;
    const outermost = !this.#emitting;
    this.#emitting = true;
    try {
      for (const record of records) verdict = this.#emit(record) ?? verdict;
    } finally {
      if (outermost) this.#emitting = false;
    }
    if (outermost && this.#findings.length > 0) {
      for (const finding of this.#findings.splice(0)) this.tell(finding);
    }
    return verdict;
  }

  /** Each output on its own: one that fails takes nothing from the others. */
  #emit(record: LifecycleRecord): Verdict | Promise<Verdict> {
    const { hooks } = this.#out;
    let verdict: Verdict | Promise<Verdict>;
    if (hooks?.listens(record) === true) verdict = this.#emitToHooks(record, hooks);
    else this.#write(record);
    this.#measure(record);
    this.#log(record);
    return verdict;
  }

  #emitToHooks(record: LifecycleRecord, hooks: HookPort): Verdict | Promise<Verdict> {
    let verdict: Verdict | Promise<Verdict>;
    const write = (): void => this.#write(record);
    const dispatch = (ids?: SpanIds): void => {
      if (ids !== undefined) setIds(record, ids);
      verdict = hooks.dispatch(record);
    };
    const moment = MOMENTS[record.type];
    if (moment !== undefined) {
      handOver({ moment, dispatch }, write);
      return verdict;
    }
    write();
    dispatch();
    return verdict;
  }

  #write(record: LifecycleRecord): void {
    try {
      this.#spans.write(record);
    } catch (error) {
      this.#say("spans", error);
    }
  }

  #measure(record: LifecycleRecord): void {
    try {
      this.#findMetrics()?.record(record);
    } catch (error) {
      this.#say("metrics", error);
    }
  }

  #log(record: LifecycleRecord): void {
    if (!isAudited(record)) return;
    const { append, findLogger, onRecord } = this.#out;
    try {
      const logger = append === undefined ? findLogger?.() : undefined;
      if ((append ?? logger ?? onRecord) === undefined) return;
      const wire = toWireRecord(record, this.#out.policy);
      if (wire === undefined) return;
      if (append !== undefined) this.#heed(append(wire));
      else if (logger !== undefined) emitRecord(logger, wire);
      this.#heed(onRecord?.(wire));
    } catch (error) {
      this.#say("records", error);
    }
  }

  /** The type says void, and an async function fits it: its rejection must not end the host. */
  #heed(returned: unknown): void {
    if (returned instanceof Promise)
      returned.catch((error: unknown) => this.#say("records", error));
  }

  /** Trouble of ours is said once a cause and never reaches the host. */
  #say(what: string, error: unknown): void {
    const cause = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (this.#said.has(cause) || this.#said.size > 100) return;
    this.#said.add(cause);
    diag.error(`turnspan: ${cause}`);
  }
}

function setIds(record: LifecycleRecord, ids: SpanIds): void {
  const subject = record.type === "run.start" ? record.run : record.session;
  if (record.type === "run.start" || record.type === "session.start") subject.ids ??= ids;
}
