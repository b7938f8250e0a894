import { diag, type MeterProvider } from "@opentelemetry/api";
import { METRIC_TELEMETRY_DROPPED, metricTable } from "../semconv/metrics.ts";
import { ATTR_REASON, ATTR_SIGNAL, SCOPE_NAME } from "../semconv/turnspan.ts";
import { VERSION } from "../version.ts";

export type Signal = "traces" | "logs" | "metrics";

/**
 * Why telemetry was lost. `queue_full`: more came than the queue holds. `export_failed`: not delivered
 * after all retries. `rejected`: the receiver took the request but not all that is in it (OTLP partial
 * success). `shutdown`: still unsent when the time for the exit was up, or ended after it.
 * For metrics a failed export; cumulative points come again with the next one.
 */
export type DropReason = "queue_full" | "export_failed" | "rejected" | "shutdown";

type Source = Signal | "hooks" | "events" | "audit";

export interface DroppedTelemetry {
  /**
   * A signal, `hooks` for handlers that were not called, `events` for what was told of runs and sessions
   * that are over, or `audit` for records of the audit lane.
   */
  readonly signal: Source;
  readonly reason: string;
  readonly count: number;
}

/** What was lost, by signal and reason: read in process, and shown as `turnspan.telemetry.dropped`. */
export class DropCounts {
  readonly #counts = new Map<string, { signal: Source; reason: string; count: number }>();

  /** Counts a loss; the first of each kind is said through `diag`, the rest would flood it. */
  add(signal: Source, reason: string, count: number, detail?: unknown): void {
    if (!(count > 0)) return;
    const key = `${signal} ${reason}`;
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    this.#counts.set(key, { signal, reason, count });
    diag.warn(`turnspan: ${signal} lost (${reason}); from now on only counted.`, detail ?? "");
  }

  read(): readonly DroppedTelemetry[] {
    return [...this.#counts.values()].map((row) => ({ ...row }));
  }

  /** Observed, not added to: a burst of losses costs nothing per span. */
  showOn(meters: MeterProvider): void {
    const { unit, description } = metricTable[METRIC_TELEMETRY_DROPPED];
    meters
      .getMeter(SCOPE_NAME, VERSION)
      .createObservableCounter(METRIC_TELEMETRY_DROPPED, { unit, description })
      .addCallback((result) => {
        for (const { signal, reason, count } of this.#counts.values()) {
          result.observe(count, { [ATTR_SIGNAL]: signal, [ATTR_REASON]: reason });
        }
      });
  }
}
