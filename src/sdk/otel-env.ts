import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import type { LogRecordLimits } from "@opentelemetry/sdk-logs";
import type { Sampler, SpanLimits } from "@opentelemetry/sdk-trace";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

/**
 * The `OTEL_*` variables that `NodeSDK` reads only for what it makes itself: samplers and limits, for
 * providers made without it. A value that makes no sense is ignored, and told of by `warnOfEnvironment`.
 */

function ratio(): number {
  const given = getNumberFromEnv("OTEL_TRACES_SAMPLER_ARG");
  return given !== undefined && given >= 0 && given <= 1 ? given : 1;
}

const samplers: Readonly<Record<string, () => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: () => new TraceIdRatioBasedSampler(ratio()),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: () =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio()) }),
};

/** `OTEL_TRACES_SAMPLER`; by default every trace that its parent did not exclude. */
export function createSampler(): Sampler {
  const name = getStringFromEnv("OTEL_TRACES_SAMPLER")?.trim() ?? "parentbased_always_on";
  const create = Object.hasOwn(samplers, name) ? samplers[name] : undefined;
  return create?.() ?? new ParentBasedSampler({ root: new AlwaysOnSampler() });
}

/** The first of these variables that holds a number of 0 or more. */
function findLimit(...variables: readonly string[]): number | undefined {
  for (const variable of variables) {
    const value = getNumberFromEnv(variable);
    if (value !== undefined && value >= 0) return value;
  }
  return undefined;
}

const definedOnly = <T extends object>(
  values: {
    [K in keyof T]: T[K] | undefined;
  },
): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;

export const readSpanLimits = (): SpanLimits =>
  definedOnly<Required<SpanLimits>>({
    attributeCountLimit: findLimit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"),
    attributeValueLengthLimit: findLimit(
      "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
    eventCountLimit: findLimit("OTEL_SPAN_EVENT_COUNT_LIMIT"),
    linkCountLimit: findLimit("OTEL_SPAN_LINK_COUNT_LIMIT"),
    attributePerEventCountLimit: findLimit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"),
    attributePerLinkCountLimit: findLimit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
  });

export const readLogRecordLimits = (): LogRecordLimits =>
  definedOnly<Required<LogRecordLimits>>({
    attributeCountLimit: findLimit(
      "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
      "OTEL_ATTRIBUTE_COUNT_LIMIT",
    ),
    attributeValueLengthLimit: findLimit(
      "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
  });
