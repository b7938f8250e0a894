import type { ReactNode } from "react";
import type { SessionDetail } from "../../server/api-types.ts";
import { Cost } from "../parts/amounts.tsx";
import { SERIES_COLOURS, Swatch } from "../parts/stack-chart.tsx";
import { Said } from "../parts/texts.tsx";
import { countOf, formatClock } from "../view-model/format.ts";
import { describeActor, findSegmentChange } from "../view-model/moments.ts";

/** What each model setting cost, and who set it. */
export function CostSegments({ detail }: { readonly detail: SessionDetail }): ReactNode {
  const { costSegments, settingsChanges } = detail;
  const total = costSegments.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  return (
    <section className="segments">
      <h2>Cost by model setting</h2>
      {total > 0 && (
        <div className="segments-bar" aria-hidden="true">
          {costSegments.map(({ sinceMs, nanoUsd }, place) => (
            <span
              key={sinceMs}
              style={{
                flexGrow: nanoUsd,
                background: `var(--${SERIES_COLOURS[place % SERIES_COLOURS.length]})`,
              }}
            />
          ))}
        </div>
      )}
      <ol>
        {costSegments.map((segment, place) => {
          const change = findSegmentChange(settingsChanges, segment);
          return (
            <li key={`${segment.sinceMs} ${segment.model}`} className="segment">
              <Swatch colour={SERIES_COLOURS[place % SERIES_COLOURS.length]} />
              <span className="segment-model">
                <Said>{segment.model ?? "model not told"}</Said>
                <span className="segment-who">
                  {formatClock(segment.sinceMs)}
                  {change === undefined ? ", set at the start" : ", set by "}
                  {change !== undefined && <Said>{describeActor(change.actor)}</Said>}
                </span>
              </span>
              <span className="segment-cost">
                <Cost of={segment} />
                <span className="segment-who">{countOf(segment.modelCalls, "call")}</span>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
