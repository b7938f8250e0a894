import type { TraceDetail } from "../../../src/server/api-trace-types.ts";
import type { SessionDetail, SessionList, TurnSummary } from "../../../src/server/api-types.ts";
import type { UpProcess } from "../../support/up-process.ts";

/** A session as the server has it, in words. */
export interface StoredSession {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly lastSeenMs: number;
  readonly inputTokens: number;
  /** A line a turn, with what hangs below it behind `>`. */
  readonly turns: readonly string[];
}

export async function askServer<Answer>(
  { uiUrl, token }: UpProcess,
  path: string,
): Promise<Answer> {
  const response = await fetch(uiUrl + path, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Answer;
}

/** All sessions that the server has, the oldest first. */
export async function readStore(up: UpProcess): Promise<StoredSession[]> {
  const { sessions } = await askServer<SessionList>(up, "/api/sessions?limit=100");
  const oldest = sessions.toSorted((a, b) => a.openedMs - b.openedMs);
  return Promise.all(
    oldest.map(async ({ id, state, endReason, lastSeenMs, totals }) => {
      const { turns } = await askServer<SessionDetail>(up, `/api/sessions/${id}`);
      const lines = await Promise.all(turns.map((turn) => describeTurn(up, turn)));
      const { inputTokens } = totals;
      return { id, state, reason: endReason, lastSeenMs, inputTokens, turns: lines };
    }),
  );
}

async function describeTurn(up: UpProcess, turn: TurnSummary): Promise<string> {
  const { kind, trigger, state, errorType, traceId, spanId } = turn;
  const words = [trigger === "announce" ? trigger : kind, state, errorType ?? ""];
  const { spans } = await askServer<TraceDetail>(up, `/api/traces/${traceId}`);
  const own = spans.filter(({ parentSpanId }) => parentSpanId === spanId && spanId !== null);
  const below = own.map(({ kind: what, subject }) => (what === "tool_call" ? subject : what));
  return [...words, ...(below.length > 0 ? [">", ...below] : [])].filter(Boolean).join(" ");
}
