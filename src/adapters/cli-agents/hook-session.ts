import type { LifecycleEvent, Settings } from "../../lifecycle/events.ts";
import type { AgentHooks, HookMoment } from "./hook-moment.ts";
import { type HookRun, HookSubagents } from "./hook-subagents.ts";
import type { ToldEnd } from "./session-story.ts";
import { sessionKeyOf } from "./story-events.ts";
import type { ToldRun } from "./told-runs.ts";

/** What may still come of a run that has stopped: a second stop, the last lines of its transcript. */
const GRACE_MS = 2000;

interface HookTurn extends HookRun {
  lastMessage: string | undefined;
}

export interface HookSessionOptions {
  readonly hooks: AgentHooks;
  readonly observe: (event: LifecycleEvent) => void;
}

/**
 * Makes lifecycle events of the hooks of one session, told in the order of their times. A turn that has
 * stopped ends when its grace is over; what the transcript tells of it by then completes it.
 */
export class HookSession {
  readonly #hooks: AgentHooks;
  readonly #observe: (event: LifecycleEvent) => void;
  readonly #agent: HookMoment["agent"];
  readonly #sessionId: string;
  readonly #sessionKey: string;
  readonly #subagents: HookSubagents;
  readonly #ended = new Set<string>();
  /** Tool calls that run: their runs, by their ids. */
  readonly #tools = new Map<string, { readonly run: HookRun; readonly mark: string | undefined }>();
  readonly #seenTools = new Set<string>();
  #turn: HookTurn | undefined;
  #prompts = 0;
  #settings: Record<string, unknown> = {};
  #told: ReadonlyMap<string, ToldRun> = new Map();
  #isOpen = false;
  #lastSignMs = Number.NEGATIVE_INFINITY;
  #latest: HookMoment | undefined;

  constructor(first: Pick<HookMoment, "agent" | "sessionId">, options: HookSessionOptions) {
    this.#hooks = options.hooks;
    this.#observe = options.observe;
    this.#agent = first.agent;
    this.#sessionId = first.sessionId;
    this.#sessionKey = sessionKeyOf(first.agent, first.sessionId);
    this.#subagents = new HookSubagents(this.#sessionKey, this.#sessionId, options.observe);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get lastSignMs(): number {
    return this.#lastSignMs;
  }

  /** The latest that was told: where the transcript is, and which process it is. */
  get latest(): HookMoment | undefined {
    return this.#latest;
  }

  get hasTurn(): boolean {
    return this.#turn !== undefined;
  }

  /** Something has stopped, and waits for its grace to be over. */
  get isSettling(): boolean {
    return this.#turn?.stop !== undefined || this.#subagents.isSettling;
  }

  /** Whether something that has stopped would end now: its transcript is to be read before. */
  isDue(nowMs: number): boolean {
    return this.#isTurnDue(nowMs) || this.#subagents.isDue(nowMs);
  }

  /** Takes what the transcripts tell by now. */
  complete(told: ReadonlyMap<string, ToldRun>, turnsBefore?: number): void {
    this.#told = told;
    if (turnsBefore !== undefined) this.#prompts = Math.max(this.#prompts, turnsBefore);
  }

  /** Tells what is known of the calls of the turn that runs, all but the latest: it may still change. */
  tellProgress(): void {
    if (this.#turn === undefined) return;
    const calls = this.#told.get(this.#turn.runId)?.events.filter(isCallEnd) ?? [];
    for (const event of calls.slice(0, -1)) this.#observe(event);
  }

  take(moment: HookMoment): void {
    this.advance(moment.timeMs);
    this.#latest = {
      ...moment,
      pid: moment.pid ?? this.#latest?.pid,
      run: moment.run ?? this.#latest?.run,
    };
    if (moment.kind === "session.start") this.#start(moment);
    else if (moment.kind === "session.end") this.#end(moment);
    else this.#live(moment);
    this.#lastSignMs = Math.max(this.#lastSignMs, moment.timeMs);
  }

  /** Lets time pass: ends what has stopped and had its grace. */
  advance(nowMs: number): void {
    this.#subagents.advance(nowMs, (run) => this.#finish(run, run.stop));
    const stop = this.#turn?.stop;
    if (stop !== undefined && this.#isTurnDue(nowMs)) this.#endTurn(stop.end, stop.timeMs);
  }

  #isTurnDue(nowMs: number): boolean {
    const stop = this.#turn?.stop;
    if (stop === undefined || nowMs < stop.timeMs + GRACE_MS) return false;
    return this.#hooks.waitsForSubagents !== true || !this.#subagents.hasRunning;
  }

  /** Ends the session whose process is gone, or whose recording is over. `dangling`: how an open turn ended. */
  close(dangling: ToldEnd = { outcome: "abandoned" }): void {
    if (!this.#isOpen) return;
    const turn = this.#turn;
    const told = turn && (turn.stop?.end ?? this.#told.get(turn.runId)?.end);
    const isQuiet = turn === undefined || told !== undefined;
    const reason = isQuiet && this.#hooks.endsInSilence === true ? "exit" : "abandoned";
    this.#endAll(dangling, this.#lastSignMs);
    this.#closeSession(reason, this.#lastSignMs);
  }

  #start(moment: HookMoment): void {
    // The program goes on with the same session after it has made its history shorter.
    if (moment.reason === "compact" && this.#isOpen) return;
    if (this.#isOpen) this.close();
    this.#settings = {};
    this.#open(moment);
  }

  #open(moment: HookMoment): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { timeMs: time, cwd, transcriptPath, project, metadata, reason } = moment;
    this.#settings = { ...this.#settings, ...moment.settings };
    this.#observe({
      ...{ type: "session.open", time, cwd, transcriptPath, project, metadata },
      sessionKey: this.#sessionKey,
      sessionId: this.#sessionId,
      agentId: this.#agent,
      resumedFrom: reason === "resume" ? this.#sessionId : undefined,
      settings: { ...this.#settings },
    });
  }

  #end(moment: HookMoment): void {
    if (!this.#isOpen && this.#hooks.tellsOnlyEnds === true) this.#tellWhole(moment);
    if (!this.#isOpen) return;
    this.#endAll(this.#hooks.danglingEnd, moment.timeMs);
    this.#closeSession(moment.reason ?? "other", moment.timeMs);
  }

  /** Tells a session of which nothing was heard before its end, as its transcript has it. */
  #tellWhole(moment: HookMoment): void {
    const runs = [...this.#told.values()];
    const times = runs.flatMap(({ events }) => events.map(({ time }) => time));
    this.#open({ ...moment, timeMs: Math.min(moment.timeMs, ...times) });
    for (const [runId, { events, end, endedMs }] of this.#told) {
      for (const event of events) this.#observe(event);
      const outcome = end ?? { outcome: "completed" };
      this.#observe({ type: "run.end", time: endedMs, runId, ...outcome });
    }
  }

  #closeSession(reason: string, time: number): void {
    this.#isOpen = false;
    const [sessionKey, sessionId] = [this.#sessionKey, this.#sessionId];
    this.#observe({ type: "session.close", time, sessionKey, sessionId, reason });
  }

  #endAll(dangling: ToldEnd, timeMs: number): void {
    this.#subagents.endAll((run) => this.#finish(run, run.stop ?? { timeMs, end: dangling }));
    const turn = this.#turn;
    if (turn === undefined) return;
    const { end, timeMs: endMs } = turn.stop ?? { end: dangling, timeMs: this.#lastSignMs };
    this.#endTurn(end, endMs);
  }

  #live(moment: HookMoment): void {
    // What an agent says while it starts, or after its end, opens no session.
    if (!this.#isOpen && !OPENING.has(moment.kind)) return;
    this.#open(moment);
    this.#noteSettings(moment);
    switch (moment.kind) {
      case "prompt":
        return this.#prompt(moment);
      case "tool.start":
        return this.#startTool(moment);
      case "tool.end":
        return this.#endTool(moment);
      case "tools.done":
        return this.#endTools(moment);
      case "stop":
        return this.#stop(moment);
      case "subagent.start":
        return this.#subagents.start(moment, this.#turnOf(moment));
      case "subagent.stop":
        return this.#subagents.stop(moment);
    }
  }

  /** A setting that is another than it was is a patch; the first time it is told, it is only known. */
  #noteSettings({ settings, timeMs: time, thread }: HookMoment): void {
    if (thread !== undefined) return;
    const patch: Settings = Object.fromEntries(
      Object.entries(settings).filter(
        ([name, value]) => this.#settings[name] !== undefined && this.#settings[name] !== value,
      ),
    );
    this.#settings = { ...this.#settings, ...settings };
    if (Object.keys(patch).length === 0) return;
    const [sessionKey, sessionId] = [this.#sessionKey, this.#sessionId];
    this.#observe({ type: "session.patch", time, sessionKey, sessionId, patch, source: "hook" });
  }

  #prompt(moment: HookMoment): void {
    const key = moment.turnKey;
    if (this.#turn !== undefined && this.#turn.runId === key) {
      this.#turn.stop = undefined;
      return;
    }
    if (key !== undefined && this.#ended.has(key)) return;
    const before = this.#turn;
    if (before !== undefined) {
      const { end, timeMs } = before.stop ?? { end: CANCELLED, timeMs: this.#lastSignMs };
      this.#endTurn(end, timeMs);
    }
    this.#startTurn(moment);
  }

  #startTurn(moment: HookMoment): HookTurn {
    const runId = moment.turnKey ?? `${this.#sessionId}#${this.#prompts}`;
    this.#prompts += 1;
    const { timeMs: time, message, isAnnouncement } = moment;
    const turn = { runId, startedMs: time, stop: undefined, lastMessage: undefined };
    this.#turn = turn;
    this.#observe({
      ...{ type: "run.start", time, runId, message },
      sessionKey: this.#sessionKey,
      sessionId: this.#sessionId,
      agentId: this.#agent,
      trigger: isAnnouncement === true ? "announce" : undefined,
      settings: { ...this.#settings },
    });
    return turn;
  }

  /** The turn that a moment is of; one whose prompt was missed begins here. Undefined: it is over. */
  #turnOf(moment: HookMoment): HookTurn | undefined {
    const { turnKey } = moment;
    if (this.#turn !== undefined && (turnKey === undefined || turnKey === this.#turn.runId)) {
      return this.#turn;
    }
    if (turnKey !== undefined && this.#ended.has(turnKey)) return undefined;
    return this.#turn ?? this.#startTurn(moment);
  }

  #runOf(moment: HookMoment): HookRun | undefined {
    const nested = this.#hooks.events["BeforeAgent"] === undefined ? undefined : this.#nested();
    return this.#subagents.find(moment.thread) ?? nested ?? this.#turnOf(moment);
  }

  /** Where calls have no ids and subagents no hooks of their own, a call within a call is a subagent's. */
  #nested(): HookRun | undefined {
    return this.#subagents.innermost;
  }

  #startTool(moment: HookMoment): void {
    const run = this.#runOf(moment);
    if (run === undefined || moment.toolName === undefined) return;
    const callId = moment.callId ?? this.#nextCallId(run, moment.callMark ?? moment.toolName);
    this.#tools.set(callId, { run, mark: moment.callMark });
    this.#seenTools.add(callId);
    const { toolName: name, timeMs: time, input } = moment;
    this.#tell(run, { type: "tool.start", time, runId: run.runId, callId, name, input });
    this.#subagents.noteTool(callId, name, moment, run);
  }

  #nextCallId(run: HookRun, mark: string): string {
    for (let number = 0; ; number += 1) {
      const callId = `${mark}#${number}`;
      const isTaken = run.calls?.has(callId) ?? false;
      if (isTaken) continue;
      run.calls = new Set([...(run.calls ?? []), callId]);
      return callId;
    }
  }

  #endTool(moment: HookMoment): void {
    const callId = moment.callId ?? this.#openCallId(moment.callMark);
    if (callId === undefined) return;
    const known = this.#tools.get(callId)?.run ?? this.#runOf(moment);
    this.#tools.delete(callId);
    if (known === undefined) return;
    const { timeMs: time, toolName: name, toolEnd, output, durationMs } = moment;
    const about = { type: "tool.end", time, runId: known.runId, callId, name, output } as const;
    const end = { ...about, ...toolEnd, durationMs };
    this.#subagents.linkTool(callId, moment);
    this.#tell(known, this.#seenTools.has(callId) ? { ...end, durationMs: undefined } : end);
  }

  /** The first that was begun, of calls that were given the same. */
  #openCallId(mark: string | undefined): string | undefined {
    return [...this.#tools].find(([, tool]) => tool.mark === mark)?.[0];
  }

  /** A batch is over: what of it had no end did not run. */
  #endTools(moment: HookMoment): void {
    for (const { callId, name, errorType } of moment.done ?? []) {
      const open = this.#tools.get(callId);
      if (open === undefined && this.#seenTools.has(callId)) continue;
      const run = open?.run ?? this.#runOf(moment);
      this.#tools.delete(callId);
      this.#seenTools.add(callId);
      if (run === undefined) continue;
      const about = { time: moment.timeMs, runId: run.runId, callId, name };
      if (open === undefined) this.#tell(run, { type: "tool.start", ...about });
      this.#tell(run, { type: "tool.end", ...about, outcome: "failed", errorType });
    }
  }

  #stop(moment: HookMoment): void {
    const turn = this.#turnOf(moment);
    if (turn === undefined) return;
    turn.stop = { timeMs: moment.timeMs, end: moment.end ?? { outcome: "completed" } };
    turn.lastMessage = moment.lastMessage;
  }

  #tell(run: HookRun, event: LifecycleEvent): void {
    if (run.held === undefined) this.#observe(event);
    else run.held.push(event);
  }

  #endTurn(end: ToldEnd, timeMs: number): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    this.#ended.add(turn.runId);
    // Subagents that no hook told of.
    for (const [runId, told] of this.#told) {
      if (told.parentRunId !== turn.runId || this.#subagents.knows(runId)) continue;
      for (const event of told.events) this.#observe(event);
      const outcome = told.end ?? { outcome: "completed" };
      this.#observe({ type: "run.end", time: told.endedMs, runId, ...outcome });
    }
    this.#finish(turn, { timeMs, end });
  }

  /** Ends a run with all that is known of it: what a transcript says of a failure counts. */
  #finish(run: HookRun, stop: HookRun["stop"]): void {
    const told = this.#told.get(run.runId);
    for (const event of told?.events ?? []) {
      if (event.type !== "run.start" && event.type !== "subagent.spawn") this.#observe(event);
    }
    for (const [callId, tool] of this.#tools) if (tool.run === run) this.#tools.delete(callId);
    const given = stop?.end ?? told?.end ?? { outcome: "completed" };
    const isDecided = given.outcome === "completed" || run.stop === undefined;
    const end = isDecided && told?.end !== undefined ? { ...given, ...told.end } : given;
    const lastMessage = this.#lastMessageOf(run);
    const time = Math.max(stop?.timeMs ?? this.#lastSignMs, run.startedMs);
    this.#observe({ type: "run.end", time, runId: run.runId, ...end, lastMessage });
  }

  #lastMessageOf(run: HookRun): string | undefined {
    return "lastMessage" in run ? (run as HookTurn).lastMessage : undefined;
  }
}

/** Capture may have been installed while the agent ran: what begins opens the session. */
const OPENING: ReadonlySet<HookMoment["kind"]> = new Set([
  "prompt",
  "tool.start",
  "subagent.start",
]);

const CANCELLED: ToldEnd = { outcome: "cancelled" };

const isCallEnd = ({ type }: LifecycleEvent): boolean => type === "model.end";
