import {
  type Attributes,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type MetricOptions,
} from "@opentelemetry/api";
import {
  METRIC_CLIENT_TOKEN_USAGE,
  METRIC_COST,
  METRIC_COST_UNKNOWN,
} from "../../../src/semconv/metrics.ts";

/** One call of `record` or `add`. */
export interface Point {
  readonly instrument: string;
  readonly value: number;
  readonly attributes: Attributes;
}

/** A meter provider that keeps each point as it was given. */
export function keepPoints(points: Point[]): MeterProvider {
  const keep = (instrument: string) => {
    const take = (value: number, attributes: Attributes = {}): void => {
      points.push({ instrument, value, attributes });
    };
    return { record: take, add: take };
  };
  const meter = over(createNoopMeter(), { createHistogram: keep, createCounter: keep });
  return { getMeter: () => meter };
}

/** A meter that makes some instruments differently. */
const over = (meter: Meter, methods: Partial<Meter>): Meter =>
  Object.assign(Object.create(meter) as Meter, methods);

const PER_CALL: ReadonlySet<string> = new Set([
  METRIC_CLIENT_TOKEN_USAGE,
  METRIC_COST,
  METRIC_COST_UNKNOWN,
]);

/** A meter provider that takes no points of tokens and costs, as a view that drops them does. */
export function withoutCallPoints(provider: MeterProvider): MeterProvider {
  const silent = createNoopMeter();
  return {
    getMeter: (name, version, options) => {
      const meter = provider.getMeter(name, version, options);
      const pick = (instrument: string): Meter => (PER_CALL.has(instrument) ? silent : meter);
      return over(meter, {
        createHistogram: (instrument: string, settings?: MetricOptions) =>
          pick(instrument).createHistogram(instrument, settings),
        createCounter: (instrument: string, settings?: MetricOptions) =>
          pick(instrument).createCounter(instrument, settings),
      });
    },
  };
}
