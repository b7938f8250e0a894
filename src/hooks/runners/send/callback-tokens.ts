import { randomBytes } from "node:crypto";

interface Kept {
  readonly data: string;
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

const PREFIX = "ts:";
/** 96 random bits: not to be guessed. */
const TOKEN_BYTES = 12;
const LIFETIME_MS = 24 * 60 * 60 * 1000;
const MAX_KEPT = 10_000;

/**
 * Stands in for what a button should send back and cannot carry: a short token goes out, the data stay
 * here. A token is good once, for a day, and for the conversation that it was sent to.
 */
export class CallbackTokens {
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  /** `now` in epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The data as they are where they fit, else a token for them. */
  shorten(data: string, owner: string, maxBytes: number): string {
    if (Buffer.byteLength(data) <= maxBytes) return data;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MAX_KEPT) this.#kept.delete(oldest);
    const token = `${PREFIX}${randomBytes(TOKEN_BYTES).toString("base64url")}`;
    this.#kept.set(token, { data, owner, until: this.#now() + LIFETIME_MS });
    return token;
  }

  /**
   * What a pressed button stands for. Undefined for a token that is not known, used up, too old, or that
   * somebody else's conversation was given; it stays good for its owner then. What is no token comes back
   * as it is.
   */
  redeem(data: string, owner: string): string | undefined {
    if (!data.startsWith(PREFIX)) return data;
    const kept = this.#kept.get(data);
    if (kept === undefined || kept.owner !== owner) return undefined;
    this.#kept.delete(data);
    return kept.until >= this.#now() ? kept.data : undefined;
  }
}
