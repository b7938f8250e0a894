import { context, diag } from "@opentelemetry/api";
import { describeFailure } from "./failure.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { CallState, RunState } from "./state.ts";

/** What the handles share: the lifecycle they tell, the clock, and ids nobody else has. */
export interface Recorder {
  readonly lifecycle: Lifecycle;
  /** Epoch milliseconds, with fractions. */
  readonly now: () => number;
  /** Nobody listens and nothing is registered: the caller's code is run and nothing else is done. */
  readonly isIdle: () => boolean;
  readonly nextRunId: () => string;
}

/**
 * The id wanted for a run, or another where that one is taken: told again, it would be taken for a
 * repetition of the first, and pass with no guard asked and nothing recorded.
 */
export function freshRunId(recorder: Recorder, wanted: string | undefined): string {
  const { runs, closedRuns } = recorder.lifecycle.state;
  const isTaken = wanted === undefined || runs.has(wanted) || closedRuns.has(wanted);
  return isTaken ? recorder.nextRunId() : wanted;
}

type Body<A, T> = (handle: A) => T | PromiseLike<T>;

/** Runs the caller's code inside a span's context; its error comes out untouched. */
export async function runInside<A extends Ending, T>(
  recorder: Recorder,
  subject: RunState | CallState | undefined,
  handle: A,
  body: Body<A, T>,
): Promise<T> {
  // Told inside a hook: the span is there once the hook is through.
  if (recorder.lifecycle.isEmitting) await undefined;
  let value: T;
  try {
    value =
      subject === undefined
        ? await body(handle)
        : await context.with(recorder.lifecycle.contextOf(subject), body, undefined, handle);
  } catch (error) {
    quietly(() => handle.failed(error));
    throw error;
  }
  quietly(() => handle.ended());
  return value;
}

/** What a caller gave us to read may throw when it is read; that is no failure of its turn. */
function quietly(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    diag.error(`turnspan: a handle could not be ended: ${describeFailure(error).error}`);
  }
}

/** What hears how its body went. */
export interface Ending {
  ended(): void;
  failed(error: unknown): void;
}

/** Runs a body with nobody to tell; a synchronous throw becomes a rejection, as it does when told. */
export function runAlone<A, T>(handle: A, body: Body<A, T>): Promise<T> {
  // Not async: a promise of the body's is handed on as it is, which saves one of ours for each call.
  try {
    return Promise.resolve(body(handle));
  } catch (error) {
    return Promise.reject(error);
  }
}
