import type { OutgoingRecord } from "./otlp-records.ts";

/** What a receiver answered. */
export interface Answer {
  readonly status: number;
  readonly statusMessage: string;
  /** The header as it came: seconds, or an HTTP date. */
  readonly retryAfter: string | undefined;
  /** Undefined where it is longer than any OTLP answer. */
  readonly body: Uint8Array | undefined;
}

/** What a receiver said of a request that it took: not all of it was. */
export interface Rejection {
  readonly count: number;
  readonly message: string;
}

/** One place that records are delivered to. */
export interface Destination {
  /** Names its cursor: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** For people to read. */
  readonly url: string;
  readonly encode: (records: readonly OutgoingRecord[]) => Uint8Array;
  /**
   * Sends one request, once. Rejects where there is no answer: no connection, no name, a timeout. Must
   * neither keep the process alive nor go on after `signal`.
   */
  readonly post: (body: Uint8Array, signal: AbortSignal) => Promise<Answer>;
  /** Reads from the body of a success what was rejected all the same. Throws where it is no such body. */
  readonly readRejection: (body: Uint8Array) => Rejection | undefined;
}

/**
 * What is to be done with a batch. `retry`: the same again, later. `split`: in halves. `refuse`: never
 * again, it goes to the dead letters.
 */
export type Verdict =
  | { readonly kind: "delivered" }
  | { readonly kind: "retry"; readonly afterMs: number | undefined; readonly reason: string }
  | { readonly kind: "split"; readonly reason: string }
  | { readonly kind: "refuse"; readonly reason: string };

/** The statuses that OTLP names; every other below 200 or from 300 on is a refusal. */
const STATUS_VERDICTS: ReadonlyMap<number, "retry" | "split"> = new Map([
  [413, "split"],
  [429, "retry"],
  [502, "retry"],
  [503, "retry"],
  [504, "retry"],
]);

/** Judges an answer by the OTLP specification. `now` is in epoch milliseconds. */
export function judgeAnswer(answer: Answer, now: number): Verdict {
  const { status, statusMessage, retryAfter } = answer;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const reason = `HTTP ${status} ${statusMessage}`.trim();
  const kind = STATUS_VERDICTS.get(status) ?? "refuse";
  return kind === "retry"
    ? { kind, reason, afterMs: retryAfterMs(retryAfter, now) }
    : { kind, reason };
}

/** What a `Retry-After` header asks for, in seconds or as an HTTP date; undefined where it says neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
