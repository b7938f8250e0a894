import * as genAi from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";
import {
  type AttributeSink,
  attributeTable,
  positive,
  toUsd,
  type WriteAttributes,
} from "./attribute-table.ts";
import type { CallState, RunState, SessionDetails, SessionState, Totals } from "./state.ts";

/** A call with the run it belongs to. */
export interface CallOfRun {
  readonly run: RunState;
  readonly call: CallState;
}

export const agentName = (subject: {
  readonly agentName: string | undefined;
  readonly agentId: string | undefined;
}): string => subject.agentName ?? subject.agentId ?? "agent";

/** What a sampler may want to know: given at a span's start. */
export const sessionStartAttributes = attributeTable<SessionState>({
  [own.ATTR_TURNSPAN_KIND]: () => own.TURNSPAN_KIND_VALUE_SESSION,
  [genAi.ATTR_GEN_AI_AGENT_NAME]: agentName,
});

export const runStartAttributes = attributeTable<RunState>({
  [own.ATTR_TURNSPAN_KIND]: (run) => run.kind,
  [genAi.ATTR_GEN_AI_OPERATION_NAME]: () => genAi.GEN_AI_OPERATION_VALUE_INVOKE_AGENT,
  [genAi.ATTR_GEN_AI_AGENT_NAME]: agentName,
});

export const modelStartAttributes = attributeTable<CallState>({
  [own.ATTR_TURNSPAN_KIND]: () => own.TURNSPAN_KIND_VALUE_MODEL_CALL,
  [genAi.ATTR_GEN_AI_OPERATION_NAME]: (call) => call.name,
  [genAi.ATTR_GEN_AI_PROVIDER_NAME]: (call) => call.provider,
  [genAi.ATTR_GEN_AI_REQUEST_MODEL]: (call) => call.model,
});

export const toolStartAttributes = attributeTable<CallState>({
  [own.ATTR_TURNSPAN_KIND]: () => own.TURNSPAN_KIND_VALUE_TOOL_CALL,
  [genAi.ATTR_GEN_AI_OPERATION_NAME]: () => genAi.GEN_AI_OPERATION_VALUE_EXECUTE_TOOL,
  [genAi.ATTR_GEN_AI_TOOL_NAME]: (call) => call.name,
});

const idRows = attributeTable<SessionState>({
  [genAi.ATTR_SESSION_ID]: (session) => session.sessionId,
  [genAi.ATTR_GEN_AI_CONVERSATION_ID]: (session) => session.sessionId,
});

const detailRows = attributeTable<SessionDetails>({
  [genAi.ATTR_USER_ID]: (details) => details.userId,
  [own.ATTR_PROJECT]: (details) => details.project,
  [genAi.ATTR_VCS_REPOSITORY_URL]: (details) => details.repository,
  [genAi.ATTR_VCS_REF_HEAD_NAME]: (details) => details.branch,
});

/**
 * Who and where: on every span and record. The session key is given by the writer, plain or hashed. Few
 * sessions have details: the others are not asked for each.
 */
export const whoAttributes: WriteAttributes<SessionState> = Object.assign(
  (session: SessionState, into: AttributeSink): void => {
    idRows(session, into);
    if (session.details !== undefined) detailRows(session.details, into);
  },
  { names: [...idRows.names, ...detailRows.names] },
);

const cost = (totals: Totals | undefined): number | undefined =>
  totals === undefined || totals.unknownCostCalls === totals.modelCalls
    ? undefined
    : toUsd(totals.nanoUsd);

export const sessionEndAttributes = attributeTable<SessionState>({
  [own.ATTR_SESSION_GENERATION]: (session) => session.generation,
  [genAi.ATTR_GEN_AI_AGENT_ID]: (session) => session.agentId,
  [genAi.ATTR_SESSION_PREVIOUS_ID]: (session) =>
    session.details?.resumedFrom === session.sessionId ? undefined : session.details?.resumedFrom,
  [own.ATTR_SESSION_TURNS]: (session) => session.turns,
  [own.ATTR_SESSION_MODEL_CALLS]: (session) => positive(session.totals?.modelCalls),
  [own.ATTR_SESSION_TOOL_CALLS]: (session) => positive(session.totals?.toolCalls),
  [own.ATTR_SESSION_INPUT_TOKENS]: (session) => positive(session.totals?.inputTokens),
  [own.ATTR_SESSION_OUTPUT_TOKENS]: (session) => positive(session.totals?.outputTokens),
  [own.ATTR_SESSION_CACHE_READ_TOKENS]: (session) => positive(session.totals?.cacheReadTokens),
  [own.ATTR_SESSION_CACHE_WRITE_TOKENS]: (session) => positive(session.totals?.cacheWriteTokens),
  [own.ATTR_SESSION_REASONING_TOKENS]: (session) => positive(session.totals?.reasoningTokens),
  [own.ATTR_SESSION_COST_USD]: (session) => cost(session.totals),
  [own.ATTR_SESSION_COST_UNKNOWN_CALLS]: (session) => positive(session.totals?.unknownCostCalls),
});

/** The host's word stands in the record of the end, not in the session. */
export const endReasonAttributes = attributeTable<{ readonly reason: string }>({
  [own.ATTR_SESSION_END_REASON]: ({ reason }) => reason,
});

export const runEndAttributes = attributeTable<RunState>({
  [own.ATTR_RUN_ID]: (run) => run.runId,
  [own.ATTR_SESSION_GENERATION]: (run) => run.session.generation,
  [genAi.ATTR_GEN_AI_AGENT_ID]: (run) => run.agentId,
  [own.ATTR_TURN_INDEX]: (run) => (run.kind === "turn" ? run.turnIndex : undefined),
  [own.ATTR_TURN_TRIGGER]: (run) => run.trigger,
  [own.ATTR_TURN_CHANNEL]: (run) => run.channel,
  [own.ATTR_TURN_OUTCOME]: (run) => run.outcome,
  [own.ATTR_TURN_STOP_REASON]: (run) => run.stopReason,
  [own.ATTR_TURN_BLOCK_REASON]: (run) => run.block?.reason,
  [own.ATTR_TURN_BLOCK_HOOK]: (run) => run.block?.hook,
  [own.ATTR_TURN_ATTEMPTS]: (run) => (run.attempts > 1 ? run.attempts : undefined),
  [genAi.ATTR_GEN_AI_REQUEST_MODEL]: (run) => run.model,
  [genAi.ATTR_ERROR_TYPE]: (run) => run.errorType,
  [own.ATTR_TURN_MODEL_CALLS]: (run) => run.totals.modelCalls,
  [own.ATTR_TURN_TOOL_CALLS]: (run) => run.totals.toolCalls,
  [own.ATTR_TURN_INPUT_TOKENS]: (run) => positive(run.totals.inputTokens),
  [own.ATTR_TURN_OUTPUT_TOKENS]: (run) => positive(run.totals.outputTokens),
  [own.ATTR_TURN_CACHE_READ_TOKENS]: (run) => positive(run.totals.cacheReadTokens),
  [own.ATTR_TURN_CACHE_WRITE_TOKENS]: (run) => positive(run.totals.cacheWriteTokens),
  [own.ATTR_TURN_REASONING_TOKENS]: (run) => positive(run.totals.reasoningTokens),
  [own.ATTR_TURN_COST_USD]: (run) => cost(run.totals),
  [own.ATTR_TURN_COST_UNKNOWN_CALLS]: (run) => positive(run.totals.unknownCostCalls),
});

/** Whose child a subagent is. */
export const spawnAttributes = attributeTable<RunState>({
  [own.ATTR_SUBAGENT_LABEL]: (run) => run.spawn?.label,
  [own.ATTR_PARENT_SESSION_ID]: (run) => run.spawn?.session.sessionId,
  [own.ATTR_PARENT_RUN_ID]: (run) => run.spawn?.run?.runId,
});

/** A subagent's run has no place among its session's turns. */
export const subagentNames = (names: readonly string[]): readonly string[] =>
  names.filter((name) => name !== own.ATTR_TURN_INDEX);

/** With the key, which the writer shows plain or hashed. */
export const spawnNames = [...spawnAttributes.names, own.ATTR_PARENT_SESSION_KEY] as const;

export const modelEndAttributes = attributeTable<CallState>({
  [genAi.ATTR_GEN_AI_REQUEST_STREAM]: (call) => call.stream,
  [genAi.ATTR_GEN_AI_RESPONSE_MODEL]: (call) => call.responseModel,
  [genAi.ATTR_GEN_AI_RESPONSE_ID]: (call) => call.responseId,
  [genAi.ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: (call) =>
    call.finishReasons === undefined ? undefined : [...call.finishReasons],
  [genAi.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: (call) =>
    call.timeToFirstChunkMs === undefined ? undefined : call.timeToFirstChunkMs / 1000,
  [genAi.ATTR_GEN_AI_USAGE_INPUT_TOKENS]: (call) => call.usage?.inputTokens,
  [genAi.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: (call) => call.usage?.outputTokens,
  [genAi.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: (call) =>
    positive(call.usage?.cacheReadTokens),
  [genAi.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS]: (call) =>
    positive(call.usage?.cacheWriteTokens),
  [genAi.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: (call) =>
    positive(call.usage?.reasoningTokens),
  [own.ATTR_COST_USD]: (call) => (call.cost === undefined ? undefined : toUsd(call.cost.nanoUsd)),
  [own.ATTR_COST_SOURCE]: (call) => call.cost?.source,
  [own.ATTR_CALL_REST]: (call) => (call.isRest ? true : undefined),
  [own.ATTR_CALL_REQUEST_BYTES]: (call) => call.requestBytes,
  [own.ATTR_CALL_RESPONSE_BYTES]: (call) => call.responseBytes,
});

export const toolEndAttributes = attributeTable<CallState>({
  [genAi.ATTR_GEN_AI_TOOL_CALL_ID]: (call) => call.callId,
});

/** On model and tool calls alike. */
export const callEndAttributes = attributeTable<CallOfRun>({
  [own.ATTR_RUN_ID]: ({ run }) => run.runId,
  [genAi.ATTR_GEN_AI_AGENT_NAME]: ({ run }) => agentName(run),
  [genAi.ATTR_ERROR_TYPE]: ({ call }) => (call.outcome === "failed" ? call.errorType : undefined),
  [own.ATTR_CALL_OUTCOME]: ({ call }) => (call.outcome === "cancelled" ? call.outcome : undefined),
});
