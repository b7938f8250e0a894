import type { HookContext } from "./hook-context.ts";
import type { HookMoment } from "./hook-moment.ts";

/** They say nothing of whether the agent goes on. */
const SILENT: ReadonlySet<HookMoment["kind"]> = new Set(["sign", "config"]);

/** Whether the agent waits for its user. What it does next, where it waited, says that it does so no longer. */
export class HookWait {
  readonly #context: HookContext;
  /** The subagent that waits; the session itself where it has no id. */
  #waiting: { readonly thread: string | undefined } | undefined;

  constructor(context: HookContext) {
    this.#context = context;
  }

  take({ kind, thread, waitsFor, timeMs }: HookMoment): void {
    if (kind === "waits") {
      // A notice that names no subagent comes behind the question that does.
      this.#waiting ??= { thread };
      this.#tell(timeMs, waitsFor);
      return;
    }
    if (this.#waiting === undefined || SILENT.has(kind)) return;
    const isElsewhere = thread !== this.#waiting.thread;
    if (isElsewhere && (kind.startsWith("tool") || kind.startsWith("subagent"))) return;
    this.#waiting = undefined;
    this.#tell(timeMs, undefined);
  }

  #tell(time: number, waitsFor: string | undefined): void {
    const { sessionKey, sessionId, observe } = this.#context;
    observe({ type: "session.wait", time, sessionKey, sessionId, waitsFor });
  }
}
