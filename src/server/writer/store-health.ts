import type { StoreState } from "../api-report-types.ts";

/** SQLite's result codes for a disk without room, or one that cannot be written. */
const OUT_OF_SPACE = new Set([10, 13]);

/** Whether a write may succeed later, when somebody has made room. */
export function isOutOfSpace(error: unknown): boolean {
  const code = (error as { readonly errcode?: unknown }).errcode;
  return typeof code === "number" && OUT_OF_SPACE.has(code & 0xff);
}

/** What the store is in; tells when that changes. */
export class StoreHealth {
  readonly #tell: (state: StoreState) => void;
  #state: StoreState["state"] = "ok";

  constructor(tell: (state: StoreState) => void) {
    this.#tell = tell;
  }

  get isFull(): boolean {
    return this.#state === "full";
  }

  set(state: StoreState["state"], error?: unknown): void {
    if (state === this.#state) return;
    this.#state = state;
    const problem = error instanceof Error ? error.message : null;
    this.#tell({ state, problem, sinceMs: state === "ok" ? null : Date.now() });
  }

  /** Runs something that writes; a full disk comes out as `undefined`. Other errors are thrown. */
  guard<T>(body: () => T): T | undefined {
    try {
      const result = body();
      this.set("ok");
      return result;
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      this.set("full", error);
      return undefined;
    }
  }
}
