import { markCall, numberCall } from "../../call-mark.ts";
import { type Fields, record, records, text, timeMs } from "../../fields.ts";
import { SessionStory, type ToldEnd, type ToldToolEnd } from "../../session-story.ts";
import type { FileFacts, StoryOptions, StoryReader } from "../../transcript.ts";

/** Reads from Gemini CLI's transcripts what happened beside model calls. They know no keys of turns. */
export class GeminiStory implements StoryReader {
  readonly #story = new SessionStory("gemini-cli");
  readonly #content: boolean;
  readonly #seen = new Set<string>();
  /** The subagent that a file is of, told by its head. */
  readonly #threads = new Map<string, string | undefined>();
  #file: FileFacts = { path: "" };
  #thread: string | undefined;
  readonly #skipped: ReadonlySet<number> | undefined;
  #prompts = 0;
  readonly #callIds = new Map<string, string>();
  readonly #numbers = new Map<string, number>();

  constructor({ content, skippedTurns }: StoryOptions) {
    this.#content = content;
    this.#skipped = skippedTurns;
  }

  beginFile(file: FileFacts): void {
    this.#file = file;
    this.#thread = this.#threads.get(file.path);
  }

  endFile(): void {
    this.#threads.delete(this.#file.path);
  }

  read(line: Fields): void {
    if (text(line["projectHash"]) !== undefined) this.#readHead(line);
    const time = timeMs(line["timestamp"]);
    const id = text(line["id"]);
    if (time === undefined || id === undefined) return;
    if (line["type"] === "gemini") this.#readAnswer(line, time);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    if (line["type"] === "user") this.#readPrompt(line, time);
    if (line["type"] === "error" || line["type"] === "info") this.#readNotice(line, time);
    this.#story.see(time, this.#thread);
  }

  told(): SessionStory {
    return this.#story;
  }

  /** Each process that works on a session writes a head of its own. */
  #readHead(line: Fields): void {
    const story = this.#story;
    const id = text(line["sessionId"]);
    const isSubagent = line["kind"] === "subagent";
    this.#thread = isSubagent ? id : undefined;
    this.#threads.set(this.#file.path, this.#thread);
    if (isSubagent) {
      story.sessionId ??= /\/chats\/([^/]+)\//.exec(this.#file.path)?.[1];
      return;
    }
    story.sessionId ??= id;
    story.cwd ??= this.#file.cwd ?? text(line["projectHash"]);
    story.endSegment();
  }

  /** Results of tools are sent to the model as if the user had written them. */
  #readPrompt(line: Fields, time: number): void {
    const parts = records(line["content"]);
    if (this.#thread !== undefined || parts.some((part) => "functionResponse" in part)) return;
    while (this.#skipped?.has(this.#prompts) === true) this.#prompts += 1;
    const said = text(line["content"]) ?? parts.map((part) => part["text"]).join("\n");
    this.#story.startTurn({
      runId: `${this.#story.sessionId}#${this.#prompts}`,
      time,
      message: this.#content ? said : undefined,
    });
    this.#prompts += 1;
  }

  #readAnswer(line: Fields, time: number): void {
    this.#story.model ??= this.#thread === undefined ? text(line["model"]) : undefined;
    const tools = records(line["toolCalls"]);
    for (const tool of tools) this.#readTool(tool, time);
    const said = text(line["content"]);
    const isAnswer = said !== undefined && tools.length === 0;
    this.#endThread(time, isAnswer ? { outcome: "completed" } : undefined);
    const { turn } = this.#story;
    if (this.#content && this.#thread === undefined && isAnswer && turn !== undefined) {
      turn.lastMessage = said;
    }
  }

  #readTool(tool: Fields, time: number): void {
    const id = text(tool["id"]);
    const name = text(tool["name"]);
    if (id === undefined || name === undefined) return;
    const callId = this.#callIdOf(id, markCall(name, tool["args"]));
    const input = this.#content ? tool["args"] : undefined;
    const thread = this.#thread;
    const key = thread === undefined ? callId : `${thread} ${callId}`;
    this.#story.startTool({ thread, callId, name, startedMs: time, input }, key);
    const end = toolEnds.get(text(tool["status"]) ?? "");
    const endedMs = timeMs(tool["timestamp"]) ?? time;
    const output = this.#content ? tool["result"] : undefined;
    if (end !== undefined) this.#story.endTool(key, endedMs, end, output);
    this.#story.see(endedMs, this.#thread);
    const agentId = text(tool["agentId"]);
    if (agentId === undefined) return;
    const subagent = this.#story.subagent(agentId, endedMs);
    subagent.type ??= text(record(tool["args"])["agent_name"]);
    subagent.toolCallId ??= callId;
  }

  /** Hooks do not know the agent's id of a call: it is told by what it was given, and by its number in its run. */
  #callIdOf(id: string, mark: string): string {
    const known = this.#callIds.get(id);
    if (known !== undefined) return known;
    const turn = this.#thread === undefined ? Math.max(0, this.#prompts - 1) : undefined;
    const callId = numberCall(this.#numbers, { run: this.#thread ?? `#${turn}`, turn }, mark);
    this.#callIds.set(id, callId);
    return callId;
  }

  #readNotice(line: Fields, time: number): void {
    const said = text(line["content"]);
    if (line["type"] === "error") this.#endThread(time, { outcome: "failed", error: said });
    else if (/cancelled/i.test(said ?? "")) this.#endThread(time, { outcome: "cancelled" });
  }

  #endThread(time: number, end: ToldEnd | undefined): void {
    this.#story.endThread(this.#thread, time, end);
  }
}

const toolEnds: ReadonlyMap<string, ToldToolEnd> = new Map<string, ToldToolEnd>([
  ["success", { outcome: "completed" }],
  ["error", { outcome: "failed" }],
  ["cancelled", { outcome: "cancelled" }],
]);
