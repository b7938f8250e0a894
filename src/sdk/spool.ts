import path from "node:path";
import { Delivery, type DeliveryTiming } from "../audit/delivery.ts";
import type { Destination } from "../audit/destination.ts";
import { type Estate, Estates } from "../audit/estates.ts";
import { SegmentLog } from "../base/segment-log.ts";
import { type Claim, claimAnyWriter } from "../base/writer-lock.ts";

/** A request's worth of spans, as it stands in the spool. */
const EVENT_SPOOLED = "turnspan.spool.spans";

export interface SpoolConfig {
  /** Of one receiver: what stands in it is meant for nobody else. */
  readonly root: string;
  readonly maxBytes: number;
  readonly post: Destination["post"];
  readonly url: string;
  /** Joins requests into one. */
  readonly join: (requests: readonly Uint8Array[]) => Uint8Array;
  readonly readRejection: Destination["readRejection"];
  /** Told of requests that were lost, and why; they are counted in spans by whoever added them. */
  readonly onTrouble: (reason: string | undefined) => void;
  readonly timing?: Partial<DeliveryTiming> | undefined;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1000;

/** One writer's spool: what was added, and its delivery. */
class SpoolPlace implements Estate {
  readonly #claim: Claim;
  readonly #log: SegmentLog;
  readonly #delivery: Delivery;

  private constructor(claim: Claim, log: SegmentLog, delivery: Delivery) {
    this.#claim = claim;
    this.#log = log;
    this.#delivery = delivery;
  }

  static async open(claim: Claim, config: SpoolConfig): Promise<SpoolPlace> {
    const { maxBytes, onTrouble, timing } = config;
    let delivery: Delivery | undefined;
    try {
      const log = await SegmentLog.open({
        ...{
          folder: claim.folder,
          maxBytes,
          maxSegmentBytes: Math.min(SEGMENT_BYTES, maxBytes / 4),
        },
        // What is delivered is of no more use.
        retention: () => ({ before: Date.now(), keepFromSeq: delivery?.nextSeq ?? 0 }),
        onDurable: () => delivery?.wake(),
      });
      delivery = await Delivery.open({
        ...{ folder: claim.folder, writer: claim.writer, onTrouble, timing },
        destination: destinationOf(config),
        durable: () => log.durable,
      });
      return new SpoolPlace(claim, log, delivery);
    } catch (error) {
      claim[Symbol.dispose]();
      throw error;
    }
  }

  get isSettled(): boolean {
    return this.#delivery.isIdle;
  }

  async add(body: string): Promise<boolean> {
    return (await this.#log.append(body)).stored;
  }

  async drain(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const isSafe = await this.#log.drain(timeoutMs);
    return (await this.#delivery.drain(Math.max(0, deadline - performance.now()))) && isSafe;
  }

  async close(): Promise<void> {
    this.#log.prune();
    await this.#log.close(CLOSE_TIMEOUT_MS);
    await this.#delivery.stop();
    this.#claim[Symbol.dispose]();
  }

  closeNow(): void {
    this.#log.closeNow();
  }
}

function destinationOf({ url, post, join, readRejection }: SpoolConfig): Destination {
  return {
    ...{ name: "spans", url, post, readRejection },
    // A gap is no request: it was counted when it came about.
    encode: (records) =>
      join(
        records.flatMap(({ record }) =>
          record.eventName === EVENT_SPOOLED
            ? Buffer.from(String(record.attributes["body"]), "base64")
            : [],
        ),
      ),
  };
}

/**
 * Requests on their way to one receiver, on disk until it has them: over an outage of any length, and over
 * the end of the process, whose successor delivers what is left.
 */
export class Spool {
  readonly #own: SpoolPlace;
  readonly #estates = new Estates<SpoolPlace>();
  readonly #settling: Promise<void>;
  #closing: Promise<void> | undefined;

  private constructor(own: SpoolPlace, config: SpoolConfig) {
    this.#own = own;
    this.#settling = this.#deliverLeft(config);
  }

  /** Takes a place in the folder, and delivers what dead processes left there. Rejects with what the file system says. */
  static async open(config: SpoolConfig): Promise<Spool> {
    const claim = await claimAnyWriter(path.resolve(config.root));
    return new Spool(await SpoolPlace.open(claim, config), config);
  }

  /** Adds a request; resolves to whether it is safe on disk. Never rejects. */
  add(request: Uint8Array): Promise<boolean> {
    const body = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
    return this.#own.add(spooledText(body.toString("base64"), Date.now()));
  }

  /** Resolves to true when everything is delivered; to false at the deadline, or when the receiver makes us wait. */
  async drain(timeoutMs: number): Promise<boolean> {
    const places = [this.#own, ...this.#estates];
    const done = await Promise.all(places.map((place) => place.drain(timeoutMs)));
    return done.every(Boolean);
  }

  /** Stores what waits and stops; what is not delivered is delivered by the next process. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For the moment when the process exits. */
  closeNow(): void {
    this.#own.closeNow();
  }

  async #close(): Promise<void> {
    this.#estates.stop();
    await this.#settling;
    await Promise.all([this.#own, ...this.#estates].map((place) => place.close()));
  }

  /** What cannot be opened is left to the next process. */
  async #deliverLeft(config: SpoolConfig): Promise<void> {
    const open = (claim: Claim) => SpoolPlace.open(claim, config);
    const taken = this.#estates.take(path.resolve(config.root), open, () => undefined);
    for (const place of await taken.catch(() => [])) void this.#estates.settle(place);
  }
}

/** In the order of canonical JSON; base64 has nothing to escape. */
const spooledText = (body: string, now: number): string =>
  `{"attributes":{"body":"${body}"},"eventName":"${EVENT_SPOOLED}","severityNumber":9,"severityText":"INFO","timestamp":${now}}`;
