import { isDeepStrictEqual } from "node:util";
import {
  type Attributes,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  type ObservableCallback,
  type ObservableGauge,
} from "@opentelemetry/api";
import {
  METRIC_CLIENT_TOKEN_USAGE,
  METRIC_COST,
  METRIC_COST_UNKNOWN,
} from "../../../src/semconv/metrics.ts";

/** One call of `record`, or all calls of `add` with the same attributes. */
export interface Point {
  readonly instrument: string;
  value: number;
  readonly attributes: Attributes;
}

/** A meter provider that keeps each point as it was given; `collect` asks for what is only told when asked. */
export function keepPoints(points: Point[]): { provider: MeterProvider; collect: () => void } {
  const keep = (instrument: string) => ({
    record: (value: number, attributes: Attributes = {}): void => {
      points.push({ instrument, value, attributes });
    },
    add: (value: number, attributes: Attributes = {}): void => {
      const isSame = (point: Point): boolean =>
        point.instrument === instrument && isDeepStrictEqual(point.attributes, attributes);
      const sum = points.find(isSame);
      if (sum === undefined) points.push({ instrument, value, attributes });
      else sum.value = toNano(sum.value + value);
    },
  });
  const callbacks: ObservableCallback[] = [];
  const gauge = { addCallback: (callback: ObservableCallback) => callbacks.push(callback) };
  const meter = over(createNoopMeter(), {
    createHistogram: keep,
    createCounter: keep,
    createObservableGauge: () => gauge as unknown as ObservableGauge,
  });
  const collect = (): void => {
    for (const callback of callbacks) void callback({ observe: () => undefined });
  };
  return { provider: { getMeter: () => meter }, collect };
}

/** Without what floating point adds to sums. */
const toNano = (value: number): number => Math.round(value * 1e9) / 1e9;

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
