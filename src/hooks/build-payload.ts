import { toUsd } from "../lifecycle/attribute-table.ts";
import type { Settings } from "../lifecycle/events.ts";
import type {
  LifecycleRecord,
  MessageRecord,
  PatchChange,
  SessionPatchRecord,
  SubagentEndRecord,
  SubagentSpawnedRecord,
} from "../lifecycle/records.ts";
import { createTotals, type SpawnLink, type Totals } from "../lifecycle/state.ts";
import { ERROR_TYPE_VALUE_OTHER } from "../semconv/gen-ai.ts";
import { CommonPayload, type PayloadSources } from "./common-payload.ts";
import { copyData } from "./copy-data.ts";
import type {
  AnyPayload,
  HookPayloads,
  HookUsage,
  RunRef,
  SessionPatchContext,
} from "./payload.ts";
import type { HookName, HookRecords } from "./points.ts";

type Filler = (payload: object, record: LifecycleRecord, sources: PayloadSources) => void;

/** The payload of a record's hook. Called only when somebody listens. */
export function buildPayload(
  hook: HookName,
  record: LifecycleRecord,
  sources: PayloadSources,
): AnyPayload {
  const payload = new CommonPayload(hook, record, sources);
  // The row of a hook takes that hook's record and completes its payload: the table's type says so,
  // which a look-up cannot.
  const fill = fillers[hook] as Filler;
  fill(payload, record, sources);
  return payload as unknown as AnyPayload;
}

type CommonKey = Exclude<keyof CommonPayload, "runId">;

/** What a hook's row adds to the common fields; a message names its run itself. */
type Draft<H extends HookName> = {
  -readonly [K in Exclude<keyof HookPayloads[H], CommonKey>]: HookPayloads[H][K];
};

/** A row a hook. Plain stores: merging two objects would cost ten times as much. */
const fillers: {
  readonly [H in HookName]: (
    payload: Draft<H>,
    record: HookRecords[H],
    sources: PayloadSources,
  ) => void;
} = {
  "session:start"(payload, { session }) {
    payload.type = "session";
    payload.action = "start";
    payload.context = { metadata: copyData(session.details?.metadata) };
    payload.turnspan = { generation: session.generation };
  },
  "session:end"(payload, record) {
    const { session, stopReason, lastMessage } = record;
    const metadata = copyData(record.metadata ?? session.details?.metadata);
    payload.type = "session";
    payload.action = "end";
    payload.context = { stopReason, lastMessage, metadata };
    payload.turnspan = {
      reason: record.reason,
      durationMs: record.durationMs,
      turns: session.turns,
      usage: usageOf(session.totals),
      costUsd: costUsdOf(session.totals),
      generation: session.generation,
    };
  },
  "session:patch"(payload, record, sources) {
    const { session } = record;
    payload.type = "session";
    payload.action = "patch";
    payload.context = new PatchContext(record, sources.cfg);
    payload.turnspan = {
      changes: record.changes.map(shownChange),
      actor: { ...record.actor },
      source: record.source,
      generation: session.generation,
    };
  },
  beforeTurn(payload, { run, message }) {
    payload.model = run.model;
    payload.message = message;
    payload.trigger = run.trigger;
    payload.parent = parentOf(run.spawn);
  },
  afterTurn(payload, { run, durationMs }) {
    payload.durationMs = durationMs;
    payload.usage = usageOf(run.totals);
    payload.costUsd = costUsdOf(run.totals);
    payload.model = run.model;
    payload.toolCalls = run.totals.toolCalls;
    payload.stopReason = run.stopReason;
  },
  onTurnError(payload, { run, durationMs }) {
    payload.error = run.error ?? "failed";
    payload.errorType = run.errorType ?? ERROR_TYPE_VALUE_OTHER;
    payload.durationMs = durationMs;
    payload.usage = usageOf(run.totals);
    payload.costUsd = costUsdOf(run.totals);
  },
  onMessageReceived: fillMessage,
  onMessageSent(payload, record) {
    fillMessage(payload, record);
    payload.success = record.success;
  },
  onSubagentSpawned: fillSubagent,
  onSubagentFinished: fillSubagentEnd,
  onSubagentKilled: fillSubagentEnd,
};

function fillMessage(payload: Draft<"onMessageReceived">, record: MessageRecord): void {
  payload.runId = record.runId;
  payload.channel = record.channel;
  payload.messageId = record.messageId;
  payload.content = record.content;
}

function fillSubagent(
  payload: Draft<"onSubagentSpawned">,
  { run }: SubagentSpawnedRecord | SubagentEndRecord,
): void {
  payload.agentName = run.agentName;
  payload.label = run.spawn?.label;
  payload.parent = parentOf(run.spawn);
}

function fillSubagentEnd(payload: Draft<"onSubagentFinished">, record: SubagentEndRecord): void {
  fillSubagent(payload, record);
  payload.outcome = record.outcome;
  payload.usage = usageOf(record.run.totals);
  payload.costUsd = costUsdOf(record.run.totals);
}

/** A host's config holds secrets: handlers in this process may read it, JSON shows an empty one. */
class PatchContext implements SessionPatchContext {
  readonly sessionEntry: unknown;
  readonly patch: Settings;
  readonly cfg: unknown;
  readonly #shownCfg: unknown;

  constructor({ session, patch, entry, cfg }: SessionPatchRecord, ownCfg: unknown) {
    this.patch = { ...copyData(patch), key: session.sessionKey };
    this.#shownCfg = cfg == null ? ownCfg : {};
    if (entry == null) this.sessionEntry = { ...session.settings };
    else copyWhenRead(this, "sessionEntry", entry);
    if (cfg == null) this.cfg = copyData(ownCfg);
    else copyWhenRead(this, "cfg", cfg);
  }

  toJSON(): object {
    const { sessionEntry, patch } = this;
    return { sessionEntry, patch, cfg: this.#shownCfg };
  }
}

/** What a host hands over can be large, and most handlers do not read it. */
function copyWhenRead(target: object, name: string, source: unknown): void {
  let copy: { readonly of: unknown } | undefined;
  const get = (): unknown => {
    copy ??= { of: copyData(source) };
    return copy.of;
  };
  Object.defineProperty(target, name, { get, enumerable: true, configurable: true });
}

function shownChange(change: PatchChange): PatchChange {
  if (change.plain) return { ...change };
  return { field: change.field, beforeKnown: change.beforeKnown, plain: false };
}

const NO_TOTALS = createTotals();

function usageOf(totals: Totals = NO_TOTALS): HookUsage {
  return {
    inputTokens: totals.inputTokens,
    outputTokens: totals.outputTokens,
    cacheReadTokens: totals.cacheReadTokens,
    cacheWriteTokens: totals.cacheWriteTokens,
    reasoningTokens: totals.reasoningTokens,
  };
}

/** An unknown price is undefined, never 0. */
const costUsdOf = (totals: Totals = NO_TOTALS): number | undefined =>
  totals.modelCalls === totals.unknownCostCalls ? undefined : toUsd(totals.nanoUsd);

function parentOf(spawn: SpawnLink | undefined): RunRef | undefined {
  if (spawn === undefined) return undefined;
  const { run, session } = spawn;
  return {
    sessionId: session.sessionId,
    sessionKey: session.sessionKey,
    runId: run?.runId,
    agentId: run?.agentId ?? session.agentId,
  };
}
