import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import type { SessionSummary } from "../../server/api-types.ts";
import { Cost, TokenFlow } from "../parts/amounts.tsx";
import { useListKeys } from "../parts/list-keys.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { Said } from "../parts/texts.tsx";
import { Ago } from "../parts/times.tsx";
import { countOf, formatCount, formatDay } from "../view-model/format.ts";
import { nameOf } from "../view-model/names.ts";

const ROW_PX = 66;
const DAY_PX = 44;
const OVERSCAN = 8;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 15;

interface SessionTableProps {
  readonly sessions: readonly SessionSummary[];
  readonly hasMore: boolean;
  readonly onMore: () => void;
}

/** Sessions by local day, as many rows as fit the window. */
export function SessionTable({ sessions, hasMore, onMore }: SessionTableProps): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  const rows = useMemo(() => withDays(sessions), [sessions]);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => setOffset(list.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (place) => (rows[place]?.type === "day" ? DAY_PX : ROW_PX),
    getItemKey: (place) => rows[place]?.key ?? place,
    overscan: OVERSCAN,
    scrollMargin: offset,
  });
  useListKeys(list, "session");
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - AHEAD) onMore();
  }, [hasMore, last, rows.length, onMore]);
  return (
    <ul ref={list} className="sessions" style={{ height: virtual.getTotalSize() }}>
      {items.map(({ index, key, start, size }) => {
        const row = rows[index];
        const style = { height: size, transform: `translateY(${start - offset}px)` };
        if (row === undefined) return null;
        return row.type === "day" ? (
          <li key={key} className="sessions-day" style={style}>
            {row.label}
          </li>
        ) : (
          <li key={key} className="session-row" style={style}>
            <SessionLink session={row.session} />
          </li>
        );
      })}
    </ul>
  );
}

type Row =
  | { readonly type: "day"; readonly key: string; readonly label: string }
  | { readonly type: "session"; readonly key: string; readonly session: SessionSummary };

function withDays(sessions: readonly SessionSummary[]): Row[] {
  const rows: Row[] = [];
  const nowMs = Date.now();
  let day = "";
  for (const session of sessions) {
    const label = formatDay(session.lastSeenMs, nowMs);
    if (label !== day) rows.push({ type: "day", key: `day ${label} ${session.id}`, label });
    day = label;
    rows.push({ type: "session", key: session.id, session });
  }
  return rows;
}

function SessionLink({ session }: { readonly session: SessionSummary }): ReactNode {
  const { id, turns, failedTurns, totals, lastSeenMs } = session;
  return (
    <Link href={`/sessions/${id}`} className="session-link" data-item={id}>
      <span className="session-state">
        <StateBadge session={session} />
      </span>
      <span className="session-name">
        <span className="session-title truncate" style={{ display: "block" }}>
          <Said>{nameOf(session)}</Said>
        </span>
        <span className="session-where truncate" style={{ display: "block" }}>
          <Said>{whereOf(session)}</Said>
        </span>
      </span>
      <span className="session-figure session-turns">
        {countOf(turns, "turn")}
        {failedTurns > 0 && <span className="failed-count">{formatCount(failedTurns)} failed</span>}
      </span>
      <span className="session-figure session-tokens">
        <span className="visually-hidden">Tokens </span>
        <TokenFlow of={totals} />
      </span>
      <span className="session-figure session-cost">
        <span className="visually-hidden">Cost </span>
        <Cost of={totals} />
      </span>
      <span className="session-figure session-seen">
        <span className="visually-hidden">Last heard of </span>
        <Ago ms={lastSeenMs} />
      </span>
    </Link>
  );
}

const whereOf = ({ agent, model, project, branch, host }: SessionSummary): string =>
  [agent, model, project, branch, host]
    .filter((text) => text !== null && text !== "")
    .join("  ·  ");
