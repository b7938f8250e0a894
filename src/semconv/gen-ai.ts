/**
 * Names of the OpenTelemetry GenAI semantic conventions, copied: the npm package marks them deprecated
 * since they moved to a repository of their own, and its incubating entry costs 20 ms to import.
 * Profile `core-1.41`: semantic-conventions 1.41 as in npm `@opentelemetry/semantic-conventions` 1.45.0.
 */
export const GEN_AI_PROFILE = "core-1.41";
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0";

export const ATTR_GEN_AI_OPERATION_NAME = "gen_ai.operation.name";
export const ATTR_GEN_AI_PROVIDER_NAME = "gen_ai.provider.name";
export const ATTR_GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";
export const ATTR_GEN_AI_AGENT_ID = "gen_ai.agent.id";
export const ATTR_GEN_AI_AGENT_NAME = "gen_ai.agent.name";
export const ATTR_GEN_AI_REQUEST_MODEL = "gen_ai.request.model";
export const ATTR_GEN_AI_REQUEST_STREAM = "gen_ai.request.stream";
export const ATTR_GEN_AI_RESPONSE_MODEL = "gen_ai.response.model";
export const ATTR_GEN_AI_RESPONSE_ID = "gen_ai.response.id";
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS =
  "gen_ai.usage.cache_creation.input_tokens";
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens";
export const ATTR_GEN_AI_TOKEN_TYPE = "gen_ai.token.type";
export const ATTR_GEN_AI_TOOL_NAME = "gen_ai.tool.name";
export const ATTR_GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id";
export const ATTR_GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages";
export const ATTR_GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages";
export const ATTR_GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";
export const ATTR_GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result";

export const GEN_AI_OPERATION_VALUE_INVOKE_AGENT = "invoke_agent";
export const GEN_AI_OPERATION_VALUE_EXECUTE_TOOL = "execute_tool";
export const GEN_AI_OPERATION_VALUE_CHAT = "chat";
export const GEN_AI_TOKEN_TYPE_VALUE_INPUT = "input";
export const GEN_AI_TOKEN_TYPE_VALUE_OUTPUT = "output";

/** General conventions that every span or record of ours may carry. */
export const ATTR_ERROR_TYPE = "error.type";
export const ERROR_TYPE_VALUE_OTHER = "_OTHER";
export const ATTR_SESSION_ID = "session.id";
export const ATTR_SESSION_PREVIOUS_ID = "session.previous_id";
export const ATTR_USER_ID = "user.id";
export const ATTR_SERVICE_NAME = "service.name";
export const ATTR_HOST_NAME = "host.name";
export const ATTR_VCS_REPOSITORY_URL = "vcs.repository.url.full";
export const ATTR_VCS_REF_HEAD_NAME = "vcs.ref.head.name";

export const EVENT_SESSION_START = "session.start";
export const EVENT_SESSION_END = "session.end";
