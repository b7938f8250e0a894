import type { LogStatus, SegmentAlarm } from "../base/segment-log-options.ts";
import type { Ack } from "../base/segment-queue.ts";
import type { RetentionRule } from "../base/segment-retention.ts";
import type { AckMode } from "../base/segment-writer.ts";
import type { Claim } from "../base/writer-lock.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { Delivery, type DeliveryStatus, type DeliveryTiming } from "./delivery.ts";
import type { OpenSet } from "./open-set.ts";
import { createOtlpDestination, type OtlpLogTarget } from "./otlp-destination.ts";
import type { AuditOwner } from "./otlp-records.ts";
import { AuditSink } from "./sink.ts";

/** What all places of one audit lane have in common. */
export interface PlaceOptions {
  readonly owner: AuditOwner;
  /** Each gets every record; none waits for another. */
  readonly targets: readonly OtlpLogTarget[];
  /** Default `strict`. */
  readonly mode?: AckMode | undefined;
  /** How long records are kept at least, in milliseconds. Default 200 days; those not delivered stay. */
  readonly retentionMs?: number | undefined;
  /** Bytes of one writer's log at most; past it records are lost, and counted. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
  /** Bytes of records that wait for the disk at most. Default 32 MiB. */
  readonly maxWaitingBytes?: number | undefined;
  /** Default 16 MiB. */
  readonly maxSegmentBytes?: number | undefined;
  readonly onAlarm?: ((alarm: AuditAlarm) => void) | undefined;
  readonly timing?: Partial<DeliveryTiming> | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
}

/** What the log's alarm is about, or why a destination takes nothing; `reason` undefined: it does again. */
export type AuditAlarm =
  | SegmentAlarm
  | {
      readonly kind: "delivery";
      readonly destination: string;
      readonly reason: string | undefined;
    };

/** How one writer's log and its deliveries are doing. */
export interface PlaceStatus {
  readonly writer: string;
  readonly log: LogStatus;
  /** Sessions and turns open now. */
  readonly open: number;
  readonly deliveries: readonly DeliveryStatus[];
}

const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_RETENTION_MS = 200 * DAY_MS;

/** One writer's place in the audit folder: its log, and the delivery of what stands in it. */
export class AuditPlace {
  readonly #claim: Claim;
  readonly #sink: AuditSink;
  readonly #deliveries: readonly Delivery[];

  private constructor(claim: Claim, sink: AuditSink, deliveries: readonly Delivery[]) {
    this.#claim = claim;
    this.#sink = sink;
    this.#deliveries = deliveries;
  }

  /** Opens the log of a place and goes on with its deliveries. Gives the claim back where that fails. */
  static async open(claim: Claim, options: PlaceOptions): Promise<AuditPlace> {
    const deliveries: Delivery[] = [];
    try {
      const sink = await AuditSink.open({
        ...options,
        folder: claim.folder,
        retention: () => findRetention(options, deliveries),
        onDurable: () => wakeAll(deliveries),
      });
      for (const target of options.targets) {
        deliveries.push(await openDelivery(claim, sink, target, options));
      }
      sink.prune();
      return new AuditPlace(claim, sink, deliveries);
    } catch (error) {
      claim[Symbol.dispose]();
      throw error;
    }
  }

  get folder(): string {
    return this.#claim.folder;
  }

  /** Why nothing can be stored at the moment, and records wait or are lost; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#sink.trouble;
  }

  /** Everything is dealt with everywhere. */
  get isSettled(): boolean {
    return this.#deliveries.every((delivery) => delivery.isIdle);
  }

  append(record: WireRecord): Promise<Ack> {
    return this.#sink.append(record);
  }

  /** What the place's last owner left open. Given once: whoever takes it must end it. */
  takeLeft(): OpenSet {
    return this.#sink.takeLeft();
  }

  status(): PlaceStatus {
    return {
      writer: this.#claim.writer,
      log: this.#sink.status(),
      open: this.#sink.open.size,
      deliveries: this.#deliveries.map((delivery) => delivery.status()),
    };
  }

  /** Resolves to true when everything appended so far is safe, and to false at the deadline. */
  store(timeoutMs: number): Promise<boolean> {
    return this.#sink.drain(timeoutMs);
  }

  /** Resolves to true when everything is safe and dealt with everywhere, and to false at the deadline. */
  async drain(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const isSafe = await this.#sink.drain(timeoutMs);
    const leftMs = Math.max(0, deadline - performance.now());
    const done = await Promise.all(this.#deliveries.map((delivery) => delivery.drain(leftMs)));
    return isSafe && done.every(Boolean);
  }

  /** Stores what waits, stops deliveries where they are, and gives the place back; `last` runs right before. */
  async close(timeoutMs?: number, last?: () => Promise<void> | undefined): Promise<void> {
    await this.#sink.close(timeoutMs);
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()));
    await last?.();
    this.#claim[Symbol.dispose]();
  }

  /** For the moment when the process exits: what waits is stored without the event loop. */
  closeNow(): void {
    this.#sink.closeNow();
  }
}

function findRetention(
  { retentionMs = DEFAULT_RETENTION_MS, clock = Date.now }: PlaceOptions,
  deliveries: readonly Delivery[],
): RetentionRule {
  const needed = deliveries.map(({ nextSeq }) => nextSeq);
  return { before: clock() - retentionMs, keepFromSeq: Math.min(...needed) };
}

function wakeAll(deliveries: readonly Delivery[]): void {
  for (const delivery of deliveries) delivery.wake();
}

function openDelivery(
  { folder, writer }: Claim,
  sink: AuditSink,
  target: OtlpLogTarget,
  { clock, timing, onAlarm }: PlaceOptions,
): Promise<Delivery> {
  return Delivery.open({
    ...{ folder, writer, clock, timing },
    destination: createOtlpDestination(target, writer),
    durable: () => sink.durable,
    onTrouble: (reason) => onAlarm?.({ kind: "delivery", destination: target.name, reason }),
  });
}
