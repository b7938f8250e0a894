import { type ReactNode, useRef } from "react";
import type { TraceDetail } from "../../server/api-trace-types.ts";
import type { TurnSummary } from "../../server/api-types.ts";
import { useKeys } from "../parts/keyboard.tsx";
import { useSteps } from "../parts/steps.ts";
import { useNow } from "../parts/times.tsx";
import { Waterfall } from "../parts/waterfall.tsx";
import { formatCount } from "../view-model/format.ts";
import type { Timeline } from "../view-model/timeline.ts";
import { RecordList } from "./record-list.tsx";
import { StepDetails } from "./step-details.tsx";
import "./trace-body.css";

interface TraceBodyProps {
  readonly trace: TraceDetail;
  readonly timeline: Timeline;
  /** The turn that the page is about. */
  readonly turn?: TurnSummary;
  /** What stands above the steps; it may select one of them. */
  readonly children?: (select: (id: string) => void) => ReactNode;
}

const RUNNING_TICK_MS = 500;

/** The steps of a trace, and the details of the chosen one. Which one is chosen stands in the address. */
export function TraceBody({ trace, timeline, turn, children }: TraceBodyProps): ReactNode {
  const steps = useSteps(timeline, turn);
  const isRunning = timeline.rows.some((row) => row.isRunning);
  const now = useNow(isRunning ? RUNNING_TICK_MS : undefined);
  const shown = isRunning ? { ...timeline, endMs: Math.max(timeline.endMs, now) } : timeline;
  return (
    <>
      {children?.(steps.select)}
      <div className="trace-columns">
        <section aria-labelledby="steps">
          <div className="section-head">
            <h2 id="steps">Steps</h2>
            <SearchSteps value={steps.search} onChange={steps.setSearch} />
          </div>
          {trace.omittedSpans > 0 && (
            <p className="faint">{formatCount(trace.omittedSpans)} later spans are not listed.</p>
          )}
          <Waterfall timeline={shown} steps={steps} />
          <RecordList records={trace.records} startMs={timeline.startMs} />
        </section>
        <StepDetails traceId={trace.traceId} row={steps.row} startMs={timeline.startMs} />
      </div>
    </>
  );
}

function SearchSteps({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string | undefined) => void;
}): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  useKeys([{ keys: ["/"], label: "Search the steps", run: () => input.current?.focus() }]);
  return (
    <input
      ref={input}
      className="input search-box"
      type="search"
      aria-label="Search the steps"
      placeholder="Search  /"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
