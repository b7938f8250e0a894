import type { Raise } from "../hooks/runners/budget/sqlite-ledger.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import * as own from "../semconv/turnspan.ts";

const WARN = { severityNumber: 13, severityText: "WARN" } as const;

/** The record of a budget that somebody raised. */
export function raiseRecord(raise: Raise, name: string): WireRecord {
  const { id, owner, unit, amount, from, until, reason, by } = raise;
  return {
    eventName: own.EVENT_BUDGET_RAISE,
    timestamp: from,
    ...WARN,
    attributes: {
      [own.ATTR_RECORD_ID]: `budget-${id}`,
      [own.ATTR_RECORD_VERSION]: own.RECORD_VERSION,
      [own.ATTR_BUDGET_NAME]: name,
      [own.ATTR_BUDGET_UNIT]: unit,
      [own.ATTR_BUDGET_AMOUNT]: amount,
      [own.ATTR_BUDGET_UNTIL]: new Date(until).toISOString(),
      [own.ATTR_BUDGET_RAISED_BY]: by,
      [own.ATTR_REASON]: reason,
      ...(owner !== undefined && { [own.ATTR_BUDGET_OWNER]: owner }),
    },
  };
}
