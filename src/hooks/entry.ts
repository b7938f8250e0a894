import type { AnyPayload, HookPayloads } from "./payload.ts";
import { type GuardName, type HookName, hookPoints, isHookName } from "./points.ts";

/** What a guard may answer; nothing, or anything but `abort: true`, lets the run pass. */
export interface GuardAnswer {
  readonly abort?: boolean | undefined;
  /** Default "aborted by hook". */
  readonly reason?: string | undefined;
}

// `void` beside a value is what a function that may end without `return` has.
// biome-ignore lint/suspicious/noConfusingVoidType: see above
type MaybeAnswer = GuardAnswer | void;

/** A handler of one hook. What an observer returns is ignored, but a promise is watched. */
export type HookHandler<H extends HookName> = (
  payload: HookPayloads[H],
) => H extends GuardName ? MaybeAnswer | PromiseLike<MaybeAnswer> : unknown;

export interface HandlerOptions<H extends HookName> {
  /** Smaller runs earlier; equal ones in the order they were attached. Default 10. */
  readonly priority?: number | undefined;
  /** How long a promise of the handler's is waited for or watched, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** What a guard that fails means: `open` lets the run pass (default), `closed` aborts it. */
  readonly onFailure?: (H extends GuardName ? "open" | "closed" : undefined) | undefined;
  /** Told at a guard's hook and not asked: nobody waits for it, and its answer is ignored. */
  readonly observes?: (H extends GuardName ? boolean : undefined) | undefined;
  /** For logs and the audit. Default the function's name. */
  readonly name?: string | undefined;
  /** The handler is called only where this says true. */
  readonly filter?: ((payload: HookPayloads[H]) => boolean) | undefined;
  /** Not called for what hooks of this depth did. 1: for nothing that a hook did. Default and most: 3. */
  readonly maxDepth?: number | undefined;
}

/** A handler in its place. */
export interface HookEntry {
  readonly hook: HookName;
  readonly name: string;
  readonly priority: number;
  readonly timeoutMs: number;
  readonly closed: boolean;
  readonly observes: boolean;
  readonly maxDepth: number;
  active: boolean;
  /** Takes the time: a clock costs more than a quick handler, so only the others are timed. */
  timed: boolean;
  /** Promises of this handler that are watched now. */
  inFlight: number;
  failures: number;
  // Methods, not properties: an entry is called with its own hook's payload, which its list ensures.
  handle(payload: AnyPayload): unknown;
  filter?(payload: AnyPayload): boolean;
}

/** Beyond this depth nothing is fired for what hooks do. */
export const MAX_DEPTH = 3;
export const DEFAULT_PRIORITY = 10;
export const DEFAULT_TIMEOUT_MS = 10_000;
/** A longer timer would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Makes an entry. Throws a TypeError that lists all that is wrong with it. */
export function createEntry<H extends HookName>(
  hook: H,
  handler: HookHandler<H>,
  options: HandlerOptions<H>,
): HookEntry {
  const problems = findProblems(hook, handler, options);
  if (problems.length > 0) throw new TypeError(`hook ${hook}: ${problems.join("; ")}`);
  return {
    hook,
    name: options.name ?? (handler.name || "anonymous"),
    priority: options.priority ?? DEFAULT_PRIORITY,
    timeoutMs: Math.min(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS),
    closed: options.onFailure === "closed",
    observes: options.observes === true,
    maxDepth: Math.min(options.maxDepth ?? MAX_DEPTH, MAX_DEPTH),
    active: true,
    timed: true,
    inFlight: 0,
    failures: 0,
    handle: handler,
    ...(options.filter === undefined ? {} : { filter: options.filter }),
  };
}

/** Disposed entries are skipped even by a dispatch that was under way. */
export const isCalled = (entry: HookEntry, depth: number): boolean =>
  entry.active && depth < entry.maxDepth;

const isNumber = (value: unknown, least: number): boolean =>
  value === undefined || (typeof value === "number" && value >= least);

/** Callers without a compiler get the same checks. */
function findProblems<H extends HookName>(
  hook: H,
  handler: HookHandler<H>,
  options: HandlerOptions<H>,
): string[] {
  const { priority, timeoutMs, onFailure, filter, maxDepth } = options;
  const isGuard = isHookName(hook) && hookPoints[hook] === "guard";
  const checks: readonly (readonly [boolean, string])[] = [
    [isHookName(hook), `no such hook; there are ${Object.keys(hookPoints).join(", ")}`],
    [typeof handler === "function", "the handler is no function"],
    [isNumber(priority, Number.NEGATIVE_INFINITY), "priority is no number"],
    [isNumber(timeoutMs, 0), "timeoutMs is no number of milliseconds"],
    [isNumber(maxDepth, 0), "maxDepth is no number"],
    [filter === undefined || typeof filter === "function", "filter is no function"],
    [
      onFailure === undefined || (isGuard && (onFailure === "open" || onFailure === "closed")),
      isGuard ? 'onFailure is neither "open" nor "closed"' : "onFailure is for guards only",
    ],
  ];
  return checks.filter(([good]) => !good).map(([, problem]) => problem);
}
