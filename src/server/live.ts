import type { LiveEvent, StoreState } from "./api-report-types.ts";
import type { StoreReader } from "./queries/reader.ts";
import { readSessions } from "./queries/sessions.ts";
import { readTurns } from "./queries/turns.ts";
import type { ChangedRows } from "./writer/messages.ts";

type Listener = (event: LiveEvent) => void;

/** The first change is told at once, and those after it are gathered for this long: enough for an eye. */
const GATHER_MS = 150;
const MAX_ROWS = 100;
const MAX_LISTENERS = 64;

/** Tells those who look on what changed. While nobody does, nothing is read. */
export class LiveChanges implements Disposable {
  readonly #store: StoreReader;
  readonly #listeners = new Set<Listener>();
  readonly #ending = new AbortController();
  readonly #sessions = new Set<number>();
  readonly #runs = new Set<number>();
  #isTooMuch = false;
  #toldMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: StoreReader) {
    this.#store = store;
  }

  /** `undefined` where too many look on already. */
  listen(listener: Listener): Disposable | undefined {
    if (this.#listeners.size >= MAX_LISTENERS) return undefined;
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Takes what a commit changed; `undefined`: too much to be named. */
  note(rows: ChangedRows | undefined): void {
    if (this.#listeners.size === 0) return;
    if (rows === undefined) this.#isTooMuch = true;
    for (const row of rows?.sessions ?? []) this.#sessions.add(row);
    for (const row of rows?.runs ?? []) this.#runs.add(row);
    const waitMs = Math.max(this.#toldMs + GATHER_MS - performance.now(), 0);
    this.#timer ??= setTimeout(() => this.#tellChanges(), waitMs);
  }

  noteStore(store: StoreState): void {
    this.#tell({ type: "store", store });
  }

  /** Aborted when the server stops: a stream has no end of its own. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort();
  }

  [Symbol.dispose](): void {
    this.end();
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #tellChanges(): void {
    this.#timer = undefined;
    this.#toldMs = performance.now();
    const isTooMuch =
      this.#isTooMuch || this.#sessions.size > MAX_ROWS || this.#runs.size > MAX_ROWS;
    this.#tell(
      isTooMuch
        ? { type: "refresh" }
        : {
            type: "changed",
            sessions: readSessions(this.#store, [...this.#sessions]),
            turns: readTurns(this.#store, [...this.#runs]),
          },
    );
    this.#isTooMuch = false;
    this.#sessions.clear();
    this.#runs.clear();
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
