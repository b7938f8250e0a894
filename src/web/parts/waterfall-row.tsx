import { memo, type ReactNode } from "react";
import { formatDuration } from "../view-model/format.ts";
import { spanKinds } from "../view-model/states.ts";
import { placeBar, type Timeline, type TimelineRow } from "../view-model/timeline.ts";
import { Money } from "./amounts.tsx";
import type { Steps } from "./steps.ts";
import { Said } from "./texts.tsx";
import { Duration } from "./times.tsx";

interface WaterfallRowProps {
  readonly timeline: Timeline;
  /** Of the row in the timeline. */
  readonly place: number;
  readonly topPx: number;
  readonly heightPx: number;
  readonly steps: Steps;
}

/** Drawn anew only where it changes: scrolling moves the rows, and changes none of them. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps): ReactNode {
  const { timeline, place, topPx, heightPx, steps } = props;
  const row = timeline.rows[place];
  if (row === undefined) return null;
  const isOpen = !steps.collapsed.has(row.id);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the focus and the keys.
    <div
      id={`step-${row.id}`}
      className={`step kind-${row.kind}${row.isError ? " is-error" : ""}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-selected={row === steps.row}
      aria-expanded={row.hasChildren ? isOpen : undefined}
      style={{ height: heightPx, transform: `translateY(${topPx}px)` }}
      onClick={() => steps.select(row.id)}
    >
      <StepName row={row} isOpen={isOpen} onToggle={steps.toggle} />
      <StepBar {...placeBar(row, timeline)} isRunning={row.isRunning} />
      <span className="waterfall-figure">
        <Took row={row} />
      </span>
      <span className="waterfall-figure waterfall-cost">
        <StepCost row={row} />
      </span>
    </div>
  );
});

/** Only what runs has to look at the time again and again. */
const Took = ({ row: { startMs, endMs, isRunning } }: { readonly row: TimelineRow }): ReactNode =>
  isRunning || endMs === null ? (
    <Duration startMs={startMs} durationMs={null} isRunning={isRunning} />
  ) : (
    <span className="number">{formatDuration(endMs - startMs)}</span>
  );

const INDENT_REM = 0.9;
const MAX_INDENTS = 12;

interface StepNameProps {
  readonly row: TimelineRow;
  readonly isOpen: boolean;
  readonly onToggle: (id: string) => void;
}

const StepName = memo(function StepName({ row, isOpen, onToggle }: StepNameProps): ReactNode {
  const { kind, name, preview, depth, hasChildren, isError } = row;
  const indent = `${Math.min(depth, MAX_INDENTS) * INDENT_REM}rem`;
  return (
    <span className="step-name" style={{ paddingInlineStart: indent }}>
      <span
        className={hasChildren ? "step-toggle" : "step-toggle is-leaf"}
        aria-hidden="true"
        data-open={isOpen}
        onClick={(event) => {
          if (!hasChildren) return;
          event.stopPropagation();
          onToggle(row.id);
        }}
      />
      <span className="step-texts">
        <span className="step-title truncate">
          <span className="step-kind">
            <span className="step-kind-word">{spanKinds[kind].label}</span>
          </span>
          <Said>{name}</Said>
          {isError && <span className="step-error"> error</span>}
        </span>
        {preview !== null && (
          <span className="step-preview truncate">
            <Said>{preview}</Said>
          </span>
        )}
      </span>
    </span>
  );
});

/** Narrower bars could not be seen. */
const MIN_BAR_PX = 3;

const StepBar = ({
  left,
  width,
  isRunning,
}: {
  readonly left: number;
  readonly width: number;
  readonly isRunning: boolean;
}): ReactNode => (
  <span className="step-lane" aria-hidden="true">
    <span
      className={isRunning ? "step-bar is-running" : "step-bar"}
      style={{
        left: `min(${left * 100}%, 100% - ${MIN_BAR_PX}px)`,
        width: `max(${width * 100}%, ${MIN_BAR_PX}px)`,
      }}
    />
  </span>
);

function StepCost({ row: { span } }: { readonly row: TimelineRow }): ReactNode {
  if (span === null || span.kind !== "model_call") return null;
  if (!span.counted)
    return (
      <span className="faint" title="Told twice, counted once">
        counted above
      </span>
    );
  if (span.nanoUsd !== null) return <Money nanoUsd={span.nanoUsd} />;
  if (span.usage !== null) return <span className="unpriced">unknown</span>;
  return (
    <span className="faint" title="Without tokens there is nothing to be priced">
      no tokens
    </span>
  );
}
