import { RecentMap } from "../../base/recent-map.ts";
import type { LifecycleEvent, RunEnd } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import { ownTraceId } from "../../lifecycle/identity.ts";
import type { Telemetry } from "../../sdk/start.ts";
import type { HostEvent } from "./host-events.ts";
import type { Memory, RunMemory } from "./memory.ts";
import { Routes } from "./routes.ts";
import { createTranslator } from "./translate.ts";

const ADVANCE_MS = 250;
const MAX_VERDICTS = 1_000;

export interface ObservationOptions {
  /** Config and version: a plugin that comes back with the same goes on with the observation. */
  readonly madeFor: string;
  /** False where somebody else sends spans with the host's ids. */
  readonly adoptsIds: boolean;
  /** Resolves when the host's diagnostics so far have been told; undefined where it cannot say. */
  readonly whenTold: () => Promise<unknown> | undefined;
}

/** What is made of a gateway's events: translated, observed, and what guards said of its runs. */
export class Observation {
  readonly telemetry: Telemetry;
  readonly madeFor: string;
  readonly startedAt = Date.now();
  readonly routes = new Routes();
  readonly #translator = createTranslator();
  /** Of runs that guards were asked about, by run id; a retry of the host's is not asked again. */
  readonly #verdicts = new RecentMap<string, Verdict | Promise<Verdict>>(MAX_VERDICTS);
  readonly #timer: NodeJS.Timeout;
  readonly #adoptsIds: boolean;
  readonly #whenTold: ObservationOptions["whenTold"];

  constructor(telemetry: Telemetry, options: ObservationOptions) {
    this.telemetry = telemetry;
    this.madeFor = options.madeFor;
    this.#adoptsIds = options.adoptsIds;
    this.#whenTold = options.whenTold;
    this.#timer = setInterval(() => telemetry.turnspan.advance(Date.now()), ADVANCE_MS);
    this.#timer.unref();
  }

  get memory(): Memory {
    return this.#translator.memory;
  }

  /** Runs that are under way. */
  openRuns(): RunMemory[] {
    return [...this.memory.runs.values()].filter(
      ({ isStarted, endedAt }) => isStarted && endedAt === undefined,
    );
  }

  /** The trace that a run's spans are in; undefined where that is not known yet. */
  traceIdOf({ span, traceId, sessionId, sessionKey, runId }: RunMemory): string | undefined {
    if (this.#adoptsIds) return span?.traceId ?? traceId;
    const scope = sessionId ?? sessionKey;
    return scope === undefined ? undefined : ownTraceId(scope, runId);
  }

  take(host: HostEvent): void {
    this.routes.note(host);
    for (const told of this.#translator.translate(host)) {
      const event = this.#adoptsIds ? told : withTakenIds(told);
      this.observe(event);
      if (isOver(event)) void this.#closeWhenTold(event);
    }
  }

  observe(event: LifecycleEvent): void {
    const verdict = this.telemetry.turnspan.observe(event);
    if (event.type !== "run.start" || verdict === undefined) return;
    if (!this.#verdicts.has(event.runId)) this.#verdicts.set(event.runId, verdict);
  }

  /** Nothing more comes of a run that is over once the diagnostics so far are told: it need not settle. */
  async #closeWhenTold(end: RunEnd): Promise<void> {
    const told = this.#whenTold();
    if (told === undefined) return;
    await told.catch(() => undefined);
    this.observe({ ...end, settleMs: 0 });
  }

  /** What the guards say of a run; undefined lets it pass. */
  verdictOf(runId: string): Verdict | Promise<Verdict> {
    return this.#verdicts.get(runId);
  }

  /** Ends what is open and sends what is left, within the time that telemetry takes for that. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.telemetry.shutdown();
  }
}

/** For good: a run that failed may be tried again by its host. */
const isOver = (event: LifecycleEvent): event is RunEnd =>
  event.type === "run.end" && event.certainty === "final" && event.outcome !== "failed";

function withTakenIds(event: LifecycleEvent): LifecycleEvent {
  if (!("trace" in event) || event.trace === undefined) return event;
  return { ...event, trace: { ...event.trace, isTaken: true } };
}
