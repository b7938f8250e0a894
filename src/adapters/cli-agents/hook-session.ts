import type { Settings } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import { createContext, type HookSessionOptions, type OwnContext } from "./hook-context.ts";
import type { HookMoment } from "./hook-moment.ts";
import { type FinishRun, isOver } from "./hook-run.ts";
import { HookSubagents } from "./hook-subagents.ts";
import { HookTold } from "./hook-told.ts";
import { HookTools } from "./hook-tools.ts";
import { HookTurns } from "./hook-turns.ts";
import { HookWait } from "./hook-wait.ts";
import type { ToldEnd } from "./session-story.ts";
import type { ToldRuns } from "./told-runs.ts";

const ABANDONED: ToldEnd = { outcome: "abandoned" };

/** Capture may have been installed while the agent ran: what begins opens the session. */
const OPENING: ReadonlySet<HookMoment["kind"]> = new Set([
  "session.start",
  "session.launch",
  "prompt",
  "tool.start",
  "subagent.start",
]);

/**
 * Makes lifecycle events of the hooks of one session, told in the order of their times. A turn that has
 * stopped ends when its grace is over; what the transcript tells of it by then completes it.
 */
export class HookSession {
  readonly #context: OwnContext;
  readonly #told: HookTold;
  readonly #subagents: HookSubagents;
  readonly #turns: HookTurns;
  readonly #tools: HookTools;
  readonly #wait: HookWait;
  #isOpen = false;
  /** Nothing was heard of it but that its program was started. */
  #isLaunched = false;
  #latest: HookMoment | undefined;

  constructor(first: Pick<HookMoment, "agent" | "sessionId">, options: HookSessionOptions) {
    this.#context = createContext(first, options);
    const finish: FinishRun = (run, stop) => {
      this.#tools.forget(run);
      this.#told.finish(run, stop);
    };
    this.#told = new HookTold(this.#context);
    this.#subagents = new HookSubagents(this.#context, finish);
    this.#turns = new HookTurns(this.#context, (turn, stop) => {
      this.#told.tellUnheard(turn.runId, (runId) => this.#subagents.knows(runId));
      finish(turn, stop);
    });
    this.#wait = new HookWait(this.#context);
    this.#tools = new HookTools(this.#context, this.#turns, this.#subagents);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get lastSignMs(): number {
    return this.#context.lastSignMs;
  }

  /** Whether a moment opens it. */
  isOpenedBy({ kind }: HookMoment): boolean {
    if (this.#isOpen) return false;
    const { tellsOnlyEnds } = this.#context.hooks;
    return OPENING.has(kind) || (kind === "session.end" && tellsOnlyEnds === true);
  }

  /** The latest that was told: where the transcript is, and which process it is. */
  get latest(): HookMoment | undefined {
    return this.#latest;
  }

  get hasTurn(): boolean {
    return this.#turns.current !== undefined;
  }

  /** Something has stopped, and waits for its grace to be over. */
  get isSettling(): boolean {
    return this.#turns.current?.stop !== undefined || this.#subagents.isSettling;
  }

  /** Whether something that has stopped would end now: its transcript is to be read before. */
  isDue(nowMs: number): boolean {
    return this.#isTurnDue(nowMs) || this.#subagents.isDue(nowMs);
  }

  /** Takes what the transcripts tell by now. */
  complete(told: ToldRuns, turnsBefore = 0): void {
    this.#told.take(told);
    this.#turns.countBefore(turnsBefore);
  }

  /** Numbers of turns that were blocked, where turns have no keys. */
  get blockedTurns(): Set<number> {
    return this.#turns.blocked;
  }

  /** What the guards say of the turn that a prompt has begun, where there are guards. */
  verdictOf(promptId: string): Promise<Verdict> | undefined {
    return this.#turns.verdictOf(promptId);
  }

  /** Tells what is known of the calls of the turn that runs. */
  tellProgress(): void {
    const turn = this.#turns.current;
    if (turn !== undefined) this.#told.tellProgress(turn.runId);
  }

  take(moment: HookMoment): void {
    this.advance(moment.timeMs);
    this.#latest = {
      ...moment,
      pid: moment.pid ?? this.#latest?.pid,
      run: moment.run ?? this.#latest?.run,
      transcriptPath: moment.transcriptPath ?? this.#latest?.transcriptPath,
    };
    if (moment.kind === "session.start") this.#start(moment);
    else if (moment.kind === "session.launch") this.#launch(moment);
    else if (moment.kind === "session.end") this.#end(moment);
    else if (moment.kind === "session.exit") this.#exit(moment);
    else this.#live(moment);
    this.#context.lastSignMs = Math.max(this.lastSignMs, moment.timeMs);
  }

  /** Lets time pass: ends what has stopped and had its grace. */
  advance(nowMs: number): void {
    this.#subagents.advance(nowMs);
    if (this.#isTurnDue(nowMs)) this.#turns.end(this.#context.hooks.danglingEnd);
  }

  #isTurnDue(nowMs: number): boolean {
    const turn = this.#turns.current;
    if (turn === undefined || !isOver(turn, nowMs)) return false;
    return this.#context.hooks.waitsForSubagents !== true || !this.#subagents.hasRunning;
  }

  /** Ends the session whose process is gone, or whose recording is over. `dangling`: how an open turn ended. */
  close(dangling: ToldEnd = ABANDONED): void {
    if (!this.#isOpen) return;
    const turn = this.#turns.current;
    const told = turn && (turn.stop?.end ?? this.#told.endOf(turn.runId));
    const isQuiet = turn === undefined || told !== undefined;
    const reason = isQuiet && this.#context.hooks.endsInSilence === true ? "exit" : "abandoned";
    this.#endAll(reason, dangling, this.lastSignMs);
  }

  #start(moment: HookMoment): void {
    // The program goes on with the same session after it has made its history shorter.
    if (moment.reason === "compact" && this.#isOpen) return;
    if (!this.#isLaunched) this.close();
    this.#isLaunched = false;
    this.#context.settings = {};
    this.#tellOpen(moment);
  }

  #launch(moment: HookMoment): void {
    this.#isLaunched = !this.#isOpen;
    this.#open(moment);
  }

  /** Its program has ended: where that told nothing of it, the transcript tells all. */
  #exit(moment: HookMoment): void {
    if (!this.#isOpen) return;
    const { danglingEnd } = this.#context.hooks;
    const dangling = moment.reason === "killed" ? ABANDONED : danglingEnd;
    if (this.#isLaunched) this.#told.tellAll(dangling);
    if (moment.reason === "killed") this.close();
    else this.#endAll("exit", dangling, moment.timeMs);
  }

  #open(moment: HookMoment): void {
    if (!this.#isOpen) this.#tellOpen(moment);
  }

  #tellOpen(moment: HookMoment): void {
    this.#isOpen = true;
    const { timeMs: time, cwd, transcriptPath, project, metadata, trace, reason } = moment;
    const { sessionKey, sessionId, agent: agentId, settings } = this.#context;
    this.#context.settings = { ...settings, ...moment.settings };
    this.#context.observe({
      ...{ type: "session.open", time, cwd, transcriptPath, project, metadata, trace },
      ...{ sessionKey, sessionId, agentId },
      resumedFrom: reason === "resume" ? sessionId : undefined,
      settings: { ...this.#context.settings },
    });
  }

  #end(moment: HookMoment): void {
    const { tellsOnlyEnds, danglingEnd } = this.#context.hooks;
    // Of a session of which nothing was heard before its end, the transcript tells all.
    if (!this.#isOpen && tellsOnlyEnds === true) {
      this.#open({ ...moment, timeMs: Math.min(moment.timeMs, this.#told.startedMs) });
      this.#told.tellAll();
    }
    if (this.#isOpen) this.#endAll(moment.reason ?? "other", danglingEnd, moment.timeMs);
  }

  /** `dangling`: how ended what nothing ended. */
  #endAll(reason: string, dangling: ToldEnd, time: number): void {
    this.#subagents.endAll({ timeMs: time, end: dangling });
    this.#turns.end(dangling);
    this.#isOpen = false;
    const { sessionKey, sessionId } = this.#context;
    this.#context.observe({ type: "session.close", time, sessionKey, sessionId, reason });
  }

  #live(moment: HookMoment): void {
    // What an agent says while it starts, or after its end, opens no session.
    if (!this.#isOpen && !OPENING.has(moment.kind)) return;
    if (moment.kind !== "sign") this.#isLaunched = false;
    this.#open(moment);
    this.#noteSettings(moment);
    this.#wait.take(moment);
    switch (moment.kind) {
      case "config":
        return this.#noteConfig(moment);
      case "prompt":
        return this.#turns.prompt(moment);
      case "error":
        return this.#turns.fail(moment);
      case "tool.start":
        this.#turns.goOn();
        return this.#tools.start(moment);
      case "tool.end":
        return this.#tools.end(moment);
      case "tools.done":
        return this.#tools.endBatch(moment);
      case "stop":
        return this.#turns.stop(moment);
      case "subagent.start":
        return this.#subagents.start(moment, this.#turns.of(moment));
      case "subagent.stop":
        return this.#subagents.stop(moment);
      case "blocked":
        return this.#turns.block(moment);
    }
  }

  /** A settings file that was changed while the agent runs: which one is told, and not what is in it. */
  #noteConfig({ timeMs: time, reason: file = "settings" }: HookMoment): void {
    const { sessionKey, sessionId } = this.#context;
    const about = { time, sessionKey, sessionId, patch: { [file]: true } };
    const actor = { kind: "config", evidence: "ConfigChange" } as const;
    this.#context.observe({ type: "session.patch", ...about, actor, source: "hook" });
  }

  /** A setting that is another than it was is a patch; the first time it is told, it is only known. */
  #noteSettings({ settings, timeMs: time, thread }: HookMoment): void {
    if (thread !== undefined) return;
    const { sessionKey, sessionId, settings: known } = this.#context;
    const patch: Settings = Object.fromEntries(
      Object.entries(settings).filter(
        ([name, value]) => known[name] !== undefined && known[name] !== value,
      ),
    );
    this.#context.settings = { ...known, ...settings };
    if (Object.keys(patch).length === 0) return;
    const about = { time, sessionKey, sessionId, patch };
    this.#context.observe({ type: "session.patch", ...about, source: "hook" });
  }
}
