import type { ExportResult } from "@opentelemetry/core";
import type {
  LogRecordExporter,
  LogRecordProcessor,
  ReadableLogRecord,
} from "@opentelemetry/sdk-logs";
import { ConsoleLogRecordExporter, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import type { IMetricReader } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { createLogBatcher, createSpanBatcher, exportBatch } from "./batch-processors.ts";
import { BatchQueue } from "./batch-queue.ts";
import type { TelemetryConfig } from "./config.ts";
import { stripLogRecord, stripSpan } from "./content-filter.ts";
import type { DropCounts } from "./drop-counts.ts";
import { otlpExporters, type Stoppable } from "./exporters.ts";
import { isLoopbackUrl } from "./loopback.ts";
import { createMetricLane } from "./metric-lanes.ts";
import { ReceiverWait } from "./receiver-wait.ts";
import type { SpoolingExporter } from "./span-spool.ts";
import type { ExporterChoice } from "./targets.ts";

/** As long as a timer can be. */
const NEVER_MS = 2 ** 31 - 1;

/** From the providers to the network: processors, readers, and their way out. */
export interface Pipeline {
  readonly spanProcessors: readonly SpanProcessor[];
  readonly logRecordProcessors: readonly LogRecordProcessor[];
  readonly metricReaders: readonly IMetricReader[];
  /** Whether no span and no log record waits or is under way. */
  isIdle(): boolean;
  /** Resolves when every span and log record so far has arrived or is counted as lost. */
  flush(): Promise<void>;
  flushMetrics(): Promise<void>;
  /** Gives up what is under way and waiting; it is counted. */
  stop(): void;
}

interface Lane<Processor> {
  readonly processor: Processor;
  isIdle(): boolean;
  stop(): void;
}

/** Exporters that leave this machine never see content in mode `local`; nobody does in mode `none`. */
function mayHoldContent(choice: ExporterChoice, { content }: TelemetryConfig): boolean {
  if (content === "export") return true;
  return content === "local" && choice.kind === "otlp" && isLoopbackUrl(choice.url ?? "");
}

interface ItemExporter<Item> {
  export(items: Item[], callback: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush(): Promise<void>;
}

/** The same exporter, shown other items. */
function mapped<Item>(
  exporter: Omit<ItemExporter<Item>, "forceFlush"> & Partial<ItemExporter<Item>>,
  map: (item: Item) => Item,
): ItemExporter<Item> {
  return {
    export: (items, callback) => exporter.export(items.map(map), callback),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

const unstoppable = <Exporter>(exporter: Exporter): Stoppable<Exporter> => ({
  exporter,
  stop: () => {},
});

async function createSpanExporter(
  choice: ExporterChoice,
  drops: DropCounts,
): Promise<Stoppable<SpanExporter>> {
  if (choice.kind === "otlp") return otlpExporters.traces[choice.protocol](choice, drops);
  if (choice.kind !== "zipkin") return unstoppable(new ConsoleSpanExporter());
  const { ZipkinExporter } = await import("@opentelemetry/exporter-zipkin");
  return unstoppable(new ZipkinExporter());
}

/** Loads what keeps spans on disk only where that is wanted. */
async function openSpool(
  choice: ExporterChoice,
  { spool }: TelemetryConfig,
): Promise<SpoolingExporter | undefined> {
  if (choice.kind !== "otlp" || spool === undefined) return undefined;
  const { createSpoolingExporter } = await import("./span-spool.ts");
  return createSpoolingExporter(choice, spool);
}

async function createSpanLane(
  choice: ExporterChoice,
  config: TelemetryConfig,
  drops: DropCounts,
): Promise<Lane<SpanProcessor>> {
  const spooling = await openSpool(choice, config);
  const { exporter: plain, stop } =
    spooling === undefined
      ? await createSpanExporter(choice, drops)
      : unstoppable(spooling.exporter);
  const exporter = mayHoldContent(choice, config) ? plain : mapped(plain, stripSpan);
  if (choice.kind === "console") {
    return { processor: new SimpleSpanProcessor({ exporter }), isIdle: () => true, stop };
  }
  const send = (spans: ReadableSpan[]): Promise<void> => exportBatch(exporter, spans);
  const waiting = config.waitForReceiver ? new ReceiverWait() : undefined;
  const queue = new BatchQueue<ReadableSpan>({
    ...config.batch.traces,
    ...(waiting && { exportTimeoutMs: NEVER_MS }),
    send: waiting === undefined ? send : (spans) => waiting.until(() => send(spans)),
    onDrop: (count, reason, cause) => drops.add("traces", reason, count, cause),
  });
  const processor = createSpanBatcher(queue);
  return laneOf(spooling?.attach(processor) ?? processor, queue, () => {
    waiting?.stop();
    stop();
  });
}

async function createLogLane(
  choice: ExporterChoice,
  config: TelemetryConfig,
  drops: DropCounts,
): Promise<Lane<LogRecordProcessor>> {
  const { exporter: plain, stop }: Stoppable<LogRecordExporter> =
    choice.kind === "otlp"
      ? await otlpExporters.logs[choice.protocol](choice, drops)
      : unstoppable(new ConsoleLogRecordExporter());
  const exporter = mayHoldContent(choice, config) ? plain : mapped(plain, stripLogRecord);
  if (choice.kind === "console") {
    return { processor: new SimpleLogRecordProcessor({ exporter }), isIdle: () => true, stop };
  }
  const queue = new BatchQueue<ReadableLogRecord>({
    ...config.batch.logs,
    send: (records) => exportBatch(exporter, records),
    onDrop: (count, reason, cause) => drops.add("logs", reason, count, cause),
  });
  return laneOf(createLogBatcher(queue), queue, stop);
}

function laneOf<Processor, Item>(
  processor: Processor,
  queue: BatchQueue<Item>,
  stop: () => void,
): Lane<Processor> {
  return {
    processor,
    isIdle: () => queue.isIdle,
    stop: () => {
      queue.abort();
      stop();
    },
  };
}

/** Makes every exporter that the config names, each with a queue of its own: a dead one stops no other. */
export async function createPipeline(
  config: TelemetryConfig,
  drops: DropCounts,
): Promise<Pipeline> {
  const { traces, logs, metrics } = config.exporters;
  const [spanLanes, logLanes, metricLanes] = await Promise.all([
    Promise.all(traces.map((choice) => createSpanLane(choice, config, drops))),
    Promise.all(logs.map((choice) => createLogLane(choice, config, drops))),
    Promise.all(metrics.map((choice) => createMetricLane(choice, config, drops))),
  ]);
  const spanProcessors = spanLanes.map(({ processor }) => processor);
  const logRecordProcessors = logLanes.map(({ processor }) => processor);
  const metricReaders = metricLanes.map(({ reader }) => reader);
  const flushAll = async (parts: readonly { forceFlush(): Promise<void> }[]): Promise<void> => {
    await Promise.allSettled(parts.map((part) => part.forceFlush()));
  };
  return {
    spanProcessors,
    logRecordProcessors,
    metricReaders,
    isIdle: () => [...spanLanes, ...logLanes].every((lane) => lane.isIdle()),
    flush: () => flushAll([...spanProcessors, ...logRecordProcessors]),
    flushMetrics: () => flushAll(metricReaders),
    stop: () => {
      for (const lane of [...spanLanes, ...logLanes, ...metricLanes]) lane.stop();
    },
  };
}
