import { hash } from "node:crypto";
import type { Metadata, TraceIds } from "../../lifecycle/events.ts";
import { markCall } from "./call-mark.ts";
import { type Fields, isFields, record, records, text, timeMs } from "./fields.ts";
import type { ToldEnd, ToldToolEnd } from "./session-story.ts";
import type { CliAgentId } from "./transcript.ts";

/** What a hook of an agent tells, in one vocabulary for all of them. */
type MomentKind =
  | "session.start"
  | "session.end"
  | "session.launch"
  | "session.exit"
  | "prompt"
  | "tool.start"
  | "tool.end"
  | "tools.done"
  | "stop"
  | "error"
  | "subagent.start"
  | "subagent.stop"
  | "blocked"
  | "waits"
  | "config"
  | "sign";

/** A tool call of a batch that is over. */
interface DoneCall {
  readonly callId: string;
  readonly name: string;
  readonly errorType: string | undefined;
}

/** One hook call: what is told of the session, and what happened. Absent where it was not told. */
export interface HookMoment {
  /** Equal for payloads that are equal. */
  readonly id: string;
  readonly kind: MomentKind;
  readonly agent: CliAgentId;
  readonly sessionId: string;
  readonly timeMs: number;
  readonly cwd?: string | undefined;
  readonly transcriptPath?: string | undefined;
  readonly settings: Fields;
  /** `startup`, `resume`, `clear`, `compact` of a start, and the reason of an end or of a block. */
  readonly reason?: string | undefined;
  /** What the agent waits for its user to do: `permission` or `input`. */
  readonly waitsFor?: string | undefined;
  /** The hook that blocked a prompt. */
  readonly hook?: string | undefined;
  readonly turnKey?: string | undefined;
  readonly message?: string | undefined;
  readonly isAnnouncement?: boolean | undefined;
  readonly lastMessage?: string | undefined;
  readonly end?: ToldEnd | undefined;
  readonly thread?: string | undefined;
  readonly threadType?: string | undefined;
  readonly callId?: string | undefined;
  /** Stands for the call's id where the agent has none: equal for what equal input was given to. */
  readonly callMark?: string | undefined;
  readonly toolName?: string | undefined;
  readonly toolEnd?: ToldToolEnd | undefined;
  readonly durationMs?: number | undefined;
  readonly input?: unknown;
  readonly output?: unknown;
  /** The subagent that a tool call has started, and whether it runs on after it. */
  readonly spawned?:
    | { readonly thread: string | undefined; readonly isDetached: boolean }
    | undefined;
  readonly done?: readonly DoneCall[] | undefined;
  /** The agent's process, where capture found it out. */
  readonly pid?: number | undefined;
  readonly project?: string | undefined;
  /** The run of `turnspan run` that it is of, and what a session that it opens is given by that. */
  readonly run?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly trace?: TraceIds | undefined;
}

/** One agent's hooks as a table. */
export interface AgentHooks {
  /** By the names of its events; what is not there is a sign of life and nothing more. */
  readonly events: Readonly<Record<string, MomentKind>>;
  /** Ends a turn that nothing else ended: its failures and interruptions are told by no hook. */
  readonly danglingEnd: ToldEnd;
  /** A turn goes on when a subagent of its ends in the background. */
  readonly waitsForSubagents?: boolean;
  /**
   * Neither turns nor calls nor subagents have ids: turns are counted over all starts of the program, calls are told
   * apart by what they were given, and a call while a subagent's call runs is that subagent's.
   */
  readonly hasNoIds?: boolean;
  /** Makes a payload of the form that all agents' have in common. */
  readonly normalize?: (payload: Fields) => Fields;
  /** What its transcripts hold is not known: they are not read. */
  readonly hasNoTranscript?: boolean;
  /** No hook tells of anything but a session's end: the transcript tells all of it then. */
  readonly tellsOnlyEnds?: boolean;
  /** Its program ends without a hook when it runs without a terminal. */
  readonly endsInSilence?: boolean;
}

export interface MomentOptions {
  readonly agent: CliAgentId;
  readonly hooks: AgentHooks;
  /** Used where the payload has no time of its own. */
  readonly receivedMs: number;
  readonly content: boolean;
  /** What was asked and answered is for the user's own hooks, also where no content is kept. */
  readonly messages?: boolean | undefined;
  readonly pid?: number | undefined;
}

/** As it may be kept where no content is. */
export const withoutMessages = (moment: HookMoment): HookMoment => ({
  ...moment,
  message: undefined,
  lastMessage: undefined,
});

/** Of our own making: `turnspan run` has started the program of a session, and it has ended. */
export const LAUNCH_EVENT = "TurnspanLaunch";
export const EXIT_EVENT = "TurnspanExit";
/** And: a `beforeTurn` hook blocked the prompt that was told before. */
export const BLOCKED_EVENT = "TurnspanBlocked";

const ownEvents: Readonly<Record<string, MomentKind>> = {
  [LAUNCH_EVENT]: "session.launch",
  [EXIT_EVENT]: "session.exit",
  [BLOCKED_EVENT]: "blocked",
};

const TURN_KEY = /^[^#]+#{8}\d+/;
const ANNOUNCEMENT = /^\s*<task-notification>/;

/** Equal for payloads that are equal. */
export const momentId = (payload: Fields): string =>
  hash("sha256", JSON.stringify(payload)).slice(0, 16);

/** Reads a payload; undefined for what no agent sends. */
export function readMoment(told: Fields, options: MomentOptions): HookMoment | undefined {
  const payload = options.hooks.normalize?.(told) ?? told;
  const { agent, hooks, receivedMs, content, messages = content, pid } = options;
  const sessionId = text(payload["session_id"]);
  const event = text(payload["hook_event_name"]);
  if (sessionId === undefined || event === undefined) return undefined;
  const named = ownEvents[event] ?? hooks.events[event] ?? "sign";
  const waitsFor = named === "waits" ? waitOf(event, payload) : undefined;
  const kind = named === "waits" && waitsFor === undefined ? "sign" : named;
  const key = text(payload["prompt_id"]) ?? text(payload["turn_id"]);
  const prompt = text(payload["submitted_prompt"]) ?? text(payload["prompt"]);
  return {
    id: momentId(payload),
    ...{ kind, agent, sessionId, pid, waitsFor },
    timeMs: timeMs(payload["timestamp"]) ?? receivedMs,
    cwd: text(payload["cwd"]),
    transcriptPath: text(payload["transcript_path"]),
    settings: settingsOf(payload),
    reason: text(payload["source"]) ?? text(payload["reason"]),
    hook: text(payload["hook"]),
    turnKey: TURN_KEY.exec(key ?? "")?.[0] ?? key,
    message: messages ? prompt : undefined,
    isAnnouncement: ANNOUNCEMENT.test(prompt ?? ""),
    lastMessage: messages
      ? (text(payload["last_assistant_message"]) ?? text(payload["prompt_response"]))
      : undefined,
    end: endOf(event, payload),
    thread: text(payload["agent_id"]),
    threadType: text(payload["agent_type"]),
    ...toolOf(kind, event, payload, content),
  };
}

/** Of what an agent notifies its user, some waits for the user; older versions say which in words only. */
function waitOf(event: string, payload: Fields): string | undefined {
  if (event === "PermissionRequest") return "permission";
  const said = text(payload["notification_type"]) ?? text(payload["message"]) ?? "";
  if (/permission/i.test(said)) return "permission";
  return /^idle_prompt$|^elicitation_dialog$|waiting for your input/i.test(said)
    ? "input"
    : undefined;
}

/** Changes of these while a session runs are its patches. A switch that is asked for may be refused. */
function settingsOf(payload: Fields): Fields {
  const effort = text(record(payload["effort"])["level"]) ?? text(payload["effort"]);
  const isAsked = payload["hook_event_name"] === "PreModelSwitch";
  const switched = text(payload[isAsked ? "from_model" : "to_model"]);
  const model = switched ?? text(payload["model"]);
  const permissionMode = text(payload["permission_mode"]);
  return {
    ...(model !== undefined && { model }),
    ...(permissionMode !== undefined && { permissionMode }),
    ...(effort !== undefined && { effort }),
  };
}

function endOf(event: string, payload: Fields): ToldEnd {
  if (event === "Interrupt") return { outcome: "cancelled" };
  if (isFields(payload["error"])) {
    const { name, message } = payload["error"];
    const errorType = name === "Error" ? text(payload["error_context"]) : text(name);
    return { outcome: "failed", errorType, error: text(message) };
  }
  if (event !== "StopFailure") return { outcome: "completed" };
  const error = text(payload["error_details"]) ?? text(payload["last_assistant_message"]);
  return { outcome: "failed", errorType: text(payload["error"]), error };
}

function toolOf(kind: MomentKind, event: string, payload: Fields, content: boolean) {
  if (kind === "tools.done") return { done: records(payload["tool_calls"]).flatMap(doneCall) };
  const toolName = text(payload["tool_name"]);
  if (toolName === undefined) return {};
  const response = payload["tool_response"] ?? payload["tool_result"];
  const { agentId, isAsync, returnDisplay } = record(response);
  const mode = text(record(returnDisplay)["executionMode"]);
  const durationMs = payload["duration_ms"];
  return {
    toolName,
    callId: callIdOf(payload),
    callMark: markCall(toolName, payload["tool_input"]),
    toolEnd: kind === "tool.end" ? toolEndOf(event, payload) : undefined,
    durationMs: typeof durationMs === "number" ? durationMs : undefined,
    input: content ? payload["tool_input"] : undefined,
    output: content ? response : undefined,
    spawned:
      text(agentId) === undefined && mode === undefined
        ? undefined
        : { thread: text(agentId), isDetached: isAsync === true || mode === "background" },
  };
}

const callIdOf = (payload: Fields): string | undefined =>
  text(payload["tool_call_id"]) ?? text(payload["tool_use_id"]);

function toolEndOf(event: string, payload: Fields): ToldToolEnd {
  if (payload["is_interrupt"] === true) return { outcome: "cancelled" };
  const error = payload["error"] ?? record(payload["tool_response"])["error"];
  const isFailed = event === "PostToolUseFailure" || error != null;
  return { outcome: isFailed ? "failed" : "completed" };
}

function doneCall(call: Fields): DoneCall[] {
  const callId = callIdOf(call);
  const name = text(call["tool_name"]);
  if (callId === undefined || name === undefined) return [];
  const told = text(record(call["tool_response"])["error_type"]);
  const isDenied = told === undefined || told === "execution_denied";
  return [{ callId, name, errorType: isDenied ? "denied" : told }];
}
