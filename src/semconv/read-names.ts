/**
 * Attribute names that the server reads, its own and those of other instrumentations and of older conventions:
 * OpenInference, OpenLLMetry (traceloop), the AI SDK. What is not ours or the conventions' is read, never emitted.
 * A field takes the first of its names that is there.
 */
import * as genAi from "./gen-ai.ts";
import * as own from "./turnspan.ts";

export const readNames = {
  // What kind of span it is.
  ownKind: [own.ATTR_TURNSPAN_KIND],
  operation: [genAi.ATTR_GEN_AI_OPERATION_NAME],
  openInferenceKind: ["openinference.span.kind"],
  traceloopKind: ["traceloop.span.kind"],
  llmRequestType: ["llm.request.type"],
  aiOperation: ["ai.operationId"],

  // Who and where.
  sessionId: [
    genAi.ATTR_SESSION_ID,
    genAi.ATTR_GEN_AI_CONVERSATION_ID,
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.session_id",
  ],
  sessionKey: [own.ATTR_SESSION_KEY],
  generation: [own.ATTR_SESSION_GENERATION],
  userId: [
    genAi.ATTR_USER_ID,
    "enduser.id",
    "traceloop.association.properties.user_id",
    "ai.telemetry.metadata.userId",
  ],
  agent: [
    genAi.ATTR_GEN_AI_AGENT_NAME,
    "agent.name",
    "ai.telemetry.functionId",
    "traceloop.workflow.name",
  ],
  entity: ["traceloop.entity.name"],
  project: [own.ATTR_PROJECT],
  repository: [genAi.ATTR_VCS_REPOSITORY_URL],
  branch: [genAi.ATTR_VCS_REF_HEAD_NAME],
  host: [own.ATTR_HOST],
  source: [own.ATTR_SOURCE],

  // Model and tool calls.
  provider: [
    genAi.ATTR_GEN_AI_PROVIDER_NAME,
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "ai.model.provider",
  ],
  responseModel: [genAi.ATTR_GEN_AI_RESPONSE_MODEL, "ai.response.model"],
  requestModel: [
    genAi.ATTR_GEN_AI_REQUEST_MODEL,
    "llm.model_name",
    "embedding.model_name",
    "ai.model.id",
  ],
  tool: [genAi.ATTR_GEN_AI_TOOL_NAME, "tool.name", "ai.toolCall.name"],
  inputTokens: [
    genAi.ATTR_GEN_AI_USAGE_INPUT_TOKENS,
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "ai.usage.tokens",
  ],
  outputTokens: [
    genAi.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
  ],
  cacheReadTokens: [
    genAi.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
  ],
  cacheWriteTokens: [
    genAi.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
  ],
  reasoningTokens: [
    genAi.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "llm.usage.reasoning_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
  ],
  costUsd: [own.ATTR_COST_USD],
  costSource: [own.ATTR_COST_SOURCE],
  foreignCostUsd: ["gen_ai.usage.cost", "llm.cost.total"],
  callOutcome: [own.ATTR_CALL_OUTCOME],
  errorType: [genAi.ATTR_ERROR_TYPE],
  errorMessage: [own.ATTR_ERROR_MESSAGE],

  // Turns and subagents.
  runId: [own.ATTR_RUN_ID],
  turnIndex: [own.ATTR_TURN_INDEX],
  startedBy: [own.ATTR_TURN_TRIGGER],
  channel: [own.ATTR_TURN_CHANNEL],
  outcome: [own.ATTR_TURN_OUTCOME],
  turnStopReason: [own.ATTR_TURN_STOP_REASON],
  blockReason: [own.ATTR_TURN_BLOCK_REASON],
  blockHook: [own.ATTR_TURN_BLOCK_HOOK],
  attempts: [own.ATTR_TURN_ATTEMPTS],
  durationMs: [own.ATTR_TURN_DURATION_MS],
  label: [own.ATTR_SUBAGENT_LABEL],
  parentSessionId: [own.ATTR_PARENT_SESSION_ID],
  parentSessionKey: [own.ATTR_PARENT_SESSION_KEY],
  parentRunId: [own.ATTR_PARENT_RUN_ID],
  turnModelCalls: [own.ATTR_TURN_MODEL_CALLS],
  turnToolCalls: [own.ATTR_TURN_TOOL_CALLS],
  turnInputTokens: [own.ATTR_TURN_INPUT_TOKENS],
  turnOutputTokens: [own.ATTR_TURN_OUTPUT_TOKENS],
  turnCacheReadTokens: [own.ATTR_TURN_CACHE_READ_TOKENS],
  turnCacheWriteTokens: [own.ATTR_TURN_CACHE_WRITE_TOKENS],
  turnReasoningTokens: [own.ATTR_TURN_REASONING_TOKENS],
  turnCostUsd: [own.ATTR_TURN_COST_USD],
  turnUnknownCalls: [own.ATTR_TURN_COST_UNKNOWN_CALLS],

  // Sessions and records.
  endReason: [own.ATTR_SESSION_END_REASON],
  metadata: [own.ATTR_SESSION_METADATA],
  recordId: [own.ATTR_RECORD_ID],
  waitsFor: [own.ATTR_SESSION_WAITS_FOR],
  labelAfter: [`${own.ATTR_PREFIX_PATCH}label.after`],

  // Whose the resource is, and what its own losses were.
  service: [genAi.ATTR_SERVICE_NAME],
  signal: [own.ATTR_SIGNAL],
  reason: [own.ATTR_REASON],
} as const satisfies Record<string, readonly string[]>;

export type ReadName = keyof typeof readNames;

/** Attributes with message content, and whether it went in or came out. Those first named are shown first. */
export const contentNames = {
  [genAi.ATTR_GEN_AI_INPUT_MESSAGES]: "input",
  [genAi.ATTR_GEN_AI_OUTPUT_MESSAGES]: "output",
  [genAi.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: "input",
  [genAi.ATTR_GEN_AI_TOOL_CALL_RESULT]: "output",
  "ai.prompt.messages": "input",
  "ai.prompt": "input",
  "ai.response.text": "output",
  "ai.response.object": "output",
  "ai.response.toolCalls": "output",
  "ai.toolCall.args": "input",
  "ai.toolCall.result": "output",
  "traceloop.entity.input": "input",
  "traceloop.entity.output": "output",
  "input.value": "input",
  "output.value": "output",
  "gen_ai.system_instructions": "other",
  "gen_ai.tool.definitions": "other",
  "ai.prompt.tools": "other",
} as const satisfies Record<string, "input" | "output" | "other">;

/**
 * Messages written as one attribute for each of their fields: `<prefix><index>.<field>`. They are kept in the
 * conventions' form, under the conventions' name.
 */
export const flatMessages = [
  { prefix: "llm.input_messages.", inner: "message.", name: genAi.ATTR_GEN_AI_INPUT_MESSAGES },
  { prefix: "llm.output_messages.", inner: "message.", name: genAi.ATTR_GEN_AI_OUTPUT_MESSAGES },
  { prefix: "gen_ai.prompt.", inner: "", name: genAi.ATTR_GEN_AI_INPUT_MESSAGES },
  { prefix: "gen_ai.completion.", inner: "", name: genAi.ATTR_GEN_AI_OUTPUT_MESSAGES },
] as const;

/** What the kinds of other instrumentations mean to us, by the field that tells the kind. */
export const foreignKinds = {
  operation: {
    chat: "model_call",
    text_completion: "model_call",
    generate_content: "model_call",
    embeddings: "model_call",
    execute_tool: "tool_call",
    invoke_agent: "agent",
    invoke_workflow: "chain",
    create_agent: "step",
    plan: "step",
    agent_step: "step",
    retrieval: "step",
  },
  openInferenceKind: {
    LLM: "model_call",
    EMBEDDING: "model_call",
    TOOL: "tool_call",
    AGENT: "agent",
    CHAIN: "chain",
    RETRIEVER: "step",
    RERANKER: "step",
    GUARDRAIL: "step",
    EVALUATOR: "step",
    PROMPT: "step",
  },
  traceloopKind: { workflow: "chain", agent: "agent", tool: "tool_call", task: "step" },
  llmRequestType: {
    chat: "model_call",
    completion: "model_call",
    embedding: "model_call",
    rerank: "step",
  },
  aiOperation: {
    "ai.generateText": "agent",
    "ai.generateText.doGenerate": "model_call",
    "ai.streamText": "agent",
    "ai.streamText.doStream": "model_call",
    "ai.generateObject": "agent",
    "ai.generateObject.doGenerate": "model_call",
    "ai.streamObject": "agent",
    "ai.streamObject.doStream": "model_call",
    "ai.embed": "step",
    "ai.embed.doEmbed": "model_call",
    "ai.embedMany": "step",
    "ai.embedMany.doEmbed": "model_call",
    "ai.toolCall": "tool_call",
  },
} as const satisfies Partial<
  Record<
    ReadName,
    Readonly<Record<string, "model_call" | "tool_call" | "agent" | "chain" | "step">>
  >
>;
