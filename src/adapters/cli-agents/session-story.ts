import type { Outcome } from "../../lifecycle/events.ts";
import type { CliAgentId } from "./transcript.ts";

/** How a turn or a subagent ended, and what went wrong. */
export interface ToldEnd {
  readonly outcome: Outcome;
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
}

/** A turn as a transcript tells it. It ends with the last sign of it. */
export interface ToldTurn {
  readonly runId: string;
  readonly startedMs: number;
  readonly trigger: string | undefined;
  readonly message: string | undefined;
  lastSignMs: number;
  /** Absent while nothing says how it ended. */
  end: ToldEnd | undefined;
  lastMessage: string | undefined;
}

export interface ToldTool {
  /** The subagent that called it; absent for the session itself. */
  readonly thread: string | undefined;
  readonly callId: string;
  readonly name: string;
  readonly startedMs: number;
  readonly input: unknown;
  endedMs: number | undefined;
  end: ToldToolEnd | undefined;
  output: unknown;
}

export interface ToldToolEnd {
  readonly outcome: "completed" | "failed" | "cancelled";
  readonly error?: string | undefined;
  readonly errorType?: string | undefined;
}

export interface ToldSubagent {
  /** Its own id. */
  readonly thread: string;
  type: string | undefined;
  label: string | undefined;
  /** The tool call that started it. */
  toolCallId: string | undefined;
  /** Runs on while its spawner does something else, or ends. */
  isDetached: boolean;
  startedMs: number;
  lastSignMs: number;
  end: ToldEnd | undefined;
}

/** What the session did in one process. */
interface ToldSegment {
  readonly startedMs: number;
  lastSignMs: number;
  /** The transcript says that the process ended. */
  isEnded: boolean;
}

/** The beginning of a turn. */
export interface Prompt {
  readonly runId: string;
  readonly time: number;
  readonly trigger?: string | undefined;
  readonly message?: string | undefined;
}

/** What the transcripts of a session tell beside its model calls, put together line by line. */
export class SessionStory {
  readonly agent: CliAgentId;
  sessionId: string | undefined;
  resumedFrom: string | undefined;
  cwd: string | undefined;
  branch: string | undefined;
  model: string | undefined;
  permissionMode: string | undefined;
  readonly segments: ToldSegment[] = [];
  readonly turns: ToldTurn[] = [];
  readonly tools = new Map<string, ToldTool>();
  readonly subagents = new Map<string, ToldSubagent>();

  constructor(agent: CliAgentId) {
    this.agent = agent;
  }

  /** The turn that began last. */
  get turn(): ToldTurn | undefined {
    return this.turns.at(-1);
  }

  /** Takes in that anything happened: in a subagent, or in the session itself. */
  see(time: number, thread: string | undefined): void {
    const segment = this.segments.at(-1);
    if (segment === undefined || (segment.isEnded && thread === undefined)) {
      this.segments.push({ startedMs: time, lastSignMs: time, isEnded: false });
    } else segment.lastSignMs = Math.max(segment.lastSignMs, time);
    if (thread !== undefined) this.subagent(thread, time);
    // What comes after a turn's end, an hour later perhaps, does not make it longer.
    else if (this.turn !== undefined && this.turn.end === undefined) {
      this.turn.lastSignMs = Math.max(this.turn.lastSignMs, time);
    }
  }

  /** Takes what is told of a thread's end: the last word counts, and none says that it goes on. */
  endThread(thread: string | undefined, time: number, end: ToldEnd | undefined): void {
    const ended = thread === undefined ? this.turn : this.subagent(thread, time);
    if (ended === undefined) return;
    ended.end = end;
    ended.lastSignMs = Math.max(ended.lastSignMs, time);
  }

  /** The process ended; whatever the session does next is another one's. */
  endSegment(): void {
    const segment = this.segments.at(-1);
    if (segment !== undefined) segment.isEnded = true;
  }

  /** A prompt with the key of a turn that is known goes on with it. */
  startTurn({ runId, time, trigger, message }: Prompt): void {
    if (this.turns.some((turn) => turn.runId === runId)) return;
    this.turns.push({
      runId,
      startedMs: time,
      trigger,
      message,
      lastSignMs: time,
      end: undefined,
      lastMessage: undefined,
    });
  }

  /** Finds a subagent by its own id, and makes it of the first sign of it. */
  subagent(thread: string, time: number): ToldSubagent {
    const subagent = this.subagents.get(thread) ?? {
      thread,
      type: undefined,
      label: undefined,
      toolCallId: undefined,
      isDetached: false,
      startedMs: time,
      lastSignMs: time,
      end: undefined,
    };
    this.subagents.set(thread, subagent);
    subagent.startedMs = Math.min(subagent.startedMs, time);
    if (subagent.end === undefined) subagent.lastSignMs = Math.max(subagent.lastSignMs, time);
    return subagent;
  }

  /** `key`: what it is known by, where the call's id is not the only one of its kind in the session. */
  startTool(
    tool: Pick<ToldTool, "thread" | "callId" | "name" | "startedMs" | "input">,
    key = tool.callId,
  ): void {
    if (this.tools.has(key)) return;
    this.tools.set(key, { ...tool, endedMs: undefined, end: undefined, output: undefined });
  }

  endTool(key: string, time: number, end: ToldToolEnd, output?: unknown): void {
    const tool = this.tools.get(key);
    if (tool === undefined || tool.end !== undefined) return;
    tool.endedMs = time;
    tool.end = end;
    tool.output = output;
  }
}
