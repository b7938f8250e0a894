import type { ReactNode } from "react";
import type { TraceDetail } from "../../server/api-trace-types.ts";
import type { TurnSummary } from "../../server/api-types.ts";
import { CallCounts, Cost, cachedShare, PRICE_NOTE, TokenFlow } from "../parts/amounts.tsx";
import { Stat, Stats } from "../parts/stats.tsx";
import { Duration } from "../parts/times.tsx";
import { countOf } from "../view-model/format.ts";

interface TurnStatsProps {
  readonly turn: TurnSummary;
  readonly trace: TraceDetail;
}

/** What a turn came to: its own calls, and beside them those of its subagents. */
export function TurnStats({ turn, trace }: TurnStatsProps): ReactNode {
  const { totals, startMs, durationMs, attempts } = turn;
  const subagents = trace.turns.filter(({ kind, id }) => kind === "subagent" && id !== turn.id);
  return (
    <Stats>
      <Stat label="Cost" note={PRICE_NOTE}>
        <Cost of={totals} />
      </Stat>
      <Stat label="Took" note={attempts > 1 ? countOf(attempts, "attempt") : undefined}>
        <Duration startMs={startMs} durationMs={durationMs} isRunning={turn.state === "running"} />
      </Stat>
      <Stat label="Calls">
        <CallCounts of={totals} />
      </Stat>
      <Stat label="Tokens" note={cachedShare(totals)}>
        <TokenFlow of={totals} />
      </Stat>
      {turn.kind === "turn" && subagents.length > 0 && (
        <Stat label={`In ${countOf(subagents.length, "subagent")}`} note="beside its own">
          <Cost of={sumOf(subagents)} />
        </Stat>
      )}
    </Stats>
  );
}

type Sum = { nanoUsd: number; modelCalls: number; unknownCostCalls: number };

function sumOf(turns: readonly TurnSummary[]): Sum {
  const sum: Sum = { nanoUsd: 0, modelCalls: 0, unknownCostCalls: 0 };
  for (const { totals } of turns) {
    sum.nanoUsd += totals.nanoUsd;
    sum.modelCalls += totals.modelCalls;
    sum.unknownCostCalls += totals.unknownCostCalls;
  }
  return sum;
}
