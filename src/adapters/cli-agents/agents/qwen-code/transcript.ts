import type { ModelEnd, Usage } from "../../../../lifecycle/events.ts";
import { forgetOldest } from "../../bounded.ts";
import { count, type Fields, record, text, timeMs } from "../../fields.ts";
import { OpenCalls } from "../../open-calls.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import type { FileFacts, TranscriptCall, TranscriptReader } from "../../transcript.ts";

const AGENT = "qwen-code";
const RESPONSE = "qwen-code.api_response";

/** Lines are repeated within fewer lines than this, and events stand near their answers. */
const MAX_NEAR = 4096;

/** An answer that may turn out to be told by a response event too. */
interface Answer {
  readonly id: string;
  readonly counts: string;
  readonly call: TranscriptCall;
}

/**
 * Reads Qwen Code's transcripts. Each call of a session is told by a response event, and again by the line of
 * its answer, which has no id in common with it; a subagent's calls are told by events in the session's
 * file and by answers in its own.
 */
export class QwenReader implements TranscriptReader {
  readonly #calls: OpenCalls;
  /** Response events whose answer has not come yet, by their counts. */
  readonly #responses = new Map<string, number>();
  /** Answers whose event has not come yet: older versions write none. */
  #answers: Answer[] = [];
  readonly #recent = new Set<string>();
  #file: FileFacts = { path: "" };
  #model: string | undefined;

  constructor(seen: SeenCalls) {
    this.#calls = new OpenCalls(seen);
  }

  beginFile(file: FileFacts): void {
    this.#file = file;
  }

  read(line: Fields): void {
    const sessionId = text(line["sessionId"]);
    const time = timeMs(line["timestamp"]);
    if (sessionId === undefined || time === undefined) return;
    if (this.#isRepeated(text(line["uuid"]))) return;
    const about = { line, sessionId, time };
    const event = record(record(line["systemPayload"])["uiEvent"]);
    if (event["event.name"] === RESPONSE) this.#readResponse(about, event);
    if (line["type"] === "assistant") this.#readAnswer(about);
  }

  takeSettled(): readonly TranscriptCall[] {
    if (this.#answers.length > MAX_NEAR) this.#noteAnswers(MAX_NEAR / 2);
    return this.#calls.takeSettled();
  }

  endFile(): void {}

  rest(): readonly TranscriptCall[] {
    const untold = this.#answers.filter(({ id }) => !this.#calls.has({ id }));
    return [...this.#calls.rest(), ...untold.map(({ call }) => call)];
  }

  /** Counts answers that no event has come for. */
  #noteAnswers(number: number): void {
    for (const { id, call } of this.#answers.splice(0, number)) this.#calls.note({ id }, call);
  }

  #isRepeated(uuid: string | undefined): boolean {
    if (uuid === undefined) return false;
    if (this.#recent.has(uuid)) return true;
    this.#recent.add(uuid);
    forgetOldest(this.#recent, MAX_NEAR);
    return false;
  }

  #readResponse(about: Line, event: Fields): void {
    const usage = usageOf({
      prompt: event["input_token_count"],
      candidates: event["output_token_count"],
      thoughts: event["thoughts_token_count"],
      cached: event["cached_content_token_count"],
      total: event["total_token_count"],
    });
    if (usage === undefined) return;
    const subagent = text(event["subagent_name"]) ?? text(event["subagent_type"]);
    const responseId = text(event["response_id"]);
    const promptId = text(event["prompt_id"]);
    const model = text(event["model"]);
    this.#model = model ?? this.#model;
    const thread = text(event["subagent_id"]) ?? subagent;
    const call = toCall(about, { usage, subagent, thread, model, responseId, promptId, event });
    const counts = countsKey(usage);
    if (subagent !== undefined && promptId !== undefined) {
      this.#calls.note({ id: `${promptId} ${counts}` }, call);
      return;
    }
    this.#calls.note({ id: `${promptId} ${responseId} ${counts}` }, call);
    const told = this.#answers.findIndex((answer) => answer.counts === counts);
    if (told >= 0) this.#answers.splice(told, 1);
    else this.#responses.set(counts, (this.#responses.get(counts) ?? 0) + 1);
  }

  #readAnswer(about: Line): void {
    const { line, sessionId } = about;
    const metadata = record(line["usageMetadata"]);
    const usage = usageOf({
      prompt: metadata["promptTokenCount"],
      candidates: metadata["candidatesTokenCount"],
      thoughts: metadata["thoughtsTokenCount"],
      cached: metadata["cachedContentTokenCount"],
      total: metadata["totalTokenCount"],
    });
    if (usage === undefined) return;
    const counts = countsKey(usage);
    const model = text(line["model"]) ?? this.#file.model ?? this.#model;
    const agentId = text(line["agentId"]);
    const subagent =
      agentId === undefined
        ? undefined
        : (text(line["agentName"]) ?? this.#file.subagent ?? "subagent");
    const call = toCall(about, { usage, subagent, thread: agentId, model });
    const round = count(line["agentRound"]);
    if (agentId !== undefined && round !== undefined) {
      this.#calls.note({ id: `${sessionId}#${agentId}#${round - 1} ${counts}` }, call);
      return;
    }
    const responses = this.#responses.get(counts) ?? 0;
    if (responses > 1) this.#responses.set(counts, responses - 1);
    else if (responses === 1) this.#responses.delete(counts);
    else this.#answers.push({ id: text(line["uuid"]) ?? counts, counts, call });
  }
}

interface Line {
  readonly line: Fields;
  readonly sessionId: string;
  readonly time: number;
}

interface CallFacts {
  readonly usage: Usage;
  readonly subagent: string | undefined;
  readonly thread: string | undefined;
  readonly model: string | undefined;
  readonly responseId?: string | undefined;
  readonly promptId?: string | undefined;
  readonly event?: Fields | undefined;
}

function toCall({ line, sessionId, time }: Line, facts: CallFacts): TranscriptCall {
  const { usage, subagent, thread, model, responseId, promptId, event = {} } = facts;
  const end: ModelEnd = {
    type: "model.end",
    time: timeMs(event["event.timestamp"]) ?? time,
    runId: promptId ?? sessionId,
    callId: responseId ?? text(line["uuid"]) ?? sessionId,
    model,
    responseModel: model,
    responseId,
    usage,
    durationMs: count(event["duration_ms"]),
    timeToFirstChunkMs: count(event["ttft_ms"]),
  };
  return {
    agent: AGENT,
    sessionId,
    subagent,
    thread,
    cwd: text(line["cwd"]),
    branch: text(line["gitBranch"]),
    end,
  };
}

const countsKey = (usage: Usage): string =>
  [usage.inputTokens, usage.outputTokens, usage.cacheReadTokens, usage.reasoningTokens].join(" ");

type RawCounts = Readonly<
  Record<"prompt" | "candidates" | "thoughts" | "cached" | "total", unknown>
>;

/** Thoughts are within the candidates or beside them, as the provider counts; the total tells which. */
function usageOf(raw: RawCounts): Usage | undefined {
  const inputTokens = count(raw.prompt);
  const candidates = count(raw.candidates);
  if (inputTokens === undefined && candidates === undefined) return undefined;
  const reasoningTokens = count(raw.thoughts) ?? 0;
  const withThoughts = (candidates ?? 0) + reasoningTokens;
  const areBeside = count(raw.total) === (inputTokens ?? 0) + withThoughts;
  const outputTokens = areBeside ? withThoughts : (candidates ?? 0);
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens,
    cacheReadTokens: count(raw.cached) ?? 0,
    reasoningTokens: Math.min(reasoningTokens, outputTokens),
  };
}
