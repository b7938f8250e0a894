import type { Ack } from "../base/segment-queue.ts";
import { claimAnyWriter } from "../base/writer-lock.ts";
import type { LifecycleOutputs } from "../lifecycle/outputs.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { Estates } from "./estates.ts";
import { AuditPlace, type PlaceOptions, type PlaceStatus } from "./place.ts";
import { type PlaceState, type ProcessDescription, StatusWriter } from "./process-status.ts";
import { endAbandoned } from "./recover.ts";

export interface AuditLaneOptions extends PlaceOptions {
  /** Shared by all processes that write there; each has a place of its own in it. */
  readonly folder: string;
  /** What the process says of itself in its status, for `turnspan doctor`; without it there is no status. */
  readonly describe?: (() => ProcessDescription) | undefined;
}

/** Where the ends of what a dead process left go, beside the log: spans, hooks. */
export type RecoveryOutputs = Omit<LifecycleOutputs, "append" | "findLogger">;

/** What recovery found. */
export interface Recovered {
  /** Writers that were gone, this process's own predecessor included, and had left something open. */
  readonly writers: number;
  /** Sessions and turns that were ended. */
  readonly ended: number;
}

const CLOSE_TIMEOUT_MS = 2000;
const STORE_TIMEOUT_MS = 10_000;

/**
 * The audit lane of one process: its own place, and those of dead writers for as long as something of
 * theirs is to be delivered.
 */
export class AuditLane implements AsyncDisposable {
  readonly #options: AuditLaneOptions;
  readonly #own: AuditPlace;
  readonly #estates = new Estates<AuditPlace>();
  readonly #statusWriter: StatusWriter | undefined;
  #recovering: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(options: AuditLaneOptions, own: AuditPlace) {
    this.#options = options;
    this.#own = own;
    const { describe, clock } = options;
    this.#statusWriter =
      describe &&
      new StatusWriter(own.folder, () => ({ ...describe(), ...this.#readState() }), clock);
  }

  /** Takes a place in the folder. Rejects with what the file system says. */
  static async open(options: AuditLaneOptions): Promise<AuditLane> {
    const claim = await claimAnyWriter(options.folder);
    return new AuditLane(options, await AuditPlace.open(claim, options));
  }

  /** Why nothing can be stored at the moment, and records wait or are lost; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#own.trouble;
  }

  /** Appends a record. The promise says when it is safe, or that it was lost; it never rejects. */
  append(record: WireRecord): Promise<Ack> {
    return this.#own.append(record);
  }

  /**
   * Ends what dead writers left open, each session once however many processes do this at the same time,
   * and delivers what is left of theirs. Resolves when the ends are safe; may be called again at any time.
   */
  recover(outputs: RecoveryOutputs): Promise<Recovered> {
    const recovered = this.#recovering.then(() => this.#recover(outputs));
    this.#recovering = recovered.catch(() => {});
    return recovered;
  }

  /** This process's place first. */
  status(): readonly PlaceStatus[] {
    return [this.#own, ...this.#estates].map((place) => place.status());
  }

  /** Resolves to true when everything is safe and delivered everywhere, and to false at the deadline. */
  async drain(timeoutMs: number): Promise<boolean> {
    const places = [this.#own, ...this.#estates];
    const done = await Promise.all(places.map((place) => place.drain(timeoutMs)));
    return done.every(Boolean);
  }

  /** Stores what waits and stops; what is not delivered is delivered by the next process. Default 2 s. */
  close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the moment when the process exits: what waits is stored without the event loop. */
  closeNow(): void {
    for (const place of [this.#own, ...this.#estates]) place.closeNow();
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#estates.stop();
    await this.#recovering;
    const estates = [...this.#estates].map((estate) => estate.close(timeoutMs));
    await Promise.all([this.#own.close(timeoutMs, () => this.#statusWriter?.stop()), ...estates]);
  }

  #readState(): PlaceState {
    const { log, deliveries } = this.#own.status();
    return {
      lastSyncAt: log.lastSyncAt,
      trouble: this.trouble,
      waitingBytes: log.waitingBytes,
      deliveries: deliveries.map(({ destination, trouble }) => ({ destination, trouble })),
    };
  }

  async #recover(outputs: RecoveryOutputs): Promise<Recovered> {
    if (this.#estates.isStopped) return { writers: 0, ended: 0 };
    const estates = await this.#openEstates();
    const places = [this.#own, ...estates];
    const counts = places.map((place) => endLeft(place, outputs));
    await Promise.all(places.map((place) => place.store(STORE_TIMEOUT_MS)));
    for (const estate of estates) void this.#estates.settle(estate);
    return {
      writers: counts.filter((count) => count > 0).length,
      ended: counts.reduce((sum, count) => sum + count, 0),
    };
  }

  #openEstates(): Promise<readonly AuditPlace[]> {
    const options = this.#options;
    return this.#estates.take(
      options.folder,
      (claim) => AuditPlace.open(claim, options),
      (cause) => options.onAlarm?.({ kind: "trouble", reason: "disk_failed", cause }),
    );
  }
}

/** Returns how many sessions and turns were ended. */
function endLeft(place: AuditPlace, outputs: RecoveryOutputs): number {
  const left = place.takeLeft();
  endAbandoned(left, { ...outputs, append: (record) => void place.append(record) });
  return left.size;
}
