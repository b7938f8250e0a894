import { type Context, diag } from "@opentelemetry/api";
import { DeferredSpans } from "./deferred-spans.ts";
import { EmissionQueue } from "./emission-queue.ts";
import type { HostStop, LifecycleEvent } from "./events.ts";
import { type HookCall, type HookPort, handOver, type Verdict } from "./hand-over.ts";
import { LiveSpans } from "./live-spans.ts";
import { LifecycleMetrics } from "./metrics.ts";
import type { LifecycleOutputs } from "./outputs.ts";
import { isAudited } from "./record-attributes.ts";
import { emitRecord, knownContext, toWireRecord } from "./record-log.ts";
import type { LifecycleRecord } from "./records.ts";
import { advance, reduce } from "./reduce.ts";
import type { SpanWriter } from "./span-writer.ts";
import {
  type CallState,
  createState,
  type LifecycleState,
  type RunState,
  type SpanIds,
} from "./state.ts";
import type { Rules } from "./step.ts";

/** The span moment that carries a record's hook call; records without one dispatch directly. */
const MOMENTS: Readonly<Partial<Record<LifecycleRecord["type"], HookCall["moment"]>>> = {
  "session.start": "start",
  "run.start": "start",
  "session.end": "end",
  "run.end": "end",
};

/** After as many rounds handlers of ends are told no more. */
const MAX_STOP_ROUNDS = 4;

/** One lifecycle: takes events in, and turns what the reducer says into spans, hooks, points and records. */
export class Lifecycle {
  readonly state: LifecycleState = createState();
  #metrics: LifecycleMetrics | undefined;
  readonly #rules: Rules;
  readonly #out: LifecycleOutputs;
  readonly #spans: SpanWriter;
  readonly #said = new Set<string>();
  readonly #queue = new EmissionQueue();
  /** Late events that are counted already. */
  #late = 0;
  /** No hook is told: the last resort against handlers that open a session for each one that ends. */
  #isMuted = false;

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
    void this.ask(event);
  }

  /** Takes one event in and gives back what the guards said, where it started a run. Never throws or rejects. */
  ask(event: LifecycleEvent): Verdict | Promise<Verdict> {
    try {
      const records = reduce(this.state, event, this.#rules);
      if (this.state.lateEvents !== this.#late) this.#countLate();
      return this.#emitAll(records);
    } catch (error) {
      this.#say(`event ${event?.type}`, error);
      return undefined;
    }
  }

  /**
   * Ends everything that is open, and what handlers of those ends open in turn. `event` is made anew for
   * each round: what was opened meanwhile must not end before it began. Never throws.
   */
  stop(event: () => HostStop): void {
    this.tell(event());
    this.#afterwards(() => this.#stopRest(event, 1));
  }

  #stopRest(event: () => HostStop, round: number): void {
    const { sessions, runs } = this.state;
    if (sessions.size === 0 && runs.size === 0) return;
    if (round < MAX_STOP_ROUNDS) {
      this.tell(event());
      this.#afterwards(() => this.#stopRest(event, round + 1));
      return;
    }
    this.#say(
      "close",
      new Error("handlers open a session for each that ends; none is told any more"),
    );
    this.#afterwards(() => this.#mute(true));
    this.tell(event());
    this.#afterwards(() => this.#mute(false));
  }

  #mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  /** Does it once everything told so far is out: at once where it is. */
  #afterwards(act: () => void): void {
    if (this.#queue.isBusy) this.#queue.add(act, this.#depth());
    else act();
  }

  #depth(): number {
    return this.#out.hooks?.depth() ?? 0;
  }

  /** Whether records are on their way out: a span of what was told meanwhile is there only after it. */
  get isEmitting(): boolean {
    return this.#queue.isBusy;
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

  /** Counts what was lost, where a meter or the one who set this up can be told. Never throws. */
  countDrop(signal: "events" | "hooks", reason: string, count: number): void {
    try {
      const { onDrop } = this.#out;
      if (onDrop !== undefined) onDrop(signal, reason, count);
      else this.#findMetrics()?.dropped(signal, reason, count);
    } catch (error) {
      this.#say("drops", error);
    }
  }

  #countLate(): void {
    const count = this.state.lateEvents - this.#late;
    this.#late = this.state.lateEvents;
    this.countDrop("events", "late", count);
  }

  #findMetrics(): LifecycleMetrics | undefined {
    if (this.#metrics !== undefined) return this.#metrics;
    const meter = this.#out.findMeter?.();
    if (meter !== undefined) {
      this.#metrics = new LifecycleMetrics(meter, this.state.sessions, this.#out.flushMetrics);
    }
    return this.#metrics;
  }

  contextOf(subject: RunState | CallState): Context {
    return this.#spans.contextOf(subject);
  }

  #emitAll(records: readonly LifecycleRecord[]): Verdict | Promise<Verdict> {
    if (records.length === 0) return undefined;
    if (this.#queue.isBusy) return this.#emitLater(records);
    this.#queue.begin();
    try {
      return this.#emitEach(records);
    } finally {
      const lost = this.#queue.finish();
      if (lost > 0) this.#say("records", new Error("receivers answer each record with another"));
    }
  }

  /** Emission is synchronous: it is through when a promise has its turn. */
  async #emitLater(records: readonly LifecycleRecord[]): Promise<Verdict> {
    let verdict: Verdict | Promise<Verdict>;
    const emit = (): void => {
      try {
        verdict = this.#emitEach(records);
      } catch (error) {
        this.#say("records", error);
      }
    };
    this.#queue.add(emit, this.#depth());
    await undefined;
    return verdict;
  }

  #emitEach(records: readonly LifecycleRecord[]): Verdict | Promise<Verdict> {
    let verdict: Verdict | Promise<Verdict>;
    for (const record of records) verdict = this.#emit(record) ?? verdict;
    return verdict;
  }

  /** Each output on its own: one that fails takes nothing from the others. */
  #emit(record: LifecycleRecord): Verdict | Promise<Verdict> {
    const { hooks } = this.#out;
    let verdict: Verdict | Promise<Verdict>;
    if (!this.#isMuted && hooks?.listens(record) === true)
      verdict = this.#emitToHooks(record, hooks);
    else this.#write(record);
    this.#measure(record);
    this.#log(record);
    if (record.type === "call.end") forgetContent(record.call);
    return verdict;
  }

  #emitToHooks(record: LifecycleRecord, hooks: HookPort): Verdict | Promise<Verdict> {
    let verdict: Verdict | Promise<Verdict>;
    const write = (): void => this.#write(record);
    const dispatch = (ids?: SpanIds): void => {
      if (ids !== undefined) setIds(record, ids);
      verdict = hooks.dispatch(record, this.#queue.depth);
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
      else if (logger !== undefined) emitRecord(logger, wire, knownContext(record));
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

/** Written by now, and large: a run may have thousands of calls. */
function forgetContent(call: CallState): void {
  call.input = undefined;
  call.output = undefined;
}
