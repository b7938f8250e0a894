import { type ReactNode, useEffect, useState } from "react";
import { formatAgo, formatDuration, formatMoment } from "../view-model/format.ts";

/** The time, again and again; `undefined` leaves it as it is. */
export function useNow(everyMs: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

const toIso = (ms: number): string | undefined =>
  Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;

/** A moment in words of one's choice, with the whole of it on demand. */
export function Moment({
  ms,
  children,
}: {
  readonly ms: number;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <time className="number" dateTime={toIso(ms)} title={formatMoment(ms)}>
      {children}
    </time>
  );
}

const AGO_EVERY_MS = 15_000;

export function Ago({ ms }: { readonly ms: number }): ReactNode {
  const now = useNow(AGO_EVERY_MS);
  return <Moment ms={ms}>{formatAgo(ms, Math.max(now, ms))}</Moment>;
}

const TICK_MS = 500;

/** How long something took; where it has no end, how long it runs by now. */
export function Duration({
  startMs,
  durationMs,
  isRunning = false,
}: {
  readonly startMs: number;
  readonly durationMs: number | null;
  readonly isRunning?: boolean;
}): ReactNode {
  const now = useNow(isRunning ? TICK_MS : undefined);
  const ms = isRunning ? Math.max(now - startMs, 0) : durationMs;
  return <span className="number">{formatDuration(ms)}</span>;
}
