import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";

/** What a thrown value says, in words that may go on a span. */
export interface Failure {
  readonly outcome: "failed" | "cancelled";
  readonly error: string;
  /** Low cardinality: a class name or a short code, never a message. */
  readonly errorType: string;
}

const CODE = /^[A-Z][A-Z0-9_]{2,40}$/;
/** A name anybody may put anything into: only what looks like a class is of low cardinality. */
const NAME = /^[A-Za-z_][\w.]{0,60}$/;

const isHttpStatus = (status: unknown): boolean =>
  Number.isInteger(status) && Number(status) >= 100 && Number(status) <= 599;

function typeOf(error: Error & { readonly code?: unknown; readonly status?: unknown }): string {
  if (isHttpStatus(error.status)) return String(error.status);
  if (typeof error.code === "string" && CODE.test(error.code)) return error.code;
  const { name } = error;
  return typeof name === "string" && name !== "Error" && NAME.test(name)
    ? name
    : ERROR_TYPE_VALUE_OTHER;
}

/** Reads what a body threw. An abort is somebody's wish and no failure. Never throws, whatever it is given. */
export function describeFailure(thrown: unknown): Failure {
  try {
    if (!(thrown instanceof Error)) {
      return { outcome: "failed", error: String(thrown), errorType: ERROR_TYPE_VALUE_OTHER };
    }
    const outcome = thrown.name === "AbortError" ? "cancelled" : "failed";
    return { outcome, error: String(thrown.message), errorType: typeOf(thrown) };
  } catch {
    return { outcome: "failed", error: "unreadable error", errorType: ERROR_TYPE_VALUE_OTHER };
  }
}
