import type { Usage } from "../../../../lifecycle/events.ts";
import { count, type Fields, record, text, timeMs } from "../../fields.ts";
import { FileStates } from "../../file-states.ts";
import { OpenCalls } from "../../open-calls.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import type { FileFacts, TranscriptCall, TranscriptReader } from "../../transcript.ts";

const AGENT = "gemini-cli";

/** What the head of a file tells of all its lines. */
interface Head {
  sessionId: string | undefined;
  cwd: string | undefined;
  subagent: string | undefined;
  thread: string | undefined;
}

const createHead = (): Head => ({
  sessionId: undefined,
  cwd: undefined,
  subagent: undefined,
  thread: undefined,
});

/**
 * Reads Gemini CLI's transcripts: a log to which an answer is written again whenever a tool of it ends.
 * A resumed session writes its history anew, without the counts.
 */
export class GeminiReader implements TranscriptReader {
  readonly #calls: OpenCalls;
  readonly #files = new FileStates(createHead);
  #facts: FileFacts = { path: "" };
  #head = createHead();
  /** What the session calls its subagents, by their ids. */
  readonly #names = new Map<string, string>();

  constructor(seen: SeenCalls) {
    this.#calls = new OpenCalls(seen);
  }

  beginFile(file: FileFacts): void {
    this.#facts = file;
    this.#head = this.#files.of(file);
    this.#head.cwd ??= file.cwd;
  }

  endFile(): void {
    this.#files.forget(this.#facts);
  }

  read(line: Fields): void {
    if (text(line["projectHash"]) !== undefined) this.#readHead(line);
    if (line["type"] === "gemini") this.#readAnswer(line);
  }

  takeSettled(): readonly TranscriptCall[] {
    return this.#calls.takeSettled();
  }

  rest(): readonly TranscriptCall[] {
    return this.#calls.rest();
  }

  /** A subagent's file lies in a folder that has the name of its session. */
  #readHead(line: Fields): void {
    const id = text(line["sessionId"]);
    this.#head.sessionId = id;
    if (line["kind"] === "subagent") {
      this.#head.thread = id;
      this.#head.subagent = this.#names.get(id ?? "") ?? "subagent";
      this.#head.sessionId = /\/chats\/([^/]+)\//.exec(this.#facts.path)?.[1] ?? id;
    }
    const { directories } = line;
    if (Array.isArray(directories)) this.#head.cwd ??= text(directories[0]);
    this.#head.cwd ??= text(line["projectHash"]);
  }

  #readSubagents(toolCalls: unknown): void {
    if (!Array.isArray(toolCalls)) return;
    for (const toolCall of toolCalls.map(record)) {
      const id = text(toolCall["agentId"]);
      const name = text(record(toolCall["args"])["agent_name"]);
      if (id !== undefined && name !== undefined) this.#names.set(id, name);
    }
  }

  #readAnswer(line: Fields): void {
    this.#readSubagents(line["toolCalls"]);
    const id = text(line["id"]);
    const time = timeMs(line["timestamp"]);
    const usage = usageOf(line["tokens"]);
    const sessionId = this.#head.sessionId;
    if (id === undefined || time === undefined || usage === undefined) return;
    if (sessionId === undefined) return;
    const model = text(line["model"]);
    this.#calls.note(
      { id },
      {
        agent: AGENT,
        sessionId,
        subagent: this.#head.subagent,
        thread: this.#head.thread,
        cwd: this.#head.cwd,
        branch: undefined,
        end: {
          type: "model.end",
          time,
          runId: sessionId,
          callId: id,
          provider: "gcp.gemini",
          model,
          responseModel: model,
          usage,
        },
      },
    );
  }
}

/** `output` leaves thoughts out, and what tools put into the prompt is counted apart. */
function usageOf(value: unknown): Usage | undefined {
  const tokens = record(value);
  const input = count(tokens["input"]);
  const output = count(tokens["output"]);
  if (input === undefined && output === undefined) return undefined;
  const thoughts = count(tokens["thoughts"]) ?? 0;
  return {
    inputTokens: (input ?? 0) + (count(tokens["tool"]) ?? 0),
    outputTokens: (output ?? 0) + thoughts,
    cacheReadTokens: count(tokens["cached"]) ?? 0,
    reasoningTokens: thoughts,
  };
}
