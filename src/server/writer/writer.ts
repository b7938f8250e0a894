import { Worker } from "node:worker_threads";
import { CodedError, type ErrorCode } from "../../base/errors.ts";
import { findModule } from "../../base/package-files.ts";
import type { StoreState } from "../api-report-types.ts";
import type { OtlpBody } from "../otlp/decode.ts";
import type { ChangedRows, FromWriter, IngestAnswer, ToWriter, WriterOptions } from "./messages.ts";

/** Bytes of requests that may wait for the writer; whoever comes then is asked to come again. */
export const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** The writer's heap: what decodes 20 MiB of JSON needs, and no more than a small machine has. */
const MAX_HEAP_MB = 512;
/** A batch outlives a young generation of any size: a larger one only makes the process larger. */
const MAX_YOUNG_MB = 24;
/** The module that runs in the thread. */
const THREAD = "server/writer/thread";
const CLOSE_TIMEOUT_MS = 30_000;

export interface WriterEvents {
  readonly onChanged: (rows: ChangedRows | undefined) => void;
  readonly onStore: (state: StoreState) => void;
  /** The thread died; nothing is written any more. */
  readonly onFailed: (error: Error) => void;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: (answer: IngestAnswer) => void;
}

const FAILED: IngestAnswer = {
  status: 503,
  accepted: 0,
  rejected: 0,
  problem: "the server is stopping",
};

/** The writer's thread, as the other threads see it. */
export class Writer {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  #waitingBytes = 0;
  #nextId = 0;
  #isClosing = false;

  private constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#closed = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", (message: FromWriter) => this.#receive(message, events));
    worker.on("error", (error: Error) => events.onFailed(error));
    worker.on("exit", () => this.#failAll());
  }

  /** Starts the thread and opens the store. Throws what opening it throws. */
  static async start(options: WriterOptions, events: WriterEvents): Promise<Writer> {
    const worker = new Worker(findModule(THREAD), {
      workerData: options,
      // Flags of the host's own, such as --input-type, are not for this thread.
      execArgv: [],
      resourceLimits: {
        maxOldGenerationSizeMb: MAX_HEAP_MB,
        maxYoungGenerationSizeMb: MAX_YOUNG_MB,
      },
    });
    await opened(worker);
    return new Writer(worker, events);
  }

  /** Bytes that were given and are not written yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Writes a request; resolves when it is in the store, or when it is clear that it will not be. */
  ingest(body: OtlpBody): Promise<IngestAnswer> {
    if (this.#isClosing) return Promise.resolve(FAILED);
    const id = this.#nextId++;
    const bytes = body.bytes.byteLength;
    this.#waitingBytes += bytes;
    return new Promise((resolve) => {
      this.#waiting.set(id, { bytes, resolve });
      this.#send({ type: "ingest", id, body }, [body.bytes.buffer as ArrayBuffer]);
    });
  }

  /** Writes what is waiting, closes the store, ends the thread. */
  async close(): Promise<void> {
    if (!this.#isClosing) this.#send({ type: "close" });
    this.#isClosing = true;
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  #send(message: ToWriter, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #receive(message: FromWriter, events: WriterEvents): void {
    switch (message.type) {
      case "answer":
        return this.#settle(message.id, message.answer);
      case "changed":
        return events.onChanged(message.rows);
      case "store":
        return events.onStore(message.store);
      case "opened":
      case "refused":
      case "closed":
        return;
    }
  }

  #settle(id: number, answer: IngestAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#waitingBytes -= waiting.bytes;
    waiting.resolve(answer);
  }

  #failAll(): void {
    this.#isClosing = true;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, FAILED);
  }
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: FromWriter) => {
      worker.off("error", reject);
      if (message.type === "opened") return resolve();
      if (message.type !== "refused") return reject(new Error(`the writer said ${message.type}`));
      reject(new CodedError(message.code as ErrorCode, message.message));
    });
  });
}
