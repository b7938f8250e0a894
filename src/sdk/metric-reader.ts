import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import {
  MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { exportItems } from "./batch-processors.ts";
import { failAfter } from "./deadline.ts";

export interface ExportingMetricReaderOptions {
  readonly exporter: PushMetricExporter;
  /** Absent: only when flushed and at the end. */
  readonly intervalMs?: number;
  readonly timeoutMs: number;
  /** Told how many points were not delivered. */
  readonly onFailure: (points: number, error: unknown) => void;
}

const EXPORT_CONTEXT = suppressTracing(ROOT_CONTEXT);

/**
 * Collects metrics and exports them, one export at a time. The SDK's periodic reader watches each export
 * with a timer that keeps the process alive: with a dead collector a program that is done would go on
 * for 10 s before it came to its natural end.
 */
export class ExportingMetricReader extends MetricReader {
  readonly #options: ExportingMetricReaderOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: ExportingMetricReaderOptions) {
    const { exporter } = options;
    super({
      ...(exporter.selectAggregation && {
        aggregationSelector: exporter.selectAggregation.bind(exporter),
      }),
      ...(exporter.selectAggregationTemporality && {
        aggregationTemporalitySelector: exporter.selectAggregationTemporality.bind(exporter),
      }),
    });
    this.#options = options;
  }

  protected override onInitialized(): void {
    const { intervalMs } = this.#options;
    if (intervalMs === undefined) return;
    this.#timer = setInterval(() => {
      if (this.#running === undefined) void this.#run();
    }, intervalMs);
    this.#timer.unref();
  }

  /** What was recorded before has been exported, or has failed. Never rejects. */
  protected override onForceFlush(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    // The one that is under way may have collected already; one more serves all who ask meanwhile.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#run();
    });
    return this.#next;
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.onForceFlush();
    await this.#options.exporter.shutdown();
  }

  #run(): Promise<void> {
    this.#running = this.#collectOnce().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #collectOnce(): Promise<void> {
    const { exporter, timeoutMs, onFailure } = this.#options;
    const { resourceMetrics } = await this.collect();
    if (resourceMetrics.scopeMetrics.length === 0) return;
    const { resource } = resourceMetrics;
    if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
    try {
      const exported = context.with(
        EXPORT_CONTEXT,
        exportItems,
        undefined,
        exporter,
        resourceMetrics,
      );
      await failAfter(timeoutMs, exported);
    } catch (error) {
      onFailure(countPoints(resourceMetrics), error);
    }
  }
}

function countPoints({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { dataPoints } of metrics) points += dataPoints.length;
  }
  return points;
}
