import type { HookContext } from "./hook-context.ts";
import type { HookMoment } from "./hook-moment.ts";
import { type FinishRun, type HookRun, type HookStop, isOver } from "./hook-run.ts";
import { subagentRunId } from "./story-runs.ts";

interface HookSubagent extends HookRun {
  readonly thread: string;
  readonly type: string | undefined;
  readonly parent: HookRun | undefined;
  toolCallId: string | undefined;
}

/** Tools that start subagents, in the words of one agent or another. */
const SPAWNERS = new Set(["Agent", "Task", "agent", "task", "spawn_agent", "invoke_agent"]);
/** An agent tells within milliseconds when a subagent runs on after its tool. */
const LINK_MS = 2000;

interface OpenSpawner {
  readonly callId: string;
  readonly run: HookRun;
}

/** The subagents of a session: which tool call started each, and what runs. */
export class HookSubagents {
  readonly #context: HookContext;
  readonly #finish: FinishRun;
  readonly #running = new Map<string, HookSubagent>();
  readonly #known = new Set<string>();
  readonly #spawners = new Map<string, OpenSpawner>();

  constructor(context: HookContext, finish: FinishRun) {
    this.#context = context;
    this.#finish = finish;
  }

  get hasRunning(): boolean {
    return [...this.#running.values()].some(({ stop }) => stop === undefined);
  }

  get isSettling(): boolean {
    return [...this.#running.values()].some(({ stop }) => stop !== undefined);
  }

  /** The subagent that was started last of those that run. */
  get innermost(): HookRun | undefined {
    return [...this.#running.values()].at(-1);
  }

  knows(runId: string): boolean {
    return this.#known.has(runId);
  }

  find(thread: string | undefined): HookRun | undefined {
    return thread === undefined ? undefined : this.#running.get(thread);
  }

  start({ thread, threadType, timeMs }: HookMoment, parent: HookRun | undefined): void {
    if (thread === undefined || this.#running.has(thread)) return;
    const runId = subagentRunId(this.#context.sessionId, thread);
    if (this.#known.has(runId)) return;
    this.#known.add(runId);
    const about = { runId, thread, parent, type: threadType, startedMs: timeMs };
    const subagent = { ...about, toolCallId: undefined, stop: undefined, held: [] };
    this.#running.set(thread, subagent);
  }

  /** A subagent that was never started is none: what makes a history shorter ends so. */
  stop({ thread, timeMs }: HookMoment): void {
    const subagent = thread === undefined ? undefined : this.#running.get(thread);
    if (subagent === undefined) return;
    this.#link(subagent, undefined);
    subagent.stop = { timeMs, end: { outcome: "completed" } };
  }

  /** A tool call begins that may start a subagent. */
  noteTool(callId: string, name: string, moment: HookMoment, run: HookRun): void {
    if (!SPAWNERS.has(name)) return;
    this.#spawners.set(callId, { callId, run });
    if (name === "invoke_agent") {
      this.start({ ...moment, thread: callId, threadType: undefined }, run);
      const subagent = this.#running.get(callId);
      if (subagent !== undefined) this.#link(subagent, { callId, isDetached: false });
    }
  }

  /** A tool call has ended: it may say which subagent it started. */
  linkTool(callId: string, { spawned, timeMs }: HookMoment): void {
    // A subagent without an id of its own is named after its call, and ends with it.
    const nested = this.#running.get(callId);
    if (nested !== undefined) nested.stop ??= { timeMs, end: { outcome: "completed" } };
    if (spawned === undefined) return;
    const subagent =
      this.#running.get(spawned.thread ?? "") ??
      [...this.#running.values()].find(({ thread }) => thread.endsWith(`-${callId}`));
    if (subagent !== undefined) {
      this.#link(subagent, { callId, isDetached: spawned.isDetached });
    }
  }

  /** Whether one has had its grace. */
  isDue(nowMs: number): boolean {
    return [...this.#running.values()].some((subagent) => isOver(subagent, nowMs));
  }

  advance(nowMs: number): void {
    for (const subagent of [...this.#running.values()]) {
      if (nowMs >= subagent.startedMs + LINK_MS) this.#link(subagent, undefined);
      if (!isOver(subagent, nowMs)) continue;
      this.#running.delete(subagent.thread);
      this.#finish(subagent, subagent.stop);
    }
  }

  /** Ends all that run: as they stopped, or as those that did not. */
  endAll(dangling: HookStop): void {
    for (const subagent of [...this.#running.values()].reverse()) {
      this.#link(subagent, undefined);
      this.#running.delete(subagent.thread);
      this.#finish(subagent, subagent.stop ?? dangling);
    }
  }

  /** Nobody tells which call started it: the first that started none, and waits for it. */
  #waitingSpawner(subagent: HookSubagent): OpenSpawner | undefined {
    const taken = new Set([...this.#running.values()].map(({ toolCallId }) => toolCallId));
    const free = [...this.#spawners.values()].filter(({ callId }) => !taken.has(callId));
    const named = free.find(({ callId }) => subagent.thread.endsWith(`-${callId}`));
    return named ?? free[0];
  }

  #link(
    subagent: HookSubagent,
    told: { readonly callId: string; readonly isDetached: boolean } | undefined,
  ): void {
    const { held, runId, thread, type: agentId = "subagent", startedMs: time } = subagent;
    if (held === undefined) return;
    const waiting = told === undefined ? this.#waitingSpawner(subagent) : undefined;
    const callId = told?.callId ?? waiting?.callId;
    const spawner = callId === undefined ? undefined : this.#spawners.get(callId);
    subagent.toolCallId = callId;
    subagent.held = undefined;
    if (callId !== undefined) this.#spawners.delete(callId);
    const { sessionKey: parentSessionKey, observe } = this.#context;
    const sessionKey = `${parentSessionKey}/${thread}`;
    observe({
      ...{ type: "subagent.spawn", time, runId, sessionKey, agentId },
      parentSessionKey,
      parentRunId: (spawner?.run ?? subagent.parent)?.runId,
      toolCallId: callId,
      detached: callId === undefined || told?.isDetached === true,
    });
    observe({ type: "run.start", time, runId, sessionKey, agentId });
    for (const event of held) observe(event);
  }
}
