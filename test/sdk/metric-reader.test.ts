import { ExportResultCode } from "@opentelemetry/core";
import { MeterProvider, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { ExportingMetricReader } from "../../src/sdk/metric-reader.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A reader whose exports wait to be answered, and the values of the one counter that it sent. */
function createGatedReader(intervalMs?: number) {
  const sent: unknown[] = [];
  const answers: ((code: ExportResultCode) => void)[] = [];
  const lost: number[] = [];
  const reader = new ExportingMetricReader({
    exporter: {
      export: (metrics: ResourceMetrics, callback) => {
        sent.push(metrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value);
        answers.push((code) => callback({ code }));
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    },
    timeoutMs: 60_000,
    onFailure: (points) => lost.push(points),
    ...(intervalMs !== undefined && { intervalMs }),
  });
  const provider = new MeterProvider({ readers: [reader] });
  const counter = provider.getMeter("t").createCounter("c");
  const answer = async (code = ExportResultCode.SUCCESS): Promise<void> => {
    answers.shift()?.(code);
    await tick();
  };
  return { reader, provider, counter, sent, lost, answer };
}

test("a flush during an export sends what came since, one export at a time", async () => {
  const { reader, counter, sent, answer } = createGatedReader();
  counter.add(1);
  const first = reader.forceFlush();
  await tick();
  counter.add(1);
  const others = [reader.forceFlush(), reader.forceFlush()];
  await tick();
  expect(sent).toEqual([1]);
  await answer();
  await first;
  await tick();
  await answer();
  await Promise.all(others);
  expect(sent).toEqual([1, 2]);
});

test("an export that fails is counted by its points, and a flush does not reject", async () => {
  const { reader, counter, lost, answer } = createGatedReader();
  counter.add(1, { kind: "one" });
  counter.add(1, { kind: "two" });
  const flush = reader.forceFlush();
  await tick();
  await answer(ExportResultCode.FAILED);
  await flush;
  expect(lost).toEqual([2]);
});

test("an export that hangs is not joined by the next of the interval", async () => {
  const { counter, sent } = createGatedReader(5);
  counter.add(1);
  await expect.poll(() => sent).toEqual([1]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sent).toEqual([1]);
});

test("shutting down exports once more, and then never again", async () => {
  const { provider, counter, sent, answer } = createGatedReader(5);
  counter.add(1);
  const shutdown = provider.shutdown();
  await tick();
  await answer();
  await shutdown;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(sent).toEqual([1]);
});

test("nothing recorded, nothing sent", async () => {
  const { reader, sent } = createGatedReader();
  await reader.forceFlush();
  expect(sent).toEqual([]);
});
