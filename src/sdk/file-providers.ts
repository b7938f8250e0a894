import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AlwaysOnSampler, type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import { PresetIds } from "../lifecycle/preset-ids.ts";
import { ATTR_SERVICE_NAME } from "../semconv/gen-ai.ts";
import { ExportingMetricReader } from "./metric-reader.ts";
import { createFileExporters, openOtlpFile, openOtlpStream } from "./otlp-file.ts";

export interface FileProvidersOptions {
  /** A file's path, or what writes text to somewhere that is open already. */
  readonly to: string | ((text: string) => Promise<void>);
  /** Also writes metrics, once, at the end. Default false. */
  readonly metrics?: boolean;
  /** Default `turnspan`. */
  readonly serviceName?: string;
  /** Nothing of this machine or process is added: the same input gives the same file. */
  readonly resourceAttributes?: Readonly<Record<string, string>>;
}

/** Providers that write everything to a file. Dispose them to have all of it in there. */
export interface FileProviders extends AsyncDisposable {
  readonly tracerProvider: TracerProvider;
  readonly loggerProvider: LoggerProvider;
  readonly meterProvider: MeterProvider;
  readonly ids: PresetIds;
  /**
   * Writes what has come so far, and waits for it. Nothing is ever dropped, so a producer that does not
   * call this now and then holds everything in memory. Throws where the file cannot be written.
   */
  drain(): Promise<void>;
}

const BATCH_SIZE = 512;
/** As long as a timer can be: a file is waited for, however slow its disk. */
const NEVER_MS = 2 ** 31 - 1;

/** Cuts lines by count alone, never by time, so that equal input gives equal lines. */
class Batch<Item> {
  readonly #write: (items: Item[]) => void;
  #items: Item[] = [];

  constructor(write: (items: Item[]) => void) {
    this.#write = write;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length >= BATCH_SIZE) this.cut();
  }

  cut(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#write(items);
  }
}

/** Opens the file. What its writing throws comes out of `drain` and of the disposal. */
export async function createFileProviders(options: FileProvidersOptions): Promise<FileProviders> {
  const { to } = options;
  const file = typeof to === "string" ? await openOtlpFile(to) : openOtlpStream(to);
  const exporters = createFileExporters(file);
  const ids = new PresetIds();
  // A failed write is kept by the file for `drain`.
  const spans = new Batch<ReadableSpan>((items) => exporters.spans.export(items, () => {}));
  const logs = new Batch<ReadableLogRecord>((items) => exporters.logs.export(items, () => {}));
  const drain = (): Promise<void> => {
    spans.cut();
    logs.cut();
    return file.drain();
  };
  const resource = defaultResource().merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: options.serviceName ?? "turnspan",
      ...options.resourceAttributes,
    }),
  );
  const lane = { forceFlush: drain, shutdown: drain };
  const reader = new ExportingMetricReader({
    exporter: exporters.metrics,
    timeoutMs: NEVER_MS,
    onFailure: () => {},
  });
  const meterProvider = new MeterProvider({ resource, readers: options.metrics ? [reader] : [] });
  return {
    tracerProvider: new TracerProvider({
      resource,
      idGenerator: ids,
      sampler: new AlwaysOnSampler(),
      spanProcessors: [{ ...lane, onStart: () => {}, onEnd: (span) => spans.add(span) }],
    }),
    loggerProvider: new LoggerProvider({
      resource,
      processors: [
        {
          ...lane,
          onEmit: (record) => {
            // The SDK puts the clock's time there, which would differ from run to run.
            record.hrTimeObserved = record.hrTime;
            logs.add(record);
          },
        },
      ],
    }),
    meterProvider,
    ids,
    drain,
    [Symbol.asyncDispose]: async () => {
      await using _closed = file;
      await drain();
      await meterProvider.shutdown();
      await file.drain();
    },
  };
}
