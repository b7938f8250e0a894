import { type ReactNode, useRef } from "react";
import { Link } from "wouter";
import type { ErrorGroup, ErrorReport } from "../../server/api-report-types.ts";
import { useErrors } from "../data/queries.ts";
import { useListKeys } from "../parts/list-keys.ts";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { RangeChoice, useRange } from "../parts/range-choice.tsx";
import { StackChart } from "../parts/stack-chart.tsx";
import { Stat, Stats } from "../parts/stats.tsx";
import { Said } from "../parts/texts.tsx";
import { Ago } from "../parts/times.tsx";
import { formatCount, formatShare } from "../view-model/format.ts";
import { daysOfRange, type RangeName } from "../view-model/ranges.ts";
import { stackTurns } from "../view-model/stacks.ts";
import { spanKinds } from "../view-model/states.ts";
import "./reports.css";

/** What failed: how often, since when, and the last time. */
export function ErrorsPage(): ReactNode {
  const [range, setRange] = useRange();
  return (
    <>
      <PageTitle title="Errors" />
      <div className="page-head">
        <h1>Errors</h1>
        <RangeChoice value={range} onChange={setRange} />
      </div>
      <Loaded query={useErrors({ range })} what="errors">
        {(report) => <Report report={report} range={range} />}
      </Loaded>
    </>
  );
}

function Report({
  report,
  range,
}: {
  readonly report: ErrorReport;
  readonly range: RangeName;
}): ReactNode {
  const turns = report.days.reduce((sum, day) => sum + day.turns, 0);
  const failed = report.days.reduce((sum, day) => sum + day.failedTurns, 0);
  return (
    <>
      <Stats>
        <Stat label="Failed turns" tone={failed > 0 ? "bad" : undefined}>
          {formatCount(failed)}
        </Stat>
        <Stat label="Of all turns">{formatShare(failed, turns)}</Stat>
        <Stat label="Turns that ended">{formatCount(turns)}</Stat>
      </Stats>
      <div className="chart-space">
        <StackChart
          title="Turns a day, and those that failed"
          stacks={stackTurns(report, daysOfRange(range, Date.now()))}
          colours={["bad", "line-strong"]}
          format={formatCount}
        />
      </div>
      <Groups groups={report.groups} />
    </>
  );
}

function Groups({ groups }: { readonly groups: readonly ErrorGroup[] }): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  useListKeys(list, "error");
  if (groups.length === 0) return <p className="nothing">Nothing failed in this time.</p>;
  return (
    <ul ref={list} className="error-groups">
      {groups.map((group) => (
        <li key={[group.kind, group.errorType, group.subject, group.agent].join(" ")}>
          <Group group={group} />
        </li>
      ))}
    </ul>
  );
}

function Group({ group }: { readonly group: ErrorGroup }): ReactNode {
  const { kind, errorType, subject, agent, count, firstMs, lastMs, lastMessage } = group;
  return (
    <Link
      href={addressOf(group)}
      className={`error-group kind-${kind}`}
      data-item={addressOf(group)}
    >
      <span className="error-count number">
        {formatCount(count)}
        <span className="visually-hidden"> times</span>
      </span>
      <span className="error-what">
        <span className="error-type">
          <Said>{errorType ?? "unknown kind"}</Said>
        </span>
        <span className="step-kind">{spanKinds[kind].label}</span>
        <span className="faint">
          <Said>{[subject, agent].filter((text) => text !== null).join(", ")}</Said>
        </span>
        {lastMessage !== null && (
          <span className="error-message">
            <Said>{lastMessage}</Said>
          </span>
        )}
      </span>
      <span className="error-times">
        <span>
          last <Ago ms={lastMs} />
        </span>
        {count > 1 && (
          <span className="faint">
            first <Ago ms={firstMs} />
          </span>
        )}
      </span>
    </Link>
  );
}

/** The last of them, in its turn where it has one. */
function addressOf({ lastTurnId, lastTraceId, lastSpanId }: ErrorGroup): string {
  const place = lastTurnId === null ? `/traces/${lastTraceId}` : `/turns/${lastTurnId}`;
  return lastSpanId === null ? place : `${place}?span=${lastSpanId}`;
}
