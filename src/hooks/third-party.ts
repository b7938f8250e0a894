import * as genAi from "../semconv/gen-ai.ts";
import type { HookLog, HookUsage, SpanPayload } from "./payload.ts";
import type { SpanHookName } from "./points.ts";
import { formatTraceparent } from "./traceparent.ts";

/** What is read of a span; spans of SDK 2 and 3 have it. */
export interface SeenSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly instrumentationScope: { readonly name: string };
  readonly startTime: readonly [number, number];
  readonly endTime: readonly [number, number];
  readonly status: { readonly code: number; readonly message?: string | undefined };
  spanContext(): {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceFlags: number;
  };
}

type Attributes = SeenSpan["attributes"];

/**
 * Whether a span is an agent's run. Many libraries set the operation after the start, so the name that
 * the conventions give such spans counts too while there is none.
 */
export function isAgentSpan(span: SeenSpan): boolean {
  const operation = span.attributes[genAi.ATTR_GEN_AI_OPERATION_NAME];
  if (operation !== undefined) return operation === genAi.GEN_AI_OPERATION_VALUE_INVOKE_AGENT;
  return `${span.name} `.startsWith(`${genAi.GEN_AI_OPERATION_VALUE_INVOKE_AGENT} `);
}

/** `meta`: the bag that the span's start and end share. */
export function describeSpan(
  hook: SpanHookName,
  span: SeenSpan,
  meta: Record<string, unknown>,
  log: HookLog,
): SpanPayload {
  const attributes = { ...span.attributes };
  const sessionId =
    readText(attributes, genAi.ATTR_GEN_AI_CONVERSATION_ID) ??
    readText(attributes, genAi.ATTR_SESSION_ID);
  const payload = {
    hookPoint: hook,
    workflow: "agent",
    thirdParty: true,
    name: span.name,
    attributes,
    sessionKey: sessionId,
    sessionId,
    agentId:
      readText(attributes, genAi.ATTR_GEN_AI_AGENT_ID) ??
      readText(attributes, genAi.ATTR_GEN_AI_AGENT_NAME),
    model: readText(attributes, genAi.ATTR_GEN_AI_REQUEST_MODEL),
    timestamp: new Date(toMs(hook === "beforeTurn" ? span.startTime : span.endTime)),
    traceparent: formatTraceparent(span.spanContext()),
    ...(hook === "beforeTurn" ? {} : describeEnd(span)),
    ...(hook === "onTurnError" ? describeError(span) : {}),
  } as const;
  return withHidden(payload, { meta, log });
}

function describeEnd(span: SeenSpan): Pick<Required<SpanPayload>, "durationMs" | "usage"> {
  const { attributes } = span;
  return {
    durationMs: toMs(span.endTime) - toMs(span.startTime),
    usage: {
      ...readCount(attributes, "inputTokens", genAi.ATTR_GEN_AI_USAGE_INPUT_TOKENS),
      ...readCount(attributes, "outputTokens", genAi.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS),
      ...readCount(attributes, "cacheReadTokens", genAi.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
      ...readCount(
        attributes,
        "cacheWriteTokens",
        genAi.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
      ),
      ...readCount(attributes, "reasoningTokens", genAi.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
    },
  };
}

const describeError = (span: SeenSpan): Pick<Required<SpanPayload>, "error" | "errorType"> => ({
  error: span.status.message ?? "failed",
  errorType: readText(span.attributes, genAi.ATTR_ERROR_TYPE) ?? genAi.ERROR_TYPE_VALUE_OTHER,
});

const toMs = ([seconds, nanos]: SeenSpan["startTime"]): number => seconds * 1000 + nanos / 1e6;

function readText(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" ? value : undefined;
}

function readCount<K extends keyof HookUsage>(
  attributes: Attributes,
  key: K,
  name: string,
): Partial<HookUsage> {
  const value = attributes[name];
  return typeof value === "number" ? { [key]: value } : {};
}

/** Adds what can be read but is not written as JSON. */
function withHidden<T extends object, H extends object>(payload: T, hidden: H): T & H {
  for (const [name, value] of Object.entries(hidden)) {
    Object.defineProperty(payload, name, { value, enumerable: false });
  }
  return payload as T & H;
}
