import { type Fields, record, records, text, timeMs } from "../../fields.ts";
import { FileStates } from "../../file-states.ts";
import { SessionStory, type ToldEnd } from "../../session-story.ts";
import type { FileFacts, StoryOptions, StoryReader } from "../../transcript.ts";
import { type Thread, threadOf } from "./transcript.ts";

/** A session that goes on from another first repeats its lines, all in one go. */
const REPLAY_MS = 1000;
/** How a command ended, in the words of one version or another. */
const EXIT_CODE = /(?:Process exited with code |Exit code: |"exit_code":)(\d+)/;

/** What is known of a file of which more may come. */
interface Rollout {
  thread: Thread | undefined;
  replayUntilMs: number;
  /** Nothing was said in the turn that runs: of a prompt that a hook blocks, none is written. */
  isSilent: boolean;
}

const createRollout = (): Rollout => ({
  thread: undefined,
  replayUntilMs: Number.NEGATIVE_INFINITY,
  isSilent: false,
});

/** Lines in which a user, a model or a tool says something, beside those that only frame a turn. */
const isSaid = ({ type }: Fields, payload: Fields): boolean =>
  type !== "turn_context" &&
  !(type === "event_msg" && FRAMES.has(text(payload["type"]) ?? "")) &&
  type !== "world_state";
const FRAMES: ReadonlySet<string> = new Set([
  "task_started",
  "thread_settings_applied",
  "task_complete",
]);

/** Reads from Codex's rollouts what happened beside model calls. */
export class CodexStory implements StoryReader {
  readonly #story = new SessionStory("codex");
  readonly #content: boolean;
  readonly #prompts = new Set<number>();
  readonly #files = new FileStates(createRollout);
  #facts: FileFacts = { path: "" };
  #file = createRollout();
  /** Versions that tell of turns need no counting of prompts. */
  #tellsTurns = false;

  constructor({ content }: StoryOptions) {
    this.#content = content;
  }

  beginFile(file: FileFacts): void {
    this.#facts = file;
    this.#file = this.#files.of(file);
  }

  endFile(): void {
    this.#files.forget(this.#facts);
  }

  read(line: Fields): void {
    const time = timeMs(line["timestamp"]);
    if (time === undefined) return;
    const payload = record(line["payload"]);
    if (line["type"] === "session_meta") this.#readMeta(payload, time);
    if (this.#file.thread === undefined || time < this.#file.replayUntilMs) return;
    if (line["type"] === "turn_context") {
      this.#story.model ??= text(payload["model"]);
      this.#file.isSilent = true;
    } else if (isSaid(line, payload)) this.#file.isSilent = false;
    if (line["type"] === "event_msg") this.#readEvent(payload, time);
    if (line["type"] === "response_item") this.#readItem(payload, time);
    this.#story.see(time, this.#subagentId);
  }

  told(): SessionStory {
    return this.#story;
  }

  get #subagentId(): string | undefined {
    return this.#file.thread?.subagent === undefined ? undefined : this.#file.thread.id;
  }

  #readMeta(payload: Fields, time: number): void {
    const id = text(payload["id"]);
    if (id === undefined) return;
    const forkedFrom = text(payload["forked_from_id"]);
    const isOwn = this.#file.thread === undefined;
    this.#file.thread ??= threadOf(id, payload);
    const { sessionId, subagent, cwd, branch } = this.#file.thread;
    if (!isOwn && id !== this.#file.thread.id) this.#file.replayUntilMs = time + REPLAY_MS;
    if (!isOwn) return;
    const story = this.#story;
    story.sessionId ??= sessionId;
    story.cwd ??= cwd;
    story.branch ??= branch;
    if (subagent === undefined) story.resumedFrom ??= forkedFrom;
    else story.subagent(id, time).type ??= subagent;
  }

  #readEvent(payload: Fields, time: number): void {
    switch (payload["type"]) {
      case "task_started":
        this.#tellsTurns = true;
        this.#startTurn(text(payload["turn_id"]), time, undefined);
        return;
      case "user_message":
        if (!this.#tellsTurns) this.#countPrompt(text(payload["message"]), time);
        return;
      case "task_complete":
        this.#endThread(time, errorOf(payload["error"]) ?? this.#quietEnd(payload));
        this.#answer(text(payload["last_agent_message"]));
        return;
      case "turn_aborted":
        this.#endThread(time, { outcome: "cancelled" });
        return;
      case "agent_message":
        this.#endThread(time, { outcome: "completed" });
        this.#answer(text(payload["message"]));
        return;
      case "item_completed":
        this.#readCompleted(record(payload["item"]), time);
    }
  }

  #quietEnd({ last_agent_message: answer }: Fields): ToldEnd {
    return { outcome: this.#file.isSilent && answer == null ? "blocked" : "completed" };
  }

  /** Older versions have no keys of turns: they are numbered. */
  #countPrompt(message: string | undefined, time: number): void {
    if (this.#prompts.has(time)) return;
    this.#startTurn(`${this.#story.sessionId}#${this.#prompts.size}`, time, message);
    this.#prompts.add(time);
  }

  #startTurn(runId: string | undefined, time: number, message: string | undefined): void {
    if (runId === undefined || this.#subagentId !== undefined) return;
    this.#story.startTurn({ runId, time, message: this.#content ? message : undefined });
  }

  #readCompleted(item: Fields, time: number): void {
    const callId = text(item["id"]);
    if (callId === undefined) return;
    const exitCode = item["exit_code"];
    if (item["type"] === "CommandExecution" && typeof exitCode === "number") {
      this.#story.endTool(callId, time, { outcome: exitCode === 0 ? "completed" : "failed" });
    }
    if (item["type"] !== "CollabAgentToolCall" || item["tool"] !== "spawn_agent") return;
    for (const agent of records(item["receiver_agents"])) {
      const id = text(agent["thread_id"]);
      if (id === undefined) continue;
      const subagent = this.#story.subagent(id, time);
      subagent.type ??= text(agent["agent_role"]);
      subagent.label ??= text(agent["agent_nickname"]);
      subagent.toolCallId ??= callId;
      subagent.isDetached = true;
    }
  }

  #readItem(payload: Fields, time: number): void {
    const callId = text(payload["call_id"]);
    const type = text(payload["type"]) ?? "";
    if (callId === undefined) return;
    if (type.endsWith("_output")) {
      const output = text(payload["output"]) ?? "";
      const exitCode = EXIT_CODE.exec(output)?.[1] ?? "0";
      const outcome = exitCode === "0" ? "completed" : "failed";
      this.#story.endTool(callId, time, { outcome }, this.#content ? output : undefined);
      return;
    }
    const name = text(payload["name"]) ?? type;
    const given = this.#content ? (payload["arguments"] ?? payload["input"]) : undefined;
    const thread = this.#subagentId;
    this.#story.startTool({ thread, callId, name, startedMs: time, input: given });
  }

  #answer(message: string | undefined): void {
    const { turn } = this.#story;
    if (!this.#content || this.#subagentId !== undefined || turn === undefined) return;
    turn.lastMessage = message ?? turn.lastMessage;
  }

  #endThread(time: number, end: ToldEnd): void {
    this.#story.endThread(this.#subagentId, time, end);
  }
}

/** What went wrong is named by a word, or by an object that has the word as its only key. */
function errorOf(value: unknown): ToldEnd | undefined {
  const error = record(value);
  const message = text(error["message"]);
  const info = error["codex_error_info"];
  const errorType = text(info) ?? Object.keys(record(info))[0];
  if (message === undefined && errorType === undefined) return undefined;
  return { outcome: "failed", error: message, errorType };
}
