import { redactText } from "../base/redact.ts";
import type { HookReport } from "../lifecycle/events.ts";
import { describeFailure } from "../lifecycle/failure.ts";
import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";
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
  /** Handlers that were not called. */
  readonly drop?: ((reason: DropReason, hook: HookName) => void) | undefined;
}

const MAX_ERROR_CHARS = 1000;

/** Tells what came of handlers: to the audit, the metrics, and the log, there once a cause. Never throws. */
export class HookOutcomes {
  readonly #listeners: HookListeners[];
  readonly #log: HookLog;
  readonly #said = new Set<DropReason | "broken">();

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
    if (durationMs !== undefined) this.#measure(entry.hook, durationMs, errorType);
    return text;
  }

  aborted(entry: HookEntry, payload: AnyPayload, reason: string, beganAt?: number): void {
    const durationMs = beganAt === undefined ? undefined : performance.now() - beganAt;
    const what = { decision: "abort", reason, durationMs } as const;
    this.#report({ type: "hook.decision", ...aboutOf(entry, payload), ...what });
  }

  /** A promise of a handler's was kept. */
  kept(entry: HookEntry, beganAt: number): void {
    this.#measure(entry.hook, performance.now() - beganAt, undefined);
  }

  dropped(reason: DropReason, hook: HookName): void {
    for (const listener of this.#listeners) quietly(() => listener.drop?.(reason, hook));
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    quietly(() => this.#log.warn(`hook ${hook} was not called: ${explanations[reason]}`));
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

  #measure(hook: HookName, durationMs: number, errorType: string | undefined): void {
    for (const listener of this.#listeners) {
      quietly(() => listener.duration?.(hook, durationMs / 1000, errorType));
    }
  }
}

const explanations = {
  hook_queue_full: "too many promises of its handler are pending; said once",
  hook_depth: "hooks set off hooks that set off hooks; said once",
} as const satisfies Record<DropReason, string>;

/** Another library's span has no session or run of ours to stand under. */
function aboutOf(entry: HookEntry, payload: AnyPayload): Omit<HookFinding, "type"> {
  const { hook, name } = entry;
  if ("thirdParty" in payload) return { hook, entry: name };
  return { hook, entry: name, sessionKey: payload.sessionKey, runId: payload.runId };
}

/** Cut before it is searched for secrets too: an error can hold a whole response. */
function describe(thrown: unknown): { readonly text: string; readonly errorType: string } {
  try {
    const { error, errorType } = describeFailure(thrown);
    const text = redactText(String(error).slice(0, MAX_ERROR_CHARS));
    return { text, errorType: String(errorType) };
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
