import { type ReactNode, useRef } from "react";
import { Link, useLocation } from "wouter";
import type { SessionDetail, SessionSummary } from "../../server/api-types.ts";
import { useSession } from "../data/queries.ts";
import { useUrlValue } from "../data/url.ts";
import { CallCounts, Cost, cachedShare, PRICE_NOTE, TokenFlow } from "../parts/amounts.tsx";
import { Choice } from "../parts/choice.tsx";
import { Facts } from "../parts/facts.tsx";
import { useKeys } from "../parts/keyboard.tsx";
import { useListKeys } from "../parts/list-keys.ts";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Stat, Stats } from "../parts/stats.tsx";
import { Id, LongText, Said } from "../parts/texts.tsx";
import { Duration } from "../parts/times.tsx";
import { countOf, formatClock, formatCount } from "../view-model/format.ts";
import { listMoments } from "../view-model/moments.ts";
import { nameOf } from "../view-model/names.ts";
import { CostSegments } from "./cost-segments.tsx";
import { MomentList } from "./moment-list.tsx";
import "./session.css";

/** A session: what happened in it, in order, and what it came to. */
export function SessionPage({ id }: { readonly id: string }): ReactNode {
  const query = useSession(id);
  const [, navigate] = useLocation();
  useKeys([{ keys: ["u"], label: "Up to the sessions", run: () => navigate("/") }]);
  return (
    <Loaded query={query} what="session">
      {(detail) => <Session detail={detail} />}
    </Loaded>
  );
}

function Session({ detail }: { readonly detail: SessionDetail }): ReactNode {
  const { session } = detail;
  return (
    <>
      <PageTitle title={nameOf(session)} />
      <p className="crumbs">
        <Link href="/">Sessions</Link>
      </p>
      <div className="page-head">
        <h1>
          <Said>{nameOf(session)}</Said>
        </h1>
        <StateBadge session={session} />
      </div>
      <SessionFacts session={session} />
      <SessionStats session={session} />
      <div className="session-columns">
        <Happenings detail={detail} />
        <aside className="session-aside">
          <CostSegments detail={detail} />
          <About detail={detail} />
        </aside>
      </div>
    </>
  );
}

function SessionFacts({ session }: { readonly session: SessionSummary }): ReactNode {
  const { agent, model, project, branch, userId, host, endReason, waitsFor } = session;
  const facts = { agent, model, project, branch, user: userId, host };
  return <Facts of={{ ...facts, "ended by": endReason, "waits for": waitsFor }} />;
}

function SessionStats({ session }: { readonly session: SessionSummary }): ReactNode {
  const { totals, turns, failedTurns, runningTurns, subagents, openedMs, lastSeenMs } = session;
  const running = runningTurns > 0 ? `, ${formatCount(runningTurns)} running` : "";
  return (
    <Stats>
      <Stat label="Cost" note={PRICE_NOTE}>
        <Cost of={totals} />
      </Stat>
      <Stat
        label="Turns"
        note={(failedTurns > 0 ? `${formatCount(failedTurns)} failed` : "none failed") + running}
        tone={failedTurns > 0 ? "bad" : undefined}
      >
        {formatCount(turns)}
      </Stat>
      <Stat label="Calls" note={countOf(subagents, "subagent")}>
        <CallCounts of={totals} />
      </Stat>
      <Stat label="Tokens" note={cachedShare(totals)}>
        <TokenFlow of={totals} />
      </Stat>
      <Stat label="Open for" note={<>since {formatClock(openedMs)}</>}>
        <Duration
          startMs={openedMs}
          durationMs={lastSeenMs - openedMs}
          isRunning={session.runningTurns > 0}
        />
      </Stat>
    </Stats>
  );
}

const orders = { oldest: "Oldest first", newest: "Newest first" } as const;

function Happenings({ detail }: { readonly detail: SessionDetail }): ReactNode {
  const list = useRef<HTMLElement>(null);
  const [order, setOrder] = useUrlValue("order");
  useListKeys(list, "turn");
  const isNewest = order === "newest";
  const moments = listMoments(detail);
  return (
    <section ref={list} aria-labelledby="happenings">
      <div className="section-head">
        <h2 id="happenings">What happened</h2>
        <Choice
          label="Order"
          options={orders}
          value={isNewest ? "newest" : "oldest"}
          onChange={(value) => setOrder(value === "newest" ? value : undefined)}
        />
      </div>
      {detail.earlierTurns > 0 && (
        <p className="faint">{countOf(detail.earlierTurns, "earlier turn")} not listed.</p>
      )}
      <MomentList moments={isNewest ? moments.toReversed() : moments} />
    </section>
  );
}

function About({ detail }: { readonly detail: SessionDetail }): ReactNode {
  const { session, metadata } = detail;
  const ids = [
    ["Session id", session.sessionId],
    ["Session key", session.sessionKey],
    ["Service", session.service],
    ["Repository", session.repository],
    ["Told by", session.source],
  ] as const;
  return (
    <section className="about">
      <h2>About it</h2>
      <dl>
        {ids.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Id name={name} value={value} />
              </dd>
            </div>
          ),
        )}
        {metadata !== null && (
          <div>
            <dt>Metadata</dt>
            <dd>
              <LongText text={metadata} isCode />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
