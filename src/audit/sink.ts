import { SegmentLog } from "../base/segment-log.ts";
import type { LogStatus, SegmentAlarm } from "../base/segment-log-options.ts";
import type { Ack } from "../base/segment-queue.ts";
import type { RetentionRule } from "../base/segment-retention.ts";
import type { DurableEnd } from "../base/segment-series.ts";
import type { AckMode } from "../base/segment-writer.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { OpenSet } from "./open-set.ts";
import type { AuditOwner } from "./otlp-records.ts";
import { RecordWriter } from "./record-json.ts";

export interface AuditSinkOptions {
  /** The writer's folder; the caller holds the claim to it. */
  readonly folder: string;
  readonly owner: AuditOwner;
  readonly mode?: AckMode | undefined;
  /** Bytes of the whole log at most. */
  readonly maxBytes?: number | undefined;
  readonly maxWaitingBytes?: number | undefined;
  readonly maxSegmentBytes?: number | undefined;
  readonly retention: () => RetentionRule;
  readonly onAlarm?: ((alarm: SegmentAlarm) => void) | undefined;
  readonly onDurable?: (() => void) | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
}

/** The audit log of one writer: records without secrets, as canonical JSON, each acknowledged when it is safe. */
export class AuditSink implements AsyncDisposable {
  readonly #log: SegmentLog;
  readonly #open: OpenSet;
  readonly #writer = new RecordWriter();
  #left: OpenSet;

  private constructor(log: SegmentLog, open: OpenSet, left: OpenSet) {
    this.#log = log;
    this.#open = open;
    this.#left = left;
  }

  /** Opens the log and finds what its last writer left open. */
  static async open(options: AuditSinkOptions): Promise<AuditSink> {
    const open = new OpenSet();
    const left = new OpenSet();
    const log = await SegmentLog.open({
      ...options,
      openSet: () => open.carry(),
      replay: (located) => {
        open.replay(located);
        left.replay(located);
      },
    });
    return new AuditSink(log, open, left);
  }

  /** What is open now, whoever opened it. */
  get open(): OpenSet {
    return this.#open;
  }

  get durable(): DurableEnd {
    return this.#log.durable;
  }

  /** Why nothing can be stored at the moment, and records wait or are lost; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#log.trouble;
  }

  /** What the last writer left open. Given once: whoever takes it must end it. */
  takeLeft(): OpenSet {
    const left = this.#left;
    this.#left = new OpenSet();
    return left;
  }

  /** Appends a record. The promise says when it is safe, or that it was lost; it never rejects. */
  append(record: WireRecord): Promise<Ack> {
    const json = this.#writer.write(record);
    const ack = this.#log.append(json);
    this.#open.apply(record, json);
    return ack;
  }

  /** Resolves to true when everything appended so far is safe, and to false at the deadline. */
  drain(timeoutMs: number): Promise<boolean> {
    return this.#log.drain(timeoutMs);
  }

  /** Deletes what retention lets go. */
  prune(): void {
    this.#log.prune();
  }

  status(): LogStatus {
    return this.#log.status();
  }

  close(timeoutMs?: number): Promise<void> {
    return this.#log.close(timeoutMs);
  }

  /** For the moment when the process exits: what waits is stored without the event loop. */
  closeNow(): void {
    this.#log.closeNow();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
