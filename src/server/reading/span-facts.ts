import type { AttributeList, SpanRow } from "../otlp/rows.ts";
import { Fields as FieldReader, type Fields } from "./fields.ts";
import { readKind, type StoredKind } from "./kinds.ts";

/** Token counts of a model call; null: not reported. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
}

/** What a span says that we extract; the rest stays in its attributes. */
export interface SpanFacts {
  readonly kind: StoredKind;
  /** One of Turnspan's own: its turns and costs are told by records too. */
  readonly isOwn: boolean;
  readonly agent: string | null;
  readonly provider: string | null;
  /** The model that answered, or the tool. */
  readonly subject: string | null;
  readonly errorType: string | null;
  readonly usage: Usage | undefined;
  /** Integer nano-dollars, where the span names its cost. */
  readonly nanoUsd: number | null;
  readonly costSource: string | null;
}

const reader = new FieldReader();
const resourceReader = new FieldReader();
const services = new WeakMap<AttributeList, string | null>();

/** `service.name` of a resource, read once for all its spans. */
export function serviceOf(resource: AttributeList): string | null {
  const known = services.get(resource);
  if (known !== undefined) return known;
  const service = resourceReader.read(resource).text("service");
  services.set(resource, service);
  return service;
}

/** Reads a span. The fields are valid until the next span is read. */
export function readSpan(span: SpanRow): { readonly facts: SpanFacts; readonly fields: Fields } {
  const fields = reader.read(span.attributes);
  const { kind, isOwn } = readKind(fields);
  const usage = kind === "model_call" ? readUsage(fields) : undefined;
  return {
    fields,
    facts: {
      kind,
      isOwn,
      agent: readAgent(fields, kind) ?? (isOwn ? null : serviceOf(span.origin.resource)),
      provider: fields.text("provider"),
      // A tool's span that does not name the tool is named after it.
      subject: readSubject(fields, kind) ?? (kind === "tool_call" ? span.name : null),
      errorType: readErrorType(span, fields),
      usage,
      ...readCost(fields, isOwn),
    },
  };
}

const readAgent = (fields: Fields, kind: StoredKind): string | null =>
  fields.text("agent") ?? (kind === "agent" || kind === "chain" ? fields.text("entity") : null);

const subjects: Partial<Record<StoredKind, (fields: Fields) => string | null>> = {
  model_call: (fields) => fields.text("responseModel") ?? fields.text("requestModel"),
  tool_call: (fields) => fields.text("tool") ?? fields.text("entity"),
};

const readSubject = (fields: Fields, kind: StoredKind): string | null =>
  subjects[kind]?.(fields) ?? null;

/** A failure without a type of its own has the type of its exception. */
function readErrorType(span: SpanRow, fields: Fields): string | null {
  const named = fields.text("errorType");
  if (named !== null || span.status !== STATUS_ERROR) return named;
  for (const { name, attributes } of span.events) {
    const at = name === "exception" ? attributes.names.indexOf("exception.type") : -1;
    const type = attributes.values[at];
    if (typeof type === "string" && type !== "") return type;
  }
  return null;
}

export const STATUS_ERROR = 2;

function readCost(fields: Fields, isOwn: boolean): Pick<SpanFacts, "nanoUsd" | "costSource"> {
  const nanoUsd = fields.nanoUsd("costUsd");
  if (nanoUsd !== null) return { nanoUsd, costSource: fields.text("costSource") };
  const foreign = isOwn ? null : fields.nanoUsd("foreignCostUsd");
  return { nanoUsd: foreign, costSource: foreign === null ? null : "host" };
}

/**
 * Token counts, input with the cached ones. Some instrumentations of Anthropic's API pass on its own counts,
 * in which they are apart: more cached than all tokens tells them.
 */
function readUsage(fields: Fields): Usage {
  const cacheReadTokens = fields.count("cacheReadTokens");
  const cacheWriteTokens = fields.count("cacheWriteTokens");
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  const input = fields.count("inputTokens");
  return {
    inputTokens: input !== null && cached > input ? input + cached : input,
    outputTokens: fields.count("outputTokens"),
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: fields.count("reasoningTokens"),
  };
}
