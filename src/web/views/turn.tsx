import { type ReactNode, useMemo } from "react";
import { Link, useLocation } from "wouter";
import type { TraceDetail } from "../../server/api-trace-types.ts";
import type { SessionDetail, TurnSummary } from "../../server/api-types.ts";
import { useSession, useTrace, useTurn } from "../data/queries.ts";
import { Facts } from "../parts/facts.tsx";
import { useKeys } from "../parts/keyboard.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Said } from "../parts/texts.tsx";
import { formatClockSeconds, formatDay } from "../view-model/format.ts";
import { findNeighbours } from "../view-model/moments.ts";
import { nameOf, nameOfTurn } from "../view-model/names.ts";
import { buildTimeline } from "../view-model/timeline.ts";
import { TraceBody } from "./trace-body.tsx";
import { TurnStats } from "./turn-stats.tsx";
import { TurnStory } from "./turn-story.tsx";

/** A turn or a subagent: why it ended as it did, its steps, and what each said and cost. */
export function TurnPage({ id }: { readonly id: string }): ReactNode {
  const turn = useTurn(id);
  const session = useSession(turn.data?.sessionId);
  return (
    <Loaded query={turn} what="turn">
      {(found) => <Turn turn={found} detail={session.data} />}
    </Loaded>
  );
}

interface TurnProps {
  readonly turn: TurnSummary;
  readonly detail: SessionDetail | undefined;
}

function Turn({ turn, detail }: TurnProps): ReactNode {
  const trace = useTrace(turn.traceId);
  useTurnKeys({ turn, detail });
  const name = nameOfTurn(turn);
  return (
    <>
      <PageTitle title={name} />
      <Crumbs turn={turn} detail={detail} />
      <div className="page-head">
        <h1>
          <Said>{name}</Said>
        </h1>
        <StateBadge turn={turn.state} />
      </div>
      <TurnFacts turn={turn} />
      <Loaded query={trace} what="trace">
        {(found) => <TurnBody turn={turn} detail={detail} trace={found} />}
      </Loaded>
    </>
  );
}

function TurnBody({ turn, detail, trace }: TurnProps & { readonly trace: TraceDetail }): ReactNode {
  const timeline = useMemo(() => buildTimeline(trace, turn.id), [trace, turn.id]);
  return (
    <TraceBody trace={trace} timeline={timeline} turn={turn}>
      {(select) => (
        <>
          <TurnStory turn={turn} detail={detail} rows={timeline.rows} onSelect={select} />
          <TurnStats turn={turn} trace={trace} />
        </>
      )}
    </TraceBody>
  );
}

/** `h` and `l` go to the turns beside this one. */
function useTurnKeys({ turn, detail }: TurnProps): void {
  const [, navigate] = useLocation();
  const { before, after } = findNeighbours(detail?.turns ?? [], turn.id);
  const goTo = (other: TurnSummary | undefined): void => {
    if (other !== undefined) navigate(`/turns/${other.id}`);
  };
  useKeys([
    { keys: ["u"], label: "Up to the session", run: () => navigate(`/sessions/${turn.sessionId}`) },
    { keys: ["l"], label: "Next turn", run: () => goTo(after) },
    { keys: ["h"], label: "Turn before", run: () => goTo(before) },
  ]);
}

function Crumbs({ turn, detail }: TurnProps): ReactNode {
  const { before, after } = findNeighbours(detail?.turns ?? [], turn.id);
  return (
    <p className="crumbs">
      <Link href="/">Sessions</Link>
      <span aria-hidden="true">/</span>
      <Link href={`/sessions/${turn.sessionId}`}>
        <Said>{detail === undefined ? "Session" : nameOf(detail.session)}</Said>
      </Link>
      <span className="crumbs-neighbours">
        {before !== undefined && (
          <Link href={`/turns/${before.id}`}>
            ‹ <Said>{nameOfTurn(before)}</Said>
          </Link>
        )}
        {after !== undefined && (
          <Link href={`/turns/${after.id}`}>
            <Said>{nameOfTurn(after)}</Said> ›
          </Link>
        )}
      </span>
    </p>
  );
}

function TurnFacts({ turn }: { readonly turn: TurnSummary }): ReactNode {
  const { agent, provider, model, channel, trigger, stopReason, startMs } = turn;
  const facts = {
    agent,
    model,
    provider,
    channel,
    "started by": trigger,
    "stopped for": stopReason,
  };
  return (
    <Facts of={facts}>
      <span className="number">
        {formatDay(startMs, Date.now())}, {formatClockSeconds(startMs)}
      </span>
    </Facts>
  );
}
