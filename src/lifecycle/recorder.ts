import { context } from "@opentelemetry/api";
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

type Body<A, T> = (handle: A) => T | PromiseLike<T>;

/** Runs the caller's code inside a span's context; its error comes out untouched. */
export async function runInside<A extends Ending, T>(
  recorder: Recorder,
  subject: RunState | CallState | undefined,
  handle: A,
  body: Body<A, T>,
): Promise<T> {
  let value: T;
  try {
    value =
      subject === undefined
        ? await body(handle)
        : await context.with(recorder.lifecycle.contextOf(subject), body, undefined, handle);
  } catch (error) {
    handle.failed(error);
    throw error;
  }
  handle.ended();
  return value;
}

/** What hears how its body went. */
export interface Ending {
  ended(): void;
  failed(error: unknown): void;
}

/** Runs a body with nobody to tell; a synchronous throw becomes a rejection, as it does when told. */
export async function runAlone<A, T>(handle: A, body: Body<A, T>): Promise<T> {
  return await body(handle);
}
