import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf } from "../../base/errors.ts";
import { type Decoded, decodeRequest, type OtlpBody } from "../otlp/decode.ts";
import { RequestError } from "../otlp/rows.ts";
import type { Changes } from "../store/parts.ts";
import { needsPrice } from "../store/span-ingest.ts";
import type { Store, StoreBatch } from "../store/store.ts";
import type { FromWriter, IngestAnswer } from "./messages.ts";
import type { Prices } from "./prices.ts";
import { isOutOfSpace, StoreHealth } from "./store-health.ts";

interface Job {
  readonly id: number;
  readonly body: OtlpBody;
}

interface DecodedJob {
  readonly id: number;
  readonly decoded: Decoded;
}

/** Rows written in one transaction: more would keep the requests behind them waiting. */
const MAX_ROWS = 4000;
/** Rows of a commit that are named to those who look on. */
const MAX_NAMED = 100;

const TRY_LATER: IngestAnswer = {
  status: 503,
  accepted: 0,
  rejected: 0,
  problem: "the store cannot be written now",
};

/**
 * Takes requests in the order they come, decodes them, writes what has gathered in one transaction, and answers
 * after its commit: what is answered 200 is in the store.
 */
export class IngestLoop {
  readonly #store: Store;
  readonly #prices: Prices;
  readonly #post: (message: FromWriter) => void;
  readonly #health: StoreHealth;
  readonly #inbox: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(store: Store, prices: Prices, post: (message: FromWriter) => void) {
    this.#store = store;
    this.#prices = prices;
    this.#post = post;
    this.#health = new StoreHealth((state) => post({ type: "store", store: state }));
  }

  take(job: Job): void {
    this.#inbox.push(job);
    this.#running ??= this.#run();
  }

  /** Waits until all that was taken is answered. */
  async drain(): Promise<void> {
    await this.#running;
  }

  /** Removes old rows as long as nothing else is to do, and finds out whether a full disk has room again. */
  async tidy(): Promise<void> {
    await this.#prices.refresh();
    if (this.#health.isFull) this.#health.guard(() => this.#store.probe());
    while (!this.#health.isFull) {
      if (this.#inbox.length > 0) return;
      const more = this.#health.guard(() => this.#store.prune(Date.now()));
      if (more !== true) return;
      await nextTurn();
    }
  }

  async #run(): Promise<void> {
    // What arrived together is written together.
    await nextTurn();
    while (this.#inbox.length > 0) {
      const jobs = this.#decodeSome();
      if (this.#prices.price === undefined && jobs.some(hasUnpriced)) await this.#prices.load();
      this.#write(jobs);
      await nextTurn();
    }
    this.#running = undefined;
  }

  #decodeSome(): DecodedJob[] {
    const jobs: DecodedJob[] = [];
    let rows = 0;
    while (rows < MAX_ROWS) {
      const job = this.#inbox.shift();
      if (job === undefined) break;
      const decoded = this.#decode(job);
      if (decoded === undefined) continue;
      jobs.push({ id: job.id, decoded });
      rows += decoded.accepted;
    }
    return jobs;
  }

  #decode({ id, body }: Job): Decoded | undefined {
    try {
      return decodeRequest(body);
    } catch (error) {
      const { status, message } =
        error instanceof RequestError
          ? error
          : { status: 400 as const, message: "the request cannot be decoded" };
      this.#answer(id, { status, accepted: 0, rejected: 0, problem: message });
      return undefined;
    }
  }

  #write(jobs: readonly DecodedJob[]): void {
    if (jobs.length === 0) return;
    try {
      this.#commit(jobs);
    } catch (error) {
      if (isOutOfSpace(error)) return this.#postpone(jobs, error);
      if (jobs.length > 1) for (const job of jobs) this.#write([job]);
      else this.#reject(jobs, error);
    }
  }

  #commit(jobs: readonly DecodedJob[]): void {
    const changes = this.#store.write(joinRows(jobs), this.#prices.price);
    this.#health.set("ok");
    for (const { id, decoded } of jobs) {
      const { accepted, rejected, problem } = decoded;
      this.#answer(id, { status: 200, accepted, rejected, problem });
    }
    this.#tell(changes);
  }

  #postpone(jobs: readonly DecodedJob[], error: unknown): void {
    this.#health.set("full", error);
    for (const { id } of jobs) this.#answer(id, TRY_LATER);
  }

  /** Not to be tried again: it would fail each time. */
  #reject(jobs: readonly DecodedJob[], error: unknown): void {
    const problem = messageOf(error);
    for (const { id, decoded } of jobs) {
      this.#answer(id, { status: 400, accepted: 0, rejected: decoded.accepted, problem });
    }
  }

  #answer(id: number, answer: IngestAnswer): void {
    this.#post({ type: "answer", id, answer });
  }

  #tell({ sessions, runs }: Changes): void {
    if (sessions.size === 0 && runs.size === 0) return;
    const isMany = sessions.size > MAX_NAMED || runs.size > MAX_NAMED;
    this.#post({
      type: "changed",
      rows: isMany ? undefined : { sessions: [...sessions], runs: [...runs] },
    });
  }
}

const hasUnpriced = ({ decoded }: DecodedJob): boolean => decoded.rows.spans.some(needsPrice);

/** One job's rows as they are, more than one put together. */
function joinRows(jobs: readonly DecodedJob[]): StoreBatch {
  const [first] = jobs;
  if (jobs.length === 1 && first !== undefined) return first.decoded.rows;
  return {
    spans: jobs.flatMap(({ decoded }) => decoded.rows.spans),
    logs: jobs.flatMap(({ decoded }) => decoded.rows.logs),
    points: jobs.flatMap(({ decoded }) => decoded.rows.points),
  };
}
