import type { Attributes, MeterProvider } from "@opentelemetry/api";
import type { BudgetChecks, BudgetLevel } from "../hooks/runners/budget/checks.ts";
import { ATTR_GEN_AI_AGENT_NAME } from "../semconv/gen-ai.ts";
import { METRIC_BUDGET_LIMIT, METRIC_BUDGET_USED, metricTable } from "../semconv/metrics.ts";
import { ATTR_BUDGET_NAME, ATTR_BUDGET_UNIT, SCOPE_NAME } from "../semconv/turnspan.ts";
import { VERSION } from "../version.ts";

/** Shows how full budgets are. `now` is epoch milliseconds. */
export function showBudgets(
  meters: MeterProvider,
  budgets: BudgetChecks,
  now: () => number = Date.now,
): void {
  const meter = meters.getMeter(SCOPE_NAME, VERSION);
  const [limit, used] = ([METRIC_BUDGET_LIMIT, METRIC_BUDGET_USED] as const).map((name) => {
    const { unit, description } = metricTable[name];
    return meter.createObservableGauge(name, { unit, description });
  });
  if (limit === undefined || used === undefined) return;
  meter.addBatchObservableCallback(
    (result) => {
      for (const level of budgets.levels(now())) {
        const attributes = attributesOf(level);
        result.observe(limit, level.limit, attributes);
        result.observe(used, level.used, attributes);
      }
    },
    [limit, used],
  );
}

const attributesOf = ({ name, unit, agentId }: BudgetLevel): Attributes => ({
  [ATTR_BUDGET_NAME]: name,
  [ATTR_BUDGET_UNIT]: unit,
  ...(agentId !== undefined && { [ATTR_GEN_AI_AGENT_NAME]: agentId }),
});
