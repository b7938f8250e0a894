import type { Gap } from "./segment-entry.ts";
import type { Damage, LocatedEntry } from "./segment-reader.ts";
import type { RetentionRule } from "./segment-retention.ts";
import type { DurableEnd } from "./segment-series.ts";
import type { AckMode, Trouble } from "./segment-writer.ts";

/** What the log's owner should hear of, once each time that it begins or ends. */
export type SegmentAlarm =
  /** The disk takes nothing; records wait. */
  | { readonly kind: "trouble"; readonly reason: Trouble; readonly cause: unknown }
  /** The disk takes records again. */
  | { readonly kind: "resumed" }
  /** Records are being lost from now on. */
  | { readonly kind: "losing"; readonly reason: string }
  /** So many were lost; the log says so in their place. */
  | { readonly kind: "gap"; readonly gap: Gap }
  /** So many were still not stored when the log was closed; it cannot say so itself. */
  | { readonly kind: "abandoned"; readonly count: number }
  /** Old segments could not be deleted. */
  | { readonly kind: "retention"; readonly cause: unknown };

export interface SegmentLogOptions {
  /** The writer's folder; the caller holds the claim to it. */
  readonly folder: string;
  /** Default `strict`. */
  readonly mode?: AckMode | undefined;
  /** Who writes; stands at the beginning of each segment. JSON. */
  readonly owner?: unknown;
  /** What is open as of the last record appended, each as canonical JSON. */
  readonly openSet?: (() => Iterable<string>) | undefined;
  /** Told what was open and all since, before the log takes records. */
  readonly replay?: ((entry: LocatedEntry) => void) | undefined;
  /** Default 16 MiB. */
  readonly maxSegmentBytes?: number | undefined;
  /** Default one day. */
  readonly maxSegmentAgeMs?: number | undefined;
  /** Bytes that wait for the disk at most; past it records are lost, and counted. Default 32 MiB. */
  readonly maxWaitingBytes?: number | undefined;
  /** Bytes of all segments at most; past it records are lost, and counted. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
  /** Asked at each new segment: what may be deleted. Default: nothing. */
  readonly retention?: (() => RetentionRule) | undefined;
  readonly onAlarm?: ((alarm: SegmentAlarm) => void) | undefined;
  /** Called each time that records became safe. */
  readonly onDurable?: (() => void) | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
}

/** How a log is doing. */
export interface LogStatus {
  readonly nextSeq: number;
  readonly durable: DurableEnd;
  /** Bytes of records not yet safe. */
  readonly waitingBytes: number;
  /** Bytes of all segments, about. */
  readonly bytes: number;
  /** Epoch milliseconds; undefined: not yet. */
  readonly lastSyncAt: number | undefined;
  readonly trouble: Trouble | undefined;
  /** Why records are being lost at the moment. */
  readonly losing: string | undefined;
  /** Records lost so far, by reason; `closed`: they came after the log was closed. */
  readonly lost: Readonly<Record<string, number>>;
  /** Found when the log was opened. */
  readonly damage: readonly Damage[];
}
