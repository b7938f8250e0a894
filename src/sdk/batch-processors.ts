import { TraceFlags } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { BatchQueue } from "./batch-queue.ts";

interface Exporter<Items> {
  export(items: Items, callback: (result: ExportResult) => void): void;
}

/** Makes an exporter's callback a promise that rejects where the items were not delivered. */
export function exportItems<Items>(exporter: Exporter<Items>, items: Items): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  exporter.export(items, ({ code, error }) => {
    if (code === ExportResultCode.SUCCESS) resolve();
    else reject(error ?? new Error("The exporter failed without saying why"));
  });
  return promise;
}

/** The same for a batch, whose resource may still be looking for the machine's id. */
export async function exportBatch<Item extends { readonly resource: Resource }>(
  exporter: Exporter<Item[]>,
  items: Item[],
): Promise<void> {
  const resource = items[0]?.resource;
  if (resource?.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
  return exportItems(exporter, items);
}

/** Puts sampled spans into a queue. */
export function createSpanBatcher(queue: BatchQueue<ReadableSpan>): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: () => queue.flush(),
    shutdown: () => queue.close(),
  };
}

/** Puts log records into a queue. */
export function createLogBatcher(queue: BatchQueue<ReadableLogRecord>): LogRecordProcessor {
  return {
    onEmit: (record) => queue.add(record),
    forceFlush: () => queue.flush(),
    shutdown: () => queue.close(),
  };
}
