import { VERSION } from "../version.ts";
import type { ServerStatus, StoreState } from "./api-report-types.ts";
import { findAgents } from "./machine.ts";
import type { ReceiverCounts } from "./otlp/receiver.ts";
import type { StoreReader } from "./queries/reader.ts";
import { readStoredStatus } from "./queries/status.ts";
import type { CompleteOptions } from "./server-options.ts";

/** What the status is told from, beside the store. */
export interface StatusSources {
  readonly options: CompleteOptions;
  readonly reader: StoreReader;
  readonly counts: ReceiverCounts;
  readonly otlpUrl: () => string;
  readonly store: () => StoreState;
}

/** Makes the function that says how the server is. */
export function createStatus(sources: StatusSources): () => ServerStatus {
  const { options, reader, counts, otlpUrl, store } = sources;
  const startedMs = options.now();
  const found = findAgents(options.home);
  return () => ({
    version: VERSION,
    startedMs,
    nowMs: options.now(),
    otlpUrl: otlpUrl(),
    store: store(),
    dataFolder: options.dataFolder,
    maxBytes: options.maxBytes,
    maxAgeDays: options.maxAgeDays,
    received: {
      spans: counts.accepted.traces,
      records: counts.accepted.logs,
      points: counts.accepted.metrics,
      rejectedItems: counts.rejectedItems,
      refusedRequests: counts.refusedRequests,
    },
    found,
    ...readStoredStatus(reader),
  });
}
