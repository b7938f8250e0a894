/** Names of our own, all under `turnspan.`: what the conventions have no word for. */
export const SCOPE_NAME = "turnspan";

export const ATTR_TURNSPAN_KIND = "turnspan.kind";
export const TURNSPAN_KIND_VALUE_SESSION = "session";
export const TURNSPAN_KIND_VALUE_TURN = "turn";
export const TURNSPAN_KIND_VALUE_SUBAGENT = "subagent";
export const TURNSPAN_KIND_VALUE_MODEL_CALL = "model_call";
export const TURNSPAN_KIND_VALUE_TOOL_CALL = "tool_call";
export const TURNSPAN_KIND_VALUE_HOOK = "hook";

export const ATTR_SOURCE = "turnspan.source";
export const ATTR_HOST = "turnspan.host";
export const ATTR_PROJECT = "turnspan.project";
export const ATTR_RECORD_ID = "turnspan.record.id";
export const ATTR_RECORD_VERSION = "turnspan.record.version";
export const RECORD_VERSION = 1;

export const ATTR_SESSION_KEY = "turnspan.session.key";
export const ATTR_SESSION_GENERATION = "turnspan.session.generation";
export const ATTR_SESSION_END_REASON = "turnspan.session.end_reason";
export const ATTR_SESSION_STOP_REASON = "turnspan.session.stop_reason";
export const ATTR_SESSION_WAITS_FOR = "turnspan.session.waits_for";
export const ATTR_SESSION_DURATION_MS = "turnspan.session.duration_ms";
export const ATTR_SESSION_TURNS = "turnspan.session.turns";
export const ATTR_SESSION_MODEL_CALLS = "turnspan.session.model_calls";
export const ATTR_SESSION_TOOL_CALLS = "turnspan.session.tool_calls";
export const ATTR_SESSION_INPUT_TOKENS = "turnspan.session.input_tokens";
export const ATTR_SESSION_OUTPUT_TOKENS = "turnspan.session.output_tokens";
export const ATTR_SESSION_CACHE_READ_TOKENS = "turnspan.session.cache_read_tokens";
export const ATTR_SESSION_CACHE_WRITE_TOKENS = "turnspan.session.cache_write_tokens";
export const ATTR_SESSION_REASONING_TOKENS = "turnspan.session.reasoning_tokens";
export const ATTR_SESSION_COST_USD = "turnspan.session.cost.usd";
export const ATTR_SESSION_COST_UNKNOWN_CALLS = "turnspan.session.cost.unknown_calls";
export const ATTR_SESSION_COST_SEGMENTS = "turnspan.session.cost.segments";
export const ATTR_SESSION_METADATA = "turnspan.session.metadata";

export const ATTR_RUN_ID = "turnspan.run.id";
export const ATTR_TURN_INDEX = "turnspan.turn.index";
export const ATTR_TURN_TRIGGER = "turnspan.turn.trigger";
export const ATTR_TURN_OUTCOME = "turnspan.turn.outcome";
export const ATTR_TURN_STOP_REASON = "turnspan.turn.stop_reason";
export const ATTR_TURN_BLOCK_REASON = "turnspan.turn.block.reason";
export const ATTR_TURN_BLOCK_HOOK = "turnspan.turn.block.hook";
export const ATTR_TURN_ATTEMPTS = "turnspan.turn.attempts";
export const ATTR_TURN_CHANNEL = "turnspan.turn.channel";
export const ATTR_TURN_DURATION_MS = "turnspan.turn.duration_ms";
export const ATTR_TURN_MODEL_CALLS = "turnspan.turn.model_calls";
export const ATTR_TURN_TOOL_CALLS = "turnspan.turn.tool_calls";
export const ATTR_TURN_INPUT_TOKENS = "turnspan.turn.input_tokens";
export const ATTR_TURN_OUTPUT_TOKENS = "turnspan.turn.output_tokens";
export const ATTR_TURN_CACHE_READ_TOKENS = "turnspan.turn.cache_read_tokens";
export const ATTR_TURN_CACHE_WRITE_TOKENS = "turnspan.turn.cache_write_tokens";
export const ATTR_TURN_REASONING_TOKENS = "turnspan.turn.reasoning_tokens";
export const ATTR_TURN_COST_USD = "turnspan.turn.cost.usd";
export const ATTR_TURN_COST_UNKNOWN_CALLS = "turnspan.turn.cost.unknown_calls";
export const ATTR_ERROR_MESSAGE = "turnspan.error.message";

export const ATTR_CALL_OUTCOME = "turnspan.call.outcome";
export const ATTR_CALL_REST = "turnspan.call.rest";
export const ATTR_CALL_REQUEST_BYTES = "turnspan.call.request_bytes";
export const ATTR_CALL_RESPONSE_BYTES = "turnspan.call.response_bytes";
export const ATTR_COST_USD = "turnspan.cost.usd";
export const ATTR_COST_SOURCE = "turnspan.cost.source";

export const ATTR_SUBAGENT_LABEL = "turnspan.subagent.label";
export const ATTR_PARENT_SESSION_ID = "turnspan.parent.session.id";
export const ATTR_PARENT_SESSION_KEY = "turnspan.parent.session.key";
export const ATTR_PARENT_RUN_ID = "turnspan.parent.run.id";

export const ATTR_MESSAGE_ID = "turnspan.message.id";
export const ATTR_MESSAGE_CHANNEL = "turnspan.message.channel";
export const ATTR_MESSAGE_SUCCESS = "turnspan.message.success";

export const ATTR_PATCH_FIELDS = "turnspan.patch.fields";
export const ATTR_PATCH_SOURCE = "turnspan.patch.source";
export const ATTR_PATCH_ACTOR_KIND = "turnspan.patch.actor.kind";
export const ATTR_PATCH_ACTOR_ID = "turnspan.patch.actor.id";
export const ATTR_PATCH_ACTOR_EVIDENCE = "turnspan.patch.actor.evidence";
/** Prefix of `turnspan.patch.<field>.before`, `.before_unknown` and `.after`. */
export const ATTR_PREFIX_PATCH = "turnspan.patch.";

export const ATTR_ATTEMPT_NUMBER = "turnspan.attempt.number";
export const ATTR_ATTEMPT_REASON = "turnspan.attempt.reason";
export const ATTR_ATTEMPT_DELAY_MS = "turnspan.attempt.delay_ms";

export const ATTR_HOOK_NAME = "turnspan.hook.name";
export const ATTR_HOOK_ENTRY = "turnspan.hook.entry";
export const ATTR_HOOK_DECISION = "turnspan.hook.decision";
export const ATTR_HOOK_REASON = "turnspan.hook.reason";
export const ATTR_HOOK_DURATION_MS = "turnspan.hook.duration_ms";

export const ATTR_BUDGET_NAME = "turnspan.budget.name";
export const ATTR_BUDGET_UNIT = "turnspan.budget.unit";
export const ATTR_BUDGET_OWNER = "turnspan.budget.owner";
export const ATTR_BUDGET_AMOUNT = "turnspan.budget.amount";
export const ATTR_BUDGET_UNTIL = "turnspan.budget.until";
export const ATTR_BUDGET_RAISED_BY = "turnspan.budget.raised_by";

export const ATTR_AUDIT_LOG = "turnspan.audit.log";
export const ATTR_AUDIT_SEQ = "turnspan.audit.seq";
export const ATTR_AUDIT_GAP_FIRST_SEQ = "turnspan.audit.gap.first_seq";
export const ATTR_AUDIT_GAP_COUNT = "turnspan.audit.gap.count";
export const ATTR_AUDIT_GAP_SINCE = "turnspan.audit.gap.since";

/** The agent is told of a subagent's end. */
export const TURN_TRIGGER_VALUE_ANNOUNCE = "announce";
/** The host shortens the conversation. */
export const TURN_TRIGGER_VALUE_COMPACTION = "compaction";
/** What a host does on its own account is not counted among the turns. */
export const UNCOUNTED_TRIGGERS: ReadonlySet<unknown> = new Set([
  TURN_TRIGGER_VALUE_ANNOUNCE,
  TURN_TRIGGER_VALUE_COMPACTION,
]);

export const ATTR_LINK_KIND = "turnspan.link.kind";
export const LINK_KIND_VALUE_SESSION = "session";
export const LINK_KIND_VALUE_PREVIOUS_SESSION = "previous_session";
export const LINK_KIND_VALUE_SPAWNED_BY = "spawned_by";
export const LINK_KIND_VALUE_HOST_SPAN = "host_span";

export const ATTR_SIGNAL = "turnspan.signal";
export const ATTR_REASON = "turnspan.reason";

export const EVENT_SESSION_PATCH = "turnspan.session.patch";
export const EVENT_SESSION_WAIT = "turnspan.session.wait";
export const EVENT_TURN_START = "turnspan.turn.start";
export const EVENT_TURN_END = "turnspan.turn.end";
export const EVENT_TURN_ATTEMPT = "turnspan.turn.attempt";
export const EVENT_MESSAGE_RECEIVED = "turnspan.message.received";
export const EVENT_MESSAGE_SENT = "turnspan.message.sent";
export const EVENT_SUBAGENT_SPAWNED = "turnspan.subagent.spawned";
export const EVENT_SUBAGENT_FINISHED = "turnspan.subagent.finished";
export const EVENT_SUBAGENT_KILLED = "turnspan.subagent.killed";
export const EVENT_HOOK_DECISION = "turnspan.hook.decision";
export const EVENT_HOOK_FAILURE = "turnspan.hook.failure";
export const EVENT_BUDGET_RAISE = "turnspan.budget.raise";
export const EVENT_AUDIT_GAP = "turnspan.audit.gap";
