import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { AttributeValue } from "../api-types.ts";
import type { SpanRow } from "../otlp/rows.ts";
import { attributesJson, type SplitAttributes } from "../reading/contents.ts";
import type { SpanFacts } from "../reading/span-facts.ts";

/** A span as it goes into its table. */
export interface StoredSpan {
  readonly span: SpanRow;
  readonly facts: SpanFacts;
  readonly split: SplitAttributes;
  readonly run: number | null;
  readonly session: number | null;
  readonly project: string | null;
  readonly counted: boolean;
  readonly origin: number;
}

/** Values go by position here: naming 32 of them costs 17 µs a span, which is more than all else together. */
const columns: Readonly<Record<string, (row: StoredSpan) => SQLInputValue>> = {
  trace_id: ({ span }) => span.traceId,
  span_id: ({ span }) => span.spanId,
  parent_span_id: ({ span }) => span.parentSpanId ?? null,
  run: ({ run }) => run,
  session: ({ session }) => session,
  kind: ({ facts }) => facts.kind,
  name: ({ span }) => span.name,
  start_ns: ({ span }) => span.startNs,
  end_ns: ({ span }) => span.endNs,
  status: ({ span }) => span.status,
  status_message: ({ span }) => span.statusMessage ?? null,
  error_type: ({ facts }) => facts.errorType,
  project: ({ project }) => project,
  agent: ({ facts }) => facts.agent,
  provider: ({ facts }) => facts.provider,
  subject: ({ facts }) => facts.subject,
  input_tokens: ({ facts }) => facts.usage?.inputTokens ?? null,
  output_tokens: ({ facts }) => facts.usage?.outputTokens ?? null,
  cache_read_tokens: ({ facts }) => facts.usage?.cacheReadTokens ?? null,
  cache_write_tokens: ({ facts }) => facts.usage?.cacheWriteTokens ?? null,
  reasoning_tokens: ({ facts }) => facts.usage?.reasoningTokens ?? null,
  nano_usd: ({ facts }) => facts.nanoUsd,
  cost_source: ({ facts }) => facts.costSource,
  own: ({ facts }) => (facts.isOwn ? 1 : 0),
  counted: ({ counted }) => (counted ? 1 : 0),
  input_preview: ({ split }) => split.inputPreview,
  output_preview: ({ split }) => split.outputPreview,
  event_count: ({ span }) => span.events.length,
  origin: ({ origin }) => origin,
  attributes: ({ split }) => split.json,
  events: ({ span }) => eventsJson(span),
  links: ({ span }) => linksJson(span),
};

const names = Object.keys(columns);
const readers = Object.values(columns);
const INSERT = `
  insert into span (${names.join(", ")}) values (${names.map(() => "?").join(", ")})
  on conflict do nothing`;

export class SpanTable {
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(INSERT);
  }

  /** Returns the row's id, or `undefined` where the span is there already. */
  insert(row: StoredSpan): number | undefined {
    const { changes, lastInsertRowid } = this.#insert.run(...readers.map((read) => read(row)));
    return changes === 0 ? undefined : Number(lastInsertRowid);
  }
}

/** Events as JSON: `[name, timeMs, attributes]`. */
function eventsJson({ events }: SpanRow): string | null {
  if (events.length === 0) return null;
  const parts = events.map(({ name, timeNs, attributes }) => {
    const head: AttributeValue[] = [name, Number(timeNs / 1000n) / 1000];
    return `[${JSON.stringify(head).slice(1, -1)},${attributesJson(attributes)}]`;
  });
  return `[${parts.join(",")}]`;
}

/** Links as JSON: `[traceId, spanId, attributes]`. Those with wrong ids lead nowhere. */
function linksJson({ links }: SpanRow): string | null {
  const sound = links.filter(({ traceId, spanId }) => traceId.length === 16 && spanId.length === 8);
  if (sound.length === 0) return null;
  const parts = sound.map(
    ({ traceId, spanId, attributes }) =>
      `["${traceId.toString("hex")}","${spanId.toString("hex")}",${attributesJson(attributes)}]`,
  );
  return `[${parts.join(",")}]`;
}
