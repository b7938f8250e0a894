import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { showBudgets } from "../../src/sdk/budget-metrics.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { startConfigured } from "../hooks/configured.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const price = (call: { readonly usage: { readonly inputTokens?: number | undefined } }) => ({
  nanoUsd: (call.usage.inputTokens ?? 0) * 1_000_000,
  source: "test",
});

/** A meter whose points can be read at any time, as `metric{attributes} value`. */
function startMeter() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const read = async (): Promise<string[]> => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter.getMetrics().flatMap((all) => all.scopeMetrics[0]?.metrics ?? []);
    return metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(
        ({ attributes, value }) =>
          `${descriptor.name}{${Object.values(attributes).join()}} ${String(value)}`,
      ),
    );
  };
  return { meterProvider, read, [Symbol.asyncDispose]: () => meterProvider.shutdown() };
}

test("budgets of days and agents are shown as they fill, those of sessions and projects are not", async () => {
  await using meter = startMeter();
  using hooks = await startConfigured(
    {
      hooks: {
        beforeTurn: [
          { name: "daily", budget: { per: "day", usd: 2, tokens: 10_000, timeZone: "UTC" } },
          { name: "each", budget: { per: ["agent", "day"], turns: 5, timeZone: "UTC" } },
          { name: "session", budget: { per: "session", turns: 5 } },
          { name: "project", budget: { per: ["project", "agent"], turns: 5 } },
        ],
      },
    },
    { now: () => NOW },
  );
  showBudgets(meter.meterProvider, hooks.attached.budgets, () => NOW);
  const turnspan = createTurnspan({ hooks: hooks.engine, price, clock: () => NOW });
  const turn = (agentId: string, inputTokens: number) =>
    turnspan
      .openSession({ sessionKey: agentId, agentId })
      .turn({}, (run) =>
        run.modelCall({ model: "m" }, (call) => call.response({ usage: { inputTokens } })),
      );
  const limits = [
    "turnspan.budget.limit{daily,tokens} 10000",
    "turnspan.budget.limit{daily,usd} 2",
  ];
  const before = await meter.read();
  expect(before.sort()).toEqual([
    ...limits,
    "turnspan.budget.used{daily,tokens} 0",
    "turnspan.budget.used{daily,usd} 0",
  ]);
  await turn("main", 500);
  await turn("writer", 100);
  expect((await meter.read()).sort()).toEqual([
    ...limits,
    "turnspan.budget.limit{each,turns,main} 5",
    "turnspan.budget.limit{each,turns,writer} 5",
    "turnspan.budget.used{daily,tokens} 600",
    "turnspan.budget.used{daily,usd} 0.6",
    "turnspan.budget.used{each,turns,main} 1",
    "turnspan.budget.used{each,turns,writer} 1",
  ]);
});
