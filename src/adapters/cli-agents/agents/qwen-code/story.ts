import { count, type Fields, record, records, text, timeMs } from "../../fields.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import { SessionStory, type ToldEnd } from "../../session-story.ts";
import type { FileFacts, StoryOptions, StoryReader } from "../../transcript.ts";

/** A line with what every line has. */
interface Moment {
  readonly line: Fields;
  readonly time: number;
  readonly thread: string | undefined;
}

/** `<session>########<n>` of a turn's own calls; more may follow for what goes on from it. */
const TURN_KEY = /^[^#]+#{8}\d+/;

/** Reads from Qwen Code's transcripts what happened beside model calls. */
export class QwenStory implements StoryReader {
  readonly #story = new SessionStory("qwen-code");
  readonly #seenLines: SeenCalls;
  readonly #reader: number;
  readonly #content: boolean;
  #file: FileFacts = { path: "" };
  /** A prompt whose turn's key is not known yet: the first event of the turn has it. */
  #prompt: Moment | undefined;
  /** Tool calls whose subagents run on after them. */
  readonly #background = new Set<string>();

  constructor({ seenLines, content }: StoryOptions) {
    this.#seenLines = seenLines;
    this.#reader = seenLines.addReader();
    this.#content = content;
  }

  beginFile(file: FileFacts): void {
    this.#file = file;
  }

  endFile(): void {
    this.#startPrompted(undefined);
  }

  read(line: Fields): void {
    const time = timeMs(line["timestamp"]);
    const uuid = text(line["uuid"]);
    if (time === undefined || uuid === undefined) return;
    if (this.#seenLines.ownerOf(uuid) !== undefined) return;
    this.#seenLines.add(uuid, { id: uuid }, this.#reader);
    const event = record(record(line["systemPayload"])["uiEvent"]);
    const thread = text(line["agentId"]) ?? threadOf(event);
    const moment = { line, time, thread };
    this.#describe(moment, event);
    if (line["type"] === "user" && thread === undefined) this.#readPrompt(moment);
    this.#readEvent(moment, event);
    this.#story.see(time, thread);
    if (line["type"] === "assistant") this.#readAnswer(moment);
    if (line["type"] === "tool_result") this.#readResult(moment);
  }

  told(): SessionStory {
    for (const subagent of this.#story.subagents.values()) {
      subagent.toolCallId ??= this.#spawnerOf(subagent.thread);
      const spawner = subagent.toolCallId;
      subagent.isDetached = spawner === undefined || this.#background.has(spawner);
    }
    return this.#story;
  }

  /** A subagent's id ends in that of the tool call that started it. */
  #spawnerOf(thread: string): string | undefined {
    return [...this.#story.tools.keys()].find((callId) => thread.endsWith(`-${callId}`));
  }

  #describe({ line, time, thread }: Moment, event: Fields): void {
    const story = this.#story;
    story.sessionId ??= text(line["sessionId"]);
    story.cwd ??= text(line["cwd"]);
    story.branch ??= text(line["gitBranch"]);
    if (thread === undefined) return;
    const subagent = story.subagent(thread, time);
    subagent.type ??= text(line["agentName"]) ?? text(event["subagent_name"]);
    subagent.label ??= text(event["subagent_task_name"]) ?? this.#file.label;
    subagent.toolCallId ??= this.#file.toolCallId;
  }

  /** What the program says to itself goes on with the turn that runs. */
  #readPrompt(moment: Moment): void {
    const provenance = text(moment.line["provenance"]) ?? "real_user";
    if (provenance !== "real_user") return;
    this.#startPrompted(undefined);
    this.#prompt = moment;
  }

  /** Starts the turn of the prompt before; where it had no event, it has no key but a number. */
  #startPrompted(key: string | undefined): void {
    const prompt = this.#prompt;
    if (prompt === undefined) return;
    this.#prompt = undefined;
    const said = records(record(prompt.line["message"])["parts"]).map((part) => part["text"]);
    this.#story.startTurn({
      runId: key ?? `${this.#story.sessionId}#${text(prompt.line["uuid"])}`,
      time: prompt.time,
      message: this.#content ? said.join("\n") : undefined,
    });
  }

  #readEvent(moment: Moment, event: Fields): void {
    const key = TURN_KEY.exec(text(event["prompt_id"]) ?? "")?.[0];
    if (key !== undefined) this.#startPrompted(key);
    switch (event["event.name"]) {
      case "qwen-code.tool_call":
        this.#readToolCall(moment, event);
        return;
      case "qwen-code.api_response":
        this.#story.model ??= text(event["model"]);
        this.#endThread(moment, undefined);
        return;
      case "qwen-code.api_error":
        this.#endThread(moment, errorOf(event));
    }
  }

  #readToolCall({ time, thread }: Moment, event: Fields): void {
    const callId = text(event["call_id"]);
    const name = text(event["function_name"]);
    if (callId === undefined || name === undefined) return;
    const startedMs = time - (count(event["duration_ms"]) ?? 0);
    const input = this.#content ? event["function_args"] : undefined;
    this.#story.startTool({ thread, callId, name, startedMs, input });
    const isDenied = event["decision"] === "reject";
    const isGood = event["success"] !== false && !isDenied;
    const errorType = isDenied ? "denied" : undefined;
    this.#story.endTool(callId, time, { outcome: isGood ? "completed" : "failed", errorType });
  }

  #readAnswer(moment: Moment): void {
    const { line, time, thread } = moment;
    const parts = records(record(line["message"])["parts"]);
    const calls = parts.map((part) => record(part["functionCall"]));
    for (const call of calls) {
      const callId = text(call["id"]);
      const name = text(call["name"]);
      if (callId === undefined || name === undefined) continue;
      const input = this.#content ? call["args"] : undefined;
      this.#story.startTool({ thread, callId, name, startedMs: time, input });
    }
    const said = parts.map((part) => text(part["text"])).findLast((part) => part !== undefined);
    if (said === undefined) return;
    this.#endThread(moment, { outcome: "completed" });
    const { turn } = this.#story;
    if (this.#content && thread === undefined && turn !== undefined) turn.lastMessage = said;
  }

  #readResult({ line, time }: Moment): void {
    const told = record(line["toolCallResult"]);
    const callId = text(told["callId"]);
    if (callId === undefined) return;
    const outcome = told["status"] === "error" ? "failed" : "completed";
    this.#story.endTool(callId, time, { outcome });
    const isBackground = record(told["resultDisplay"])["executionMode"] === "background";
    if (isBackground) this.#background.add(callId);
  }

  #endThread({ thread, time }: Moment, end: ToldEnd | undefined): void {
    this.#story.endThread(thread, time, end);
  }
}

/** Events in the session's file also tell of its subagents: by name, or in the key of the prompt. */
const threadOf = (event: Fields): string | undefined =>
  text(event["subagent_id"]) ?? /^[^#]+#([^#]+)#\d+$/.exec(text(event["prompt_id"]) ?? "")?.[1];

const errorOf = (event: Fields): ToldEnd => ({
  outcome: "failed",
  error: text(event["error_message"]),
  errorType: text(event["error_type"]),
});
