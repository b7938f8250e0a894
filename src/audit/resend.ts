import path from "node:path";
import { CodedError } from "../base/errors.ts";
import { waitForLock } from "../base/file-lock.ts";
import { listWriters } from "../base/writer-lock.ts";
import { Courier } from "./courier.ts";
import { type DeadLetter, readDeadLetters, takeDeadLetters } from "./dead-letters.ts";
import { createOtlpDestination, type OtlpLogTarget } from "./otlp-destination.ts";
import type { OutgoingRecord } from "./otlp-records.ts";

/** What became of dead letters that were sent again. */
export interface Resent {
  readonly delivered: number;
  /** Not taken this time either, or taken only in part. */
  readonly refused: number;
  /** Not sent: they cannot be read, or the receiver takes nothing at the moment. */
  readonly left: number;
  /** Why it takes nothing. */
  readonly trouble: string | undefined;
}

export interface ResendOptions {
  /** Ends it early; what is not sent by then is left. */
  readonly signal: AbortSignal;
  /** Called with the number of letters dealt with so far. */
  readonly onLetters?: ((count: number) => void) | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
}

const LOCK_FILE = "resend-lock";
const LOCK_TIMEOUT_MS = 10_000;
const BATCH = 512;
const TIMING = { timeoutMs: 10_000, firstBackoffMs: 0, maxBackoffMs: 0 };

/** Destinations that have dead letters in an audit folder. */
export async function listDeadDestinations(root: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const writer of await listWriters(root)) {
    for await (const { destination } of readDeadLetters(path.join(root, writer))) {
      names.add(destination);
    }
  }
  return [...names].sort();
}

/**
 * Sends the dead letters of one destination again, those of all logs. What is taken is no dead letter any
 * more; all else stays one. Does not wait for a receiver: where that takes nothing, what is left is left.
 * Throws AUDIT_FOLDER_UNUSABLE where another process is at it.
 */
export async function resendDeadLetters(
  root: string,
  target: OtlpLogTarget,
  options: ResendOptions,
): Promise<Resent> {
  using lock = await waitForLock(path.join(root, LOCK_FILE), LOCK_TIMEOUT_MS);
  if (lock === undefined) {
    const message = `Another process is sending dead letters of ${root} again`;
    throw new CodedError("AUDIT_FOLDER_UNUSABLE", message);
  }
  const resender = new Resender(target, options);
  for (const writer of await listWriters(root)) {
    await resender.resend(path.join(root, writer), writer);
  }
  return resender.resent;
}

class Resender {
  readonly #target: OtlpLogTarget;
  readonly #options: ResendOptions;
  readonly #stop = new AbortController();
  #trouble: string | undefined;
  #counts = { delivered: 0, refused: 0, left: 0 };

  constructor(target: OtlpLogTarget, options: ResendOptions) {
    this.#target = target;
    this.#options = options;
  }

  get resent(): Resent {
    return { ...this.#counts, trouble: this.#trouble };
  }

  /** Sends those of one log. */
  async resend(folder: string, writer: string): Promise<void> {
    const taken = await takeDeadLetters(folder, this.#target.name);
    const courier = this.#createCourier(writer);
    for await (const letters of inBatches(taken.letters)) {
      const dead = await this.#send(courier, letters);
      if (dead.length > 0) await taken.putBack(dead);
      this.#tell();
    }
    await taken.finish();
  }

  #createCourier(writer: string): Courier {
    const { signal, clock = Date.now } = this.#options;
    return new Courier({
      destination: createOtlpDestination(this.#target, writer),
      timing: TIMING,
      clock,
      signal: AbortSignal.any([signal, this.#stop.signal]),
      onTrouble: (reason) => {
        if (reason === undefined) return;
        this.#trouble = reason;
        this.#stop.abort();
      },
    });
  }

  /** Returns those that are still dead. */
  async #send(courier: Courier, letters: readonly DeadLetter[]): Promise<readonly DeadLetter[]> {
    const records = letters.flatMap(toRecord);
    const unreadable = letters.filter(({ record }) => record === undefined);
    try {
      const receipt = records.length === 0 ? NOTHING : await courier.deliver(records);
      this.#counts.delivered += receipt.delivered;
      this.#counts.refused += records.length - receipt.delivered;
      this.#counts.left += unreadable.length;
      return [...unreadable, ...receipt.letters];
    } catch (error) {
      const isOver = this.#stop.signal.aborted || this.#options.signal.aborted;
      if (!isOver) throw error;
      this.#counts.left += letters.length;
      return letters;
    }
  }

  #tell(): void {
    const { delivered, refused, left } = this.#counts;
    this.#options.onLetters?.(delivered + refused + left);
  }
}

async function* inBatches(letters: AsyncIterable<DeadLetter>): AsyncGenerator<DeadLetter[]> {
  let batch: DeadLetter[] = [];
  for await (const letter of letters) {
    if (batch.push(letter) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const NOTHING = { delivered: 0, letters: [] };

const toRecord = ({ record, seq = 0, owner }: DeadLetter): OutgoingRecord[] =>
  record === undefined ? [] : [{ record, seq, owner }];
