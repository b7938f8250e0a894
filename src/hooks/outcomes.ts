import type { HookReport } from "../lifecycle/events.ts";
import { describeFailure } from "../lifecycle/failure.ts";
import { shownText } from "../lifecycle/free-text.ts";
import type { SlowHookCall } from "../lifecycle/hook-span.ts";
import type { LifecycleRecord } from "../lifecycle/records.ts";
import type { SessionState } from "../lifecycle/state.ts";
import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";
import { CommonPayload } from "./common-payload.ts";
import type { HookEntry } from "./entry.ts";
import type { AnyPayload, HookLog } from "./payload.ts";
import type { HookName } from "./points.ts";

/** What handlers did, for the audit; the receiver adds the time. */
export type HookFinding = Omit<HookReport, "time">;

/** Why a handler was not called. */
export type DropReason = "hook_queue_full" | "hook_depth";

/** Who is told of what handlers did. What these throw is ignored. */
export interface HookListeners {
  /** Each failure and each abort, once an occurrence. */
  readonly report?: ((finding: HookFinding) => void) | undefined;
  /** Durations of handlers that returned a promise, or failed. */
  readonly duration?:
    | ((hook: HookName, seconds: number, errorType: string | undefined) => void)
    | undefined;
  /** The same calls, with what they were told of: for their spans. */
  readonly called?: ((call: SlowHookCall) => void) | undefined;
  /** Handlers that were not called. */
  readonly drop?: ((reason: DropReason, hook: HookName) => void) | undefined;
}

/** Tells what came of handlers: to the audit, the metrics, and the log, there once a cause. Never throws. */
export class HookOutcomes {
  readonly #listeners: HookListeners[];
  readonly #log: HookLog;
  readonly #said = new Set<DropReason | "broken">();
  readonly #circling = new WeakSet<SessionState>();

  constructor(listeners: HookListeners, log: HookLog) {
    this.#listeners = [listeners];
    this.#log = log;
  }

  add(listeners: HookListeners): void {
    this.#listeners.push(listeners);
  }

  /** A handler threw, rejected, hung or answered rubbish. Returns the message. */
  failed(entry: HookEntry, payload: AnyPayload, thrown: unknown, beganAt?: number): string {
    const { text, errorType } = describe(thrown);
    const durationMs = beganAt === undefined ? undefined : performance.now() - beganAt;
    entry.failures += 1;
    quietly(() => {
      const say = entry.failures === 1 ? this.#log.warn : this.#log.debug;
      say.call(this.#log, `hook ${entry.hook} "${entry.name}" failed: ${text}`);
    });
    const what = { error: text, errorType, durationMs };
    this.#report({ type: "hook.failure", ...aboutOf(entry, payload), ...what });
    if (durationMs !== undefined) this.#measure(entry, payload, durationMs, { text, errorType });
    return text;
  }

  aborted(entry: HookEntry, payload: AnyPayload, reason: string, beganAt?: number): void {
    const durationMs = beganAt === undefined ? undefined : performance.now() - beganAt;
    const what = { decision: "abort", reason, durationMs } as const;
    this.#report({ type: "hook.decision", ...aboutOf(entry, payload), ...what });
  }

  /** A promise of a handler's was kept. */
  kept(entry: HookEntry, payload: AnyPayload, beganAt: number): void {
    this.#measure(entry, payload, performance.now() - beganAt);
  }

  dropped(reason: DropReason, hook: HookName): void {
    for (const listener of this.#listeners) quietly(() => listener.drop?.(reason, hook));
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    quietly(() =>
      this.#log.warn(`hook ${hook} was not called: ${explanations[reason]}; said once`),
    );
  }

  /** Hooks set off hooks: counted each time, and a record for the first time in a session. */
  tooDeep(hook: HookName, record: LifecycleRecord): void {
    this.dropped("hook_depth", hook);
    const { session } = record;
    if (this.#circling.has(session)) return;
    this.#circling.add(session);
    const error = `not called: ${explanations.hook_depth}`;
    this.#report({ type: "hook.failure", hook, ...idsOf(record), error, errorType: "hook_depth" });
  }

  /** Our own trouble: nothing a handler did. */
  broken(hook: string, error: unknown): void {
    if (this.#said.has("broken")) return;
    this.#said.add("broken");
    quietly(() =>
      this.#log.error(`hook ${hook} was not called: ${describe(error).text}; said once`),
    );
  }

  #report(finding: HookFinding): void {
    for (const listener of this.#listeners) quietly(() => listener.report?.(finding));
  }

  #measure(
    { hook, name }: HookEntry,
    payload: AnyPayload,
    durationMs: number,
    failure?: Described,
  ): void {
    const { text: error, errorType } = failure ?? {};
    for (const listener of this.#listeners) {
      quietly(() => listener.duration?.(hook, durationMs / 1000, errorType));
      quietly(() => {
        const record = CommonPayload.recordOf(payload);
        listener.called?.({ hook, entry: name, record, durationMs, error, errorType });
      });
    }
  }
}

const explanations = {
  hook_queue_full: "too many promises of its handler are pending",
  hook_depth: "hooks set off hooks that set off hooks",
} as const satisfies Record<DropReason, string>;

/**
 * From the record and not the payload, which the handler had in its hands. Another library's span has no
 * session or run of ours to stand under.
 */
function aboutOf(entry: HookEntry, payload: AnyPayload): Omit<HookFinding, "type"> {
  const { hook, name } = entry;
  const record = CommonPayload.recordOf(payload);
  return { hook, entry: name, ...(record && idsOf(record)) };
}

const idsOf = (record: LifecycleRecord): Pick<HookFinding, "sessionKey" | "runId"> => ({
  sessionKey: record.session.sessionKey,
  runId: record.run?.runId ?? ("runId" in record ? record.runId : undefined),
});

interface Described {
  readonly text: string;
  readonly errorType: string;
}

function describe(thrown: unknown): Described {
  try {
    const { error, errorType } = describeFailure(thrown);
    return { text: shownText(error), errorType: String(errorType) };
  } catch {
    return { text: "unreadable error", errorType: ERROR_TYPE_VALUE_OTHER };
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // The receiver's own trouble: there is nobody left to tell.
  }
}
