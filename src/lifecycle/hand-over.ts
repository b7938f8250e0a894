import type { LifecycleRecord } from "./records.ts";
import type { SpanIds } from "./state.ts";

/** What a guard said: the run must not happen. Anything else lets it pass. */
export interface Abort {
  readonly abort: true;
  /** Default "aborted by hook". */
  readonly reason?: string | undefined;
  /** The entry that said so, for the audit. */
  readonly hook?: string | undefined;
}

export type Verdict = Abort | undefined;

/**
 * Who is told of records: the hook engine, in terms the lifecycle knows. `listens` is asked before
 * anything is built; `dispatch` returns the guards' verdict for `run.start`, at once where all guards
 * are synchronous, and undefined for every other record.
 */
export interface HookPort {
  listens(record: LifecycleRecord): boolean;
  /** `depth`: how deep in hooks it was told what the record says. Default: where the running code is. */
  dispatch(record: LifecycleRecord, depth?: number): Verdict | Promise<Verdict>;
  /** How many hooks the running code is inside of. */
  depth(): number;
}

/** A hook call on its way from the lifecycle to the span processor. */
export interface HookCall {
  /** The span moment that carries the call. */
  readonly moment: "start" | "end";
  /** `ids`: of the span that carries it, where one was started. */
  dispatch(ids?: SpanIds): void;
}

let pending: HookCall | undefined;

/**
 * Runs a span's start or end with its hook call in the slot; dispatches itself where no processor took
 * it: sampled out, a foreign provider, no SDK. Starts and ends are synchronous, so one slot is enough.
 */
export function handOver<T>(call: HookCall | undefined, act: () => T): T {
  return call === undefined ? act() : carry(call, act);
}

/** Apart, so that the case in which nobody listens is small enough to be inlined everywhere. */
function carry<T>(call: HookCall, act: () => T): T {
  const outer = pending;
  pending = call;
  try {
    return act();
  } finally {
    const taken = pending !== call;
    pending = outer;
    if (!taken) call.dispatch();
  }
}

/** Takes the call out of the slot; at once, so that spans made inside a hook cannot see it. */
export function takePending(moment: HookCall["moment"]): HookCall | undefined {
  const call = pending;
  if (call?.moment !== moment) return undefined;
  pending = undefined;
  return call;
}
