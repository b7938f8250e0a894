import { diag } from "@opentelemetry/api";
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
 * providers made without it. As the OpenTelemetry specification wants, a value that makes no sense is
 * said through `diag` and ignored.
 */

function ratio(): number {
  const given = getNumberFromEnv("OTEL_TRACES_SAMPLER_ARG");
  if (given !== undefined && given >= 0 && given <= 1) return given;
  diag.warn("OTEL_TRACES_SAMPLER_ARG is no ratio from 0 to 1: every trace is sampled.");
  return 1;
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
  const create = samplers[name];
  if (create !== undefined) return create();
  diag.warn(`OTEL_TRACES_SAMPLER: "${name}" is not known.`);
  return new ParentBasedSampler({ root: new AlwaysOnSampler() });
}

/** The first of these variables that holds a number above 0. */
function findPositive(...variables: readonly string[]): number | undefined {
  for (const variable of variables) {
    const value = getNumberFromEnv(variable);
    if (value === undefined) continue;
    if (value > 0) return value;
    diag.warn(`${variable} must be above 0.`);
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
    attributeCountLimit: findPositive(
      "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
      "OTEL_ATTRIBUTE_COUNT_LIMIT",
    ),
    attributeValueLengthLimit: findPositive(
      "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
    eventCountLimit: findPositive("OTEL_SPAN_EVENT_COUNT_LIMIT"),
    linkCountLimit: findPositive("OTEL_SPAN_LINK_COUNT_LIMIT"),
    attributePerEventCountLimit: findPositive("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"),
    attributePerLinkCountLimit: findPositive("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
  });

export const readLogRecordLimits = (): LogRecordLimits =>
  definedOnly<Required<LogRecordLimits>>({
    attributeCountLimit: findPositive(
      "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
      "OTEL_ATTRIBUTE_COUNT_LIMIT",
    ),
    attributeValueLengthLimit: findPositive(
      "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
  });
