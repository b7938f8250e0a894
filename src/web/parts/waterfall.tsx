import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from "react";
import { formatTick } from "../view-model/format.ts";
import { findTicks, type Timeline } from "../view-model/timeline.ts";
import type { Steps } from "./steps.ts";
import { WaterfallRow } from "./waterfall-row.tsx";
import "./waterfall.css";

const ROW_PX = 34;
const TWO_LINE_ROW_PX = 50;
/** With the rows that fit the tallest box, less than 60 are in the page. */
const OVERSCAN = 4;
/** More than the rows that are in the page: a row that is scrolled out lends its elements to another one. */
const SLOTS = 64;
const MAX_TICKS = 4;
/** A tick further to the right would have no room for its words. */
const LAST_TICK = 0.9;

/** What the keys of a tree do in it. */
const treeMoves: ReadonlyMap<string, (steps: Steps) => void> = new Map([
  ["ArrowDown", ({ step }) => step(1)],
  ["ArrowUp", ({ step }) => step(-1)],
  ["ArrowLeft", ({ row, toggle }) => row && toggle(row.id, true)],
  ["ArrowRight", ({ row, toggle }) => row && toggle(row.id, false)],
  ["Home", ({ goTo }) => goTo(0)],
  ["End", ({ goTo, visible }) => goTo(visible.length - 1)],
]);

interface WaterfallProps {
  readonly timeline: Timeline;
  readonly steps: Steps;
}

/** The steps of a trace in time: as many rows as fit its box, however many there are. */
export function Waterfall({ timeline, steps }: WaterfallProps): ReactNode {
  const { visible, place, row } = steps;
  const box = useRef<HTMLDivElement>(null);
  const { rows } = timeline;
  const hasPreviews = useMemo(() => rows.some(({ preview }) => preview !== null), [rows]);
  const rowPx = hasPreviews ? TWO_LINE_ROW_PX : ROW_PX;
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
  });
  useEffect(() => {
    if (place >= 0) virtual.scrollToIndex(place, { align: "auto" });
  }, [place, virtual]);
  const items = virtual.getVirtualItems();
  const isSeen = items.some(({ index }) => index === place);
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = treeMoves.get(event.key);
    if (move === undefined) return;
    event.preventDefault();
    move(steps);
  };
  if (timeline.rows.length === 0) {
    return <p className="nothing">No span was received. Spans are sent when a step ends.</p>;
  }
  return (
    <div className="waterfall panel">
      <Axis durationMs={timeline.endMs - timeline.startMs} />
      <div
        ref={box}
        className="waterfall-box"
        role="tree"
        tabIndex={0}
        aria-label="Steps in order of their start"
        aria-activedescendant={isSeen && row !== undefined ? `step-${row.id}` : undefined}
        onKeyDown={onKeyDown}
      >
        {/* The rows stand in an element of the full height, which is none to those who hear the page. */}
        <div
          className="waterfall-rows"
          role="presentation"
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map(({ index, start }) => (
            <WaterfallRow
              key={index % SLOTS}
              timeline={timeline}
              place={visible[index] ?? -1}
              topPx={start}
              heightPx={rowPx}
              steps={steps}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Times since the first start. */
const Axis = ({ durationMs }: { readonly durationMs: number }): ReactNode => (
  <div className="waterfall-axis" aria-hidden="true">
    <span>Step</span>
    <span className="waterfall-ticks">
      {findTicks(durationMs, MAX_TICKS)
        .map((ms) => ({ ms, part: durationMs > 0 ? ms / durationMs : 0 }))
        .filter(({ part }) => part < LAST_TICK)
        .map(({ ms, part }) => (
          <span key={ms} style={{ left: `${part * 100}%` }}>
            {formatTick(ms, durationMs)}
          </span>
        ))}
    </span>
    <span className="waterfall-figure">Took</span>
    <span className="waterfall-figure waterfall-cost">Cost</span>
  </div>
);
