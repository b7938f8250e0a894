import { type Fields, record, records, text, timeMs } from "../../fields.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import { SessionStory, type ToldToolEnd } from "../../session-story.ts";
import type { CliAgentId, FileFacts, StoryOptions, StoryReader } from "../../transcript.ts";
import { threadOf } from "./transcript.ts";

/** A line of a thread, with what every line has. */
interface Moment {
  readonly line: Fields;
  readonly time: number;
  readonly thread: string | undefined;
}

/** What users see of commands of the program itself, none of which begins a turn on its own. */
const OWN_COMMAND = /^<(command-name|command-message|local-command|bash-)/;
const INTERRUPTED = /^\[Request interrupted by user/;

/** Reads from Claude Code's transcripts what happened beside model calls. */
export class ClaudeStory implements StoryReader {
  readonly #story: SessionStory;
  readonly #seenLines: SeenCalls;
  readonly #reader: number;
  readonly #content: boolean;
  #file: FileFacts = { path: "" };
  /** A command of the program's, which is a turn if a model answers it. */
  #command: Moment | undefined;

  constructor({ seenLines, content }: StoryOptions, agent: CliAgentId = "claude-code") {
    this.#story = new SessionStory(agent);
    this.#seenLines = seenLines;
    this.#reader = seenLines.addReader();
    this.#content = content;
  }

  beginFile(file: FileFacts): void {
    this.#file = file;
  }

  read(line: Fields): void {
    if (line["type"] === "cost-state") this.#story.endSegment();
    const time = timeMs(line["timestamp"]);
    const uuid = text(line["uuid"]);
    const asked = text(line["requestSessionId"]);
    const isParents = asked !== undefined && asked !== line["sessionId"];
    if (isParents) this.#story.resumedFrom ??= asked;
    if (time === undefined || uuid === undefined || isParents || this.#isRepeated(uuid)) return;
    const moment = { line, time, thread: threadOf(line, this.#file) };
    this.#describe(moment);
    this.#story.see(time, moment.thread);
    if (line["type"] === "assistant") this.#readAnswer(moment);
    if (line["type"] === "user") this.#readUser(moment);
  }

  endFile(): void {}

  told(): SessionStory {
    return this.#story;
  }

  #isRepeated(uuid: string): boolean {
    if (this.#seenLines.ownerOf(uuid) !== undefined) return true;
    this.#seenLines.add(uuid, { id: uuid }, this.#reader);
    return false;
  }

  #describe({ line, time, thread }: Moment): void {
    const story = this.#story;
    story.sessionId ??= text(line["sessionId"]);
    story.cwd ??= text(line["cwd"]);
    story.branch ??= text(line["gitBranch"]);
    story.permissionMode ??= text(line["permissionMode"]);
    if (thread === undefined) return;
    const subagent = story.subagent(thread, time);
    subagent.type ??= text(line["attributionAgent"]) ?? this.#file.subagent;
    subagent.toolCallId ??= this.#file.toolCallId;
    subagent.label ??= this.#file.label;
  }

  #readUser(moment: Moment): void {
    const { line, time, thread } = moment;
    const { content } = record(line["message"]);
    const blocks = records(content);
    const results = blocks.filter((block) => block["type"] === "tool_result");
    for (const result of results) this.#readResult(moment, result);
    const said = text(content) ?? text(blocks.find((block) => text(block["text"]))?.["text"]) ?? "";
    if (INTERRUPTED.test(said)) this.#story.endThread(thread, time, { outcome: "cancelled" });
    else if (results.length === 0 && thread === undefined) this.#readPrompt(moment, said);
  }

  #readPrompt(moment: Moment, said: string): void {
    const { line } = moment;
    if (line["isMeta"] === true || line["isCompactSummary"] === true) return;
    if (OWN_COMMAND.test(said)) {
      this.#command = moment;
      return;
    }
    this.#command = undefined;
    this.#startTurn(moment, said);
  }

  #startTurn({ line, time }: Moment, said: string | undefined): void {
    const isAnnouncement = line["turnOrigin"] === "task_notification";
    this.#story.startTurn({
      runId: text(line["promptId"]) ?? text(line["uuid"]) ?? String(time),
      time,
      trigger: isAnnouncement ? "announce" : undefined,
      message: this.#content ? said : undefined,
    });
  }

  #readAnswer(moment: Moment): void {
    const { line, time, thread } = moment;
    const message = record(line["message"]);
    if (thread === undefined && this.#command !== undefined) {
      this.#startTurn(this.#command, undefined);
      this.#command = undefined;
    }
    this.#story.model ??= thread === undefined ? modelOf(message) : undefined;
    for (const block of records(message["content"])) this.#readBlock(moment, block);
    if (line["isApiErrorMessage"] === true) {
      const error = records(message["content"]).find((block) => text(block["text"]));
      this.#story.endThread(thread, time, {
        outcome: "failed",
        error: text(error?.["text"]),
        errorType: text(line["error"]) ?? text(line["apiErrorType"]),
      });
    } else if (text(message["stop_reason"]) === "tool_use")
      this.#story.endThread(thread, time, undefined);
    else this.#story.endThread(thread, time, { outcome: "completed" });
  }

  #readBlock({ time, thread }: Moment, block: Fields): void {
    const callId = text(block["id"]);
    const name = text(block["name"]);
    if (block["type"] === "tool_use" && callId !== undefined && name !== undefined) {
      const input = this.#content ? block["input"] : undefined;
      this.#story.startTool({ thread, callId, name, startedMs: time, input });
    }
    const said = text(block["text"]);
    if (this.#content && thread === undefined && said !== undefined && this.#story.turn) {
      this.#story.turn.lastMessage = said;
    }
  }

  #readResult({ line, time }: Moment, result: Fields): void {
    const callId = text(result["tool_use_id"]);
    if (callId === undefined) return;
    const output = this.#content ? result["content"] : undefined;
    this.#story.endTool(callId, time, resultEnd(line, result), output);
    const told = record(line["toolUseResult"]);
    const agentId = text(told["agentId"]);
    if (agentId === undefined) return;
    const subagent = this.#story.subagent(agentId, time);
    subagent.toolCallId ??= callId;
    subagent.label ??= text(told["description"]);
    subagent.isDetached = told["isAsync"] === true;
  }
}

const SYNTHETIC_MODEL = "<synthetic>";

const modelOf = (message: Fields): string | undefined => {
  const model = text(message["model"]);
  return model === SYNTHETIC_MODEL ? undefined : model;
};

function resultEnd(line: Fields, result: Fields): ToldToolEnd {
  if (record(line["permissionDecision"])["decision"] === "reject") {
    return { outcome: "failed", errorType: "denied" };
  }
  if (record(line["toolUseResult"])["interrupted"] === true) return { outcome: "cancelled" };
  return { outcome: result["is_error"] === true ? "failed" : "completed" };
}
