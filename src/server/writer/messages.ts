import type { StoreState } from "../api-report-types.ts";
import type { OtlpBody } from "../otlp/decode.ts";
import type { RetentionLimits } from "../store/retention.ts";

/** What the writer's thread is started with. */
export interface WriterOptions {
  readonly folder: string;
  readonly limits: RetentionLimits;
  readonly hardMaxBytes?: number | undefined;
  /** The user's price file; it need not exist. */
  readonly pricesFile?: string | undefined;
  /** Milliseconds between two looks at what is too old. */
  readonly pruneEveryMs: number;
}

export type ToWriter =
  | { readonly type: "ingest"; readonly id: number; readonly body: OtlpBody }
  | { readonly type: "close" };

/** How a request was answered. 503: try again later. */
export interface IngestAnswer {
  readonly status: 200 | 400 | 413 | 503;
  readonly accepted: number;
  readonly rejected: number;
  readonly problem: string | undefined;
}

export type FromWriter =
  | { readonly type: "opened" }
  | { readonly type: "refused"; readonly code: string; readonly message: string }
  | { readonly type: "answer"; readonly id: number; readonly answer: IngestAnswer }
  /** Rows that a commit changed; `undefined`: too many to name. */
  | { readonly type: "changed"; readonly rows: ChangedRows | undefined }
  | { readonly type: "store"; readonly store: StoreState }
  | { readonly type: "closed" };

export interface ChangedRows {
  readonly sessions: readonly number[];
  readonly runs: readonly number[];
}
