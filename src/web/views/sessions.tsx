import { type ReactNode, useEffect, useRef, useState } from "react";
import type { SessionState } from "../../server/api-types.ts";
import { useCost, useErrors, useSessions } from "../data/queries.ts";
import { useUrlValue } from "../data/url.ts";
import { Cost, PRICE_NOTE, TokenFlow } from "../parts/amounts.tsx";
import { Choice, Select } from "../parts/choice.tsx";
import { useKeys } from "../parts/keyboard.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { Spark } from "../parts/spark.tsx";
import { Stat, Stats } from "../parts/stats.tsx";
import { countOf, formatCount } from "../view-model/format.ts";
import type { SessionFilter } from "../view-model/live-merge.ts";
import { sessionStates } from "../view-model/states.ts";
import { EmptyStore } from "./empty-store.tsx";
import { SessionTable } from "./session-table.tsx";
import "./sessions.css";

/** All sessions, the one last heard of first, and what today came to. */
export function SessionsPage(): ReactNode {
  const { filter, controls } = useFilter();
  const query = useSessions(filter);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <>
      <PageTitle title="Sessions" />
      <Loaded query={query} what="sessions">
        {({ pages }) => {
          const sessions = pages.flatMap((page) => page.sessions);
          if (sessions.length === 0 && !isFiltered) return <EmptyStore />;
          return (
            <>
              <div className="page-head">
                <h1>Sessions</h1>
                {controls}
              </div>
              <Today />
              {sessions.length === 0 ? (
                <p className="nothing">No session is like that.</p>
              ) : (
                <SessionTable
                  sessions={sessions}
                  hasMore={query.hasNextPage}
                  onMore={() => {
                    if (!query.isFetching) void query.fetchNextPage();
                  }}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const isState = (name: string | undefined): name is SessionState =>
  name !== undefined && Object.hasOwn(sessionStates, name);

const stateOptions = {
  all: "All",
  running: "Running",
  waiting: "Waiting",
  ended: "Ended",
} as const;

/** What is asked for, from the address, and the controls that change it. */
function useFilter(): { readonly filter: SessionFilter; readonly controls: ReactNode } {
  const [q, setQ] = useUrlValue("q");
  const [state, setState] = useUrlValue("state");
  const [project, setProject] = useUrlValue("project");
  const [agent, setAgent] = useUrlValue("agent");
  const known = isState(state) ? state : undefined;
  const controls = (
    <search className="filters">
      <SearchBox value={q} onChange={setQ} />
      <Choice
        label="State"
        options={stateOptions}
        value={known !== undefined && known in stateOptions ? (known as "running") : "all"}
        onChange={(value) => setState(value === "all" ? undefined : value)}
      />
      <GroupSelect by="project" value={project} onChange={setProject} />
      <GroupSelect by="agent" value={agent} onChange={setAgent} />
    </search>
  );
  return { filter: { q, state: known, project, agent }, controls };
}

const TYPING_MS = 200;

function SearchBox({
  value,
  onChange,
}: {
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== (value ?? "")) onChange(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  useKeys([{ keys: ["/"], label: "Search", run: () => input.current?.focus() }]);
  return (
    <input
      ref={input}
      className="input search-box"
      type="search"
      aria-label="Search sessions by title, key or id"
      placeholder="Search  /"
      maxLength={200}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

/** Projects or agents that had calls in the last 90 days; none where there is nothing to choose from. */
function GroupSelect({
  by,
  value,
  onChange,
}: {
  readonly by: "project" | "agent";
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}): ReactNode {
  const { data } = useCost({ range: "90d", by });
  const options = (data?.rows ?? []).flatMap(({ key }) => (key === null ? [] : [key]));
  if (options.length < 2 && value === undefined) return null;
  return (
    <Select
      label={`By ${by}`}
      all={`All ${by}s`}
      value={value}
      options={options}
      onChange={onChange}
    />
  );
}

/** Days that are drawn beside today's cost. */
const SPARK_DAYS = 14;

/** The last days' cost, today's last. */
function LastDays(): ReactNode {
  const { data } = useCost({ range: "30d", by: "day" });
  const days = (data?.rows ?? []).slice(-SPARK_DAYS);
  return <Spark values={days.map(({ totals }) => totals.nanoUsd)} />;
}

/** The answer to «what did today cost?». */
function Today(): ReactNode {
  const { data: cost } = useCost({ range: "today", by: "day" });
  const { data: errors } = useErrors({ range: "today" });
  const running = useCountIn("running");
  const waiting = useCountIn("waiting");
  const turns = errors?.days.reduce((sum, day) => sum + day.turns, 0);
  const failed = errors?.days.reduce((sum, day) => sum + day.failedTurns, 0) ?? 0;
  return (
    <Stats>
      <Stat label="Today" note={PRICE_NOTE} aside={<LastDays />}>
        {cost === undefined ? "…" : <Cost of={cost.total} />}
      </Stat>
      <Stat label="Tokens today" note={cost && countOf(cost.total.modelCalls, "model call")}>
        {cost === undefined ? "…" : <TokenFlow of={cost.total} />}
      </Stat>
      <Stat
        label="Turns today"
        note={failed === 0 ? "none failed" : `${formatCount(failed)} failed`}
        tone={failed > 0 ? "bad" : undefined}
      >
        {formatCount(turns)}
      </Stat>
      <Stat
        label="Running now"
        note={waiting === undefined ? undefined : `${waiting} waiting for you`}
        tone={running === undefined || running === "0" ? undefined : "live"}
      >
        {running ?? "…"}
      </Stat>
    </Stats>
  );
}

/** How many sessions are in a state, as far as one page goes. */
function useCountIn(state: SessionState): string | undefined {
  const { data } = useSessions({ q: undefined, state, project: undefined, agent: undefined });
  if (data === undefined) return undefined;
  const count = data.pages.reduce((sum, page) => sum + page.sessions.length, 0);
  const hasMore = data.pages.at(-1)?.nextCursor != null;
  return `${formatCount(count)}${hasMore ? "+" : ""}`;
}
