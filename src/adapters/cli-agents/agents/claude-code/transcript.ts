import type { Cost, ModelEnd, Usage } from "../../../../lifecycle/events.ts";
import { count, type Fields, record, text, timeMs } from "../../fields.ts";
import { FileStates } from "../../file-states.ts";
import { OpenCalls } from "../../open-calls.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import type { CliAgentId, FileFacts, TranscriptCall, TranscriptReader } from "../../transcript.ts";
import { UnlistedUsage } from "./unlisted-usage.ts";

const NANO_USD = 1e9;
/** Answers that the program made up itself: errors, interruptions. */
const SYNTHETIC_MODEL = "<synthetic>";

/** What is known of a file of which more may come. */
interface FileState {
  readonly calls: OpenCalls;
  /** The time of the latest answer. */
  lastAnswer: number;
}

/**
 * Reads Claude Code's transcripts. A call stands on one line for each block of its answer, all with the
 * call's usage; lines of a session that another was forked from are in both, some naming their session.
 */
export class ClaudeReader implements TranscriptReader {
  readonly #agent: CliAgentId;
  readonly #files: FileStates<FileState>;
  readonly #unlisted = new UnlistedUsage();
  #facts: FileFacts = { path: "" };
  #file: FileState;
  #last: TranscriptCall | undefined;
  #isFork = false;
  /** Calls that another session had told before. */
  #foreign = 0;
  #settled: TranscriptCall[] = [];

  constructor(seen: SeenCalls, agent: CliAgentId = "claude-code") {
    const reader = seen.addReader();
    this.#agent = agent;
    this.#files = new FileStates(() => ({
      calls: new OpenCalls(seen, reader),
      lastAnswer: Number.NEGATIVE_INFINITY,
    }));
    this.#file = this.#files.of(this.#facts);
  }

  beginFile(file: FileFacts): void {
    this.#settle(this.#file.calls.takeSettled());
    this.#facts = file;
    this.#file = this.#files.of(file);
  }

  endFile(): void {
    this.#settle(this.#file.calls.takeAll());
    this.#foreign += this.#file.calls.foreign;
    this.#files.forget(this.#facts);
  }

  read(line: Fields): void {
    if (line["type"] === "assistant") this.#readAnswer(line);
    if (line["type"] !== "cost-state") return;
    this.#settle(this.#file.calls.takeAll());
    this.#unlisted.addTotals(line, this.#file.lastAnswer);
  }

  takeSettled(): readonly TranscriptCall[] {
    this.#settle(this.#file.calls.takeSettled());
    const settled = this.#settled;
    if (settled.length > 0) this.#settled = [];
    return settled;
  }

  rest(): readonly TranscriptCall[] {
    const open = this.#files.all.flatMap(({ calls }) => calls.rest());
    return [...open, ...this.#unlistedCalls(open)];
  }

  #settle(calls: readonly TranscriptCall[]): void {
    for (const call of calls) {
      this.#unlisted.addCall(call.end);
      if (call.subagent === undefined) this.#last = call;
      this.#settled.push(call);
    }
  }

  #readAnswer(line: Fields): void {
    const time = timeMs(line["timestamp"]);
    if (time !== undefined && time > this.#file.lastAnswer) this.#file.lastAnswer = time;
    const message = record(line["message"]);
    const model = text(message["model"]);
    const usage = usageOf(message["usage"]);
    const id = text(message["id"]) ?? text(line["uuid"]);
    const written = text(line["sessionId"]);
    const asked = text(line["requestSessionId"]);
    const sessionId = asked ?? written;
    if (time === undefined || usage === undefined || id === undefined) return;
    if (sessionId === undefined || model === SYNTHETIC_MODEL) return;
    if (asked !== undefined && asked !== written) this.#isFork = true;
    const thread = threadOf(line, this.#facts);
    this.#file.calls.note(
      {
        id,
        request: text(line["requestId"]) ?? text(line["requestRef"]),
        mayReplay: thread !== undefined,
      },
      {
        agent: this.#agent,
        sessionId,
        subagent: thread === undefined ? undefined : this.#subagentOf(line),
        thread,
        cwd: text(line["cwd"]),
        branch: text(line["gitBranch"]),
        end: modelEnd(line, { id, time, model, usage, sessionId }),
      },
    );
  }

  #subagentOf(line: Fields): string {
    return text(line["attributionAgent"]) ?? this.#facts.subagent ?? "subagent";
  }

  /** The totals of a fork contain those of the session it goes on from: they tell nothing of its own. */
  #unlistedCalls(open: readonly TranscriptCall[]): TranscriptCall[] {
    const like = open.findLast(({ subagent }) => subagent === undefined) ?? this.#last;
    const foreign = this.#files.all.reduce((sum, { calls }) => sum + calls.foreign, this.#foreign);
    if (like === undefined || this.#isFork || foreign > 0) return [];
    const ends = open.map(({ end }) => end);
    return this.#unlisted.calls(ends).map(({ time, model, usage }, index) => ({
      ...like,
      end: {
        type: "model.end",
        time,
        runId: like.end.runId,
        callId: `unlisted ${index}`,
        provider: providerOf(model),
        model,
        responseModel: model,
        usage,
      },
    }));
  }
}

/** The id of the subagent whose line it is; older versions kept subagents' lines in the session's file. */
export function threadOf(line: Fields, file: FileFacts): string | undefined {
  if (line["isSidechain"] !== true) return undefined;
  const named = /\/agent-([^/]+)\.jsonl$/.exec(file.path)?.[1];
  return text(line["agentId"]) ?? named ?? "sidechain";
}

interface Answer {
  readonly id: string;
  readonly time: number;
  readonly model: string | undefined;
  readonly usage: Usage;
  readonly sessionId: string;
}

function modelEnd(line: Fields, { id, time, model, usage, sessionId }: Answer): ModelEnd {
  const stopReason = text(record(line["message"])["stop_reason"]);
  return {
    type: "model.end",
    time,
    runId: sessionId,
    callId: id,
    provider: providerOf(model),
    model: text(line["requestedModel"]) ?? model,
    responseModel: model,
    responseId: id,
    finishReasons: stopReason === undefined ? undefined : [stopReason],
    usage,
    cost: costOf(line["costUSD"]),
  };
}

/** Who serves a Claude model shows in its name; other names are told by the price data. */
function providerOf(model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  if (/(^|\.)anthropic\./.test(model)) return "aws.bedrock";
  if (/^claude-.*@/.test(model)) return "gcp.vertex_ai";
  return model.startsWith("claude-") ? "anthropic" : undefined;
}

/** Versions before 1.1 wrote what a call cost. */
function costOf(usd: unknown): Cost | undefined {
  if (typeof usd !== "number" || !(usd > 0)) return undefined;
  return { nanoUsd: Math.round(usd * NANO_USD), source: "host" };
}

function usageOf(value: unknown): Usage | undefined {
  const usage = record(value);
  const input = count(usage["input_tokens"]);
  const outputTokens = count(usage["output_tokens"]);
  if (input === undefined && outputTokens === undefined) return undefined;
  const cacheReadTokens = count(usage["cache_read_input_tokens"]) ?? 0;
  const byAge = record(usage["cache_creation"]);
  const cacheWrite1hTokens = count(byAge["ephemeral_1h_input_tokens"]) ?? 0;
  const cacheWriteTokens = Math.max(
    count(usage["cache_creation_input_tokens"]) ?? 0,
    cacheWrite1hTokens + (count(byAge["ephemeral_5m_input_tokens"]) ?? 0),
  );
  return {
    inputTokens: (input ?? 0) + cacheReadTokens + cacheWriteTokens,
    outputTokens: outputTokens ?? 0,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens,
    reasoningTokens: count(record(usage["output_tokens_details"])["thinking_tokens"]),
  };
}
