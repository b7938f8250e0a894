import { diag, type MeterProvider, type TracerProvider } from "@opentelemetry/api";
import type { Recovered } from "../audit/lane.ts";
import type { PlaceStatus } from "../audit/place.ts";
import type { AttachedConfig } from "../hooks/config/attach-config.ts";
import type { LoggerProviderLike } from "../lifecycle/record-log.ts";
import { createTurnspan, type Turnspan, type TurnspanOptions } from "../turnspan.ts";
import { showBudgets } from "./budget-metrics.ts";
import type { TelemetryConfig } from "./config.ts";
import { within } from "./deadline.ts";
import type { DroppedTelemetry } from "./drop-counts.ts";
import { type ExitGuardOptions, type ExitTasks, installExitGuard } from "./exit-guard.ts";
import type { Prepared } from "./prepare.ts";
import { Recovery } from "./recovery.ts";

/** A running SDK with Turnspan on it. Disposing it is `shutdown()`. */
export interface Telemetry extends AsyncDisposable {
  readonly turnspan: Turnspan;
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProviderLike;
  readonly config: TelemetryConfig;
  /** The hooks of the option `config`; undefined where there was none. */
  readonly configured: AttachedConfig | undefined;
  /** What was lost so far, by signal and reason. */
  dropped(): readonly DroppedTelemetry[];
  /** How the audit log and its deliveries are doing, this process's own first; empty where there is none. */
  audit(): readonly PlaceStatus[];
  /**
   * Ends what dead processes left in the audit log, as `abandoned`, each session once, and delivers what
   * was left of theirs. Call it when every handler is attached; else the first session does it. Rejects with what the
   * file system says.
   */
  recover(): Promise<Recovered>;
  /** Sends everything recorded so far; false where that took longer. Default 10 s. */
  forceFlush(timeoutMs?: number): Promise<boolean>;
  /**
   * Ends what is open, sends everything and stops. What cannot be sent in time is counted and given up;
   * nothing of it keeps the process alive. Default 1.8 s. Never rejects; a second call waits for the first.
   */
  shutdown(timeoutMs?: number): Promise<void>;
}

/** The providers, with or without globals. */
export interface Providers {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProviderLike;
  shutdown(): Promise<void>;
}

const FLUSH_TIMEOUT_MS = 10_000;
const SHUTDOWN_TIMEOUT_MS = 1800;
/** For senders to notice that they were stopped. */
const STOP_MS = 100;

/** Puts Turnspan on providers, and takes care of flushing and ending both. */
export class RunningTelemetry implements Telemetry {
  readonly turnspan: Turnspan;
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProviderLike;
  readonly config: TelemetryConfig;
  readonly configured: AttachedConfig | undefined;
  readonly #prepared: Prepared;
  readonly #providers: Providers;
  readonly #recovery: Recovery;
  readonly #guard: Disposable | undefined;
  #closing: Promise<void> | undefined;
  #settled = false;
  readonly #onExit = (): void => this.#prepared.audit?.closeNow();

  constructor(prepared: Prepared, providers: Providers, guard?: ExitGuardOptions) {
    this.#prepared = prepared;
    this.#providers = providers;
    this.config = prepared.config;
    this.configured = prepared.configured;
    ({
      tracerProvider: this.tracerProvider,
      meterProvider: this.meterProvider,
      loggerProvider: this.loggerProvider,
    } = providers);
    prepared.drops.showOn(providers.meterProvider);
    if (prepared.configured !== undefined) {
      showBudgets(providers.meterProvider, prepared.configured.budgets);
    }
    this.#recovery = new Recovery(prepared, providers);
    this.turnspan = createTurnspan(this.#turnspanOptions());
    this.#guard = guard && installExitGuard(this.#exitTasks(), guard);
    // The last moment of all, where only what needs no event loop can still be done.
    if (prepared.audit !== undefined) process.once("exit", this.#onExit);
  }

  dropped(): readonly DroppedTelemetry[] {
    return this.#prepared.drops.read();
  }

  audit(): readonly PlaceStatus[] {
    return this.#prepared.audit?.status() ?? [];
  }

  recover(): Promise<Recovered> {
    return this.#recovery.run();
  }

  async forceFlush(timeoutMs: number = FLUSH_TIMEOUT_MS): Promise<boolean> {
    const { pipeline, audit } = this.#prepared;
    const [isSent, isDelivered] = await Promise.all([
      within(timeoutMs, Promise.all([pipeline.flush(), pipeline.flushMetrics()])),
      audit?.drain(timeoutMs) ?? true,
    ]);
    return isSent && isDelivered;
  }

  shutdown(timeoutMs: number = SHUTDOWN_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#shutdown(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #shutdown(timeoutMs: number): Promise<void> {
    const { pipeline, audit } = this.#prepared;
    const deadline = performance.now() + timeoutMs;
    const leftMs = (): number => Math.max(0, deadline - performance.now());
    this.#guard?.[Symbol.dispose]();
    this.#endOpen();
    await within(leftMs() / 2, this.#hooksSettled(leftMs() / 2));
    // Whatever they still run is ended here: nobody would end it later.
    this.configured?.[Symbol.dispose]();
    // Metrics go last, so that they tell of the losses; but not later than at half of what is left.
    const sent = Promise.all([pipeline.flush(), audit?.drain(leftMs() / 2)]);
    await within(leftMs() / 2, sent);
    const ended = Promise.allSettled([sent, this.#providers.shutdown()]);
    if (!(await within(leftMs() - STOP_MS, ended))) {
      pipeline.stop();
      await within(STOP_MS, ended);
    }
    // Last, so that its status tells of all that was lost.
    await audit?.close(Math.max(leftMs(), STOP_MS));
    process.off("exit", this.#onExit);
  }

  /** Observers are done, and what the configured ones send has got through or is put off. */
  async #hooksSettled(timeoutMs: number): Promise<void> {
    const { hooks } = this.#prepared;
    await Promise.all([hooks.settled(timeoutMs), this.configured?.settled(timeoutMs)]);
  }

  /** A clock of the host's that throws must not cost what was recorded, nor leave globals behind. */
  #endOpen(reason?: string): void {
    try {
      this.turnspan.close(reason);
    } catch (error) {
      diag.error("turnspan: what is open could not be ended", error);
    }
  }

  #turnspanOptions(): TurnspanOptions {
    const { config, hooks, ids, price, parts, pipeline, audit, drops } = this.#prepared;
    const { content, traceScope, sessionKeys, spans, metrics } = config;
    return {
      ...this.#providers,
      ...{ hooks, ids, price, content, traceScope, sessionKeys, spans, metrics },
      ...(audit && { append: (record) => this.#recovery.append(record) }),
      ...(parts.append && { append: parts.append }),
      ...(parts.onRecord && { onRecord: parts.onRecord }),
      ...(parts.source && { source: parts.source }),
      ...(parts.host !== undefined && { host: parts.host }),
      ...(parts.clock && { clock: parts.clock }),
      flushMetrics: () => void pipeline.flushMetrics(),
      onDrop: (signal, reason, count) => drops.add(signal, reason, count),
    };
  }

  #exitTasks(): ExitTasks {
    return {
      finish: (reason, timeoutMs) => {
        this.#endOpen(reason);
        return this.shutdown(timeoutMs);
      },
      settle: (reason, timeoutMs) => this.#settle(reason, timeoutMs),
      flush: (timeoutMs) => this.forceFlush(timeoutMs),
    };
  }

  /** At the natural end, which comes again as long as there is something to send. */
  async #settle(reason: string, timeoutMs: number): Promise<void> {
    const { pipeline } = this.#prepared;
    this.#endOpen(reason);
    if (this.#settled && pipeline.isIdle()) return;
    this.#settled = true;
    const deadline = performance.now() + timeoutMs;
    await within(timeoutMs / 2, this.#hooksSettled(timeoutMs / 2));
    // Whatever is still under way then would keep the process from its end.
    if (!(await this.forceFlush(deadline - performance.now()))) await this.shutdown(0);
  }
}
