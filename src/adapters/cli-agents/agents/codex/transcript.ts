import { forgetOldest } from "../../bounded.ts";
import { count, type Fields, isFields, record, text, timeMs } from "../../fields.ts";
import { FileStates } from "../../file-states.ts";
import { OpenCalls } from "../../open-calls.ts";
import type { SeenCalls } from "../../seen-calls.ts";
import type { FileFacts, TranscriptCall, TranscriptReader } from "../../transcript.ts";

const AGENT = "codex";
/** A session that goes on from another first repeats its lines, all in one go. */
const REPLAY_MS = 1000;

/** What is known of a file of which more may come. */
interface Rollout {
  thread: Thread | undefined;
  /** The thread that the running total began in. */
  root: { readonly id: string; readonly startedMs: number } | undefined;
  isFork: boolean;
  replayUntilMs: number;
  total: Counts | undefined;
  model: string | undefined;
  provider: string | undefined;
  readonly turnModels: Map<string, string>;
}

const createRollout = (): Rollout => ({
  thread: undefined,
  root: undefined,
  isFork: false,
  replayUntilMs: Number.NEGATIVE_INFINITY,
  total: undefined,
  model: undefined,
  provider: undefined,
  turnModels: new Map(),
});

/**
 * Reads Codex's rollouts. Newer versions write a usage record for each answer, all versions a running total,
 * which they repeat whenever something else of it changes: a call is known by the total it led to.
 */
export class CodexReader implements TranscriptReader {
  readonly #calls: OpenCalls;
  readonly #files = new FileStates(createRollout);
  #facts: FileFacts = { path: "" };
  #file = createRollout();

  constructor(seen: SeenCalls) {
    this.#calls = new OpenCalls(seen);
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
    const payload = record(line["payload"]);
    if (time === undefined) return;
    switch (line["type"]) {
      case "session_meta":
        this.#readMeta(payload, time);
        return;
      case "turn_context":
        this.#readModel(payload, text(payload["turn_id"]));
        return;
      case "token_usage_record":
        this.#readUsageRecord(payload, time);
        return;
      case "event_msg":
        this.#readEvent(payload, time);
    }
  }

  takeSettled(): readonly TranscriptCall[] {
    return this.#calls.takeSettled();
  }

  rest(): readonly TranscriptCall[] {
    return this.#calls.rest();
  }

  /** The first one is the file's own; more are repeated from the sessions it goes on from. */
  #readMeta(payload: Fields, time: number): void {
    const id = text(payload["id"]);
    if (id === undefined) return;
    if (this.#file.thread === undefined) {
      this.#file.thread = threadOf(id, payload);
      this.#file.provider = text(payload["model_provider"]);
      this.#file.isFork = text(payload["forked_from_id"]) !== undefined;
    }
    this.#file.isFork ||= id !== this.#file.thread.id;
    if (this.#file.isFork) this.#file.replayUntilMs = time + REPLAY_MS;
    const startedMs = timeMs(payload["timestamp"]) ?? time;
    if (this.#file.root === undefined || startedMs < this.#file.root.startedMs) {
      this.#file.root = { id: text(payload["forked_from_id"]) ?? id, startedMs };
    }
  }

  #readModel(settings: Fields, turnId: string | undefined): void {
    const model = text(settings["model"]);
    if (model === undefined) return;
    this.#file.model = model;
    if (turnId === undefined) return;
    this.#file.turnModels.set(turnId, model);
    forgetOldest(this.#file.turnModels, MAX_TURNS);
  }

  #readEvent(payload: Fields, time: number): void {
    if (payload["type"] === "thread_settings_applied") {
      this.#readModel(record(payload["thread_settings"]), undefined);
    }
    const { info } = payload;
    if (payload["type"] !== "token_count" || !isFields(info)) return;
    const total = usageOf(info["total_token_usage"]);
    if (total === undefined) return;
    const before = this.#file.total;
    this.#file.total = total;
    if (time < this.#file.replayUntilMs || (before === undefined && this.#file.isFork)) return;
    if (before !== undefined && keyOf(before) === keyOf(total)) return;
    const usage = usageOf(info["last_token_usage"]) ?? subtract(total, before);
    this.#note({ time, usage, total, turnId: undefined, responseId: undefined });
  }

  #readUsageRecord(payload: Fields, time: number): void {
    const usage = usageOf(payload["usage"]);
    const total = usageOf(payload["thread_token_usage"]);
    const thread = text(payload["thread_id"]);
    if (usage === undefined || total === undefined) return;
    if (thread !== undefined && thread !== this.#file.thread?.id) return;
    this.#file.total = total;
    const turnId = text(payload["turn_id"]);
    this.#note({ time, usage, total, turnId, responseId: text(payload["response_id"]) });
  }

  #note({ time, usage, total, turnId, responseId }: Answer): void {
    const thread = this.#file.thread;
    if (thread === undefined) return;
    const model = this.#file.turnModels.get(turnId ?? "") ?? this.#file.model;
    const id = `${this.#file.root?.id} ${keyOf(total)}`;
    this.#calls.note(
      { id },
      {
        agent: AGENT,
        sessionId: thread.sessionId,
        subagent: thread.subagent,
        thread: thread.subagent === undefined ? undefined : thread.id,
        cwd: thread.cwd,
        branch: thread.branch,
        end: {
          type: "model.end",
          time,
          runId: turnId ?? thread.sessionId,
          callId: responseId ?? id,
          provider: this.#file.provider,
          model,
          responseModel: model,
          responseId,
          usage,
        },
      },
    );
  }
}

/** A turn's calls come while it is among the last so many. */
const MAX_TURNS = 1024;

interface Answer {
  readonly time: number;
  readonly usage: Counts;
  /** Of the thread so far, this answer included. */
  readonly total: Counts;
  readonly turnId: string | undefined;
  readonly responseId: string | undefined;
}

/** What a file's own `session_meta` tells. */
export interface Thread {
  readonly id: string;
  readonly sessionId: string;
  readonly subagent: string | undefined;
  readonly cwd: string | undefined;
  readonly branch: string | undefined;
}

export function threadOf(id: string, payload: Fields): Thread {
  const source = record(payload["source"])["subagent"];
  const spawn = record(record(source)["thread_spawn"]);
  const role = text(payload["agent_role"]) ?? text(spawn["agent_role"]) ?? text(source);
  const isSubagent = source !== undefined || payload["thread_source"] === "subagent";
  const parent = text(payload["parent_thread_id"]) ?? text(spawn["parent_thread_id"]);
  return {
    id,
    sessionId: text(payload["session_id"]) ?? parent ?? id,
    subagent: isSubagent ? (role ?? "subagent") : undefined,
    cwd: text(payload["cwd"]),
    branch: text(record(payload["git"])["branch"]),
  };
}

type Counts = Readonly<
  Record<
    "inputTokens" | "outputTokens" | "cacheReadTokens" | "cacheWriteTokens" | "reasoningTokens",
    number
  >
>;

const keyOf = (counts: Counts): string => Object.values(counts).join(" ");

/** What was added to a total, for versions that write nothing but the total. */
function subtract(total: Counts, before: Counts | undefined): Counts {
  const added = (field: keyof Counts): number => Math.max(0, total[field] - (before?.[field] ?? 0));
  return {
    inputTokens: added("inputTokens"),
    outputTokens: added("outputTokens"),
    cacheReadTokens: added("cacheReadTokens"),
    cacheWriteTokens: added("cacheWriteTokens"),
    reasoningTokens: added("reasoningTokens"),
  };
}

/** Cached tokens are within the input and reasoning within the output. */
function usageOf(value: unknown): Counts | undefined {
  const usage = record(value);
  const inputTokens = count(usage["input_tokens"]);
  const outputTokens = count(usage["output_tokens"]);
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cacheReadTokens: count(usage["cached_input_tokens"]) ?? 0,
    cacheWriteTokens: count(usage["cache_write_input_tokens"]) ?? 0,
    reasoningTokens: count(usage["reasoning_output_tokens"]) ?? 0,
  };
}
