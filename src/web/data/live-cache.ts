import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { LiveEvent } from "../../server/api-report-types.ts";
import type { TraceDetail } from "../../server/api-trace-types.ts";
import type { SessionList } from "../../server/api-types.ts";
import { mergeSessions, type SessionFilter } from "../view-model/live-merge.ts";

/** What is read again is read at most this often: an agent at work changes something every moment. */
const PAUSE_MS = { session: 300, trace: 1000, report: 1000 } as const;

/** Brings what the pages hold up to date with what the server tells of. */
export class LiveCache implements Disposable {
  readonly #client: QueryClient;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout> | undefined>();
  readonly #again = new Set<string>();

  constructor(client: QueryClient) {
    this.#client = client;
  }

  apply(event: LiveEvent): void {
    if (event.type === "refresh") this.refreshAll();
    if (event.type === "store") this.#refresh(["status"], PAUSE_MS.report);
    if (event.type === "changed") this.#applyChanges(event);
  }

  refreshAll(): void {
    void this.#client.invalidateQueries();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#again.clear();
  }

  #applyChanges({ sessions, turns }: Extract<LiveEvent, { readonly type: "changed" }>): void {
    for (const [key, data] of this.#client.getQueriesData<InfiniteData<SessionList>>({
      queryKey: ["sessions"],
    })) {
      if (data === undefined) continue;
      const pages = mergeSessions(data.pages, sessions, key[1] as SessionFilter);
      this.#client.setQueryData(key, { ...data, pages });
    }
    for (const turn of turns) this.#client.setQueryData(["turn", turn.id], turn);
    const changed = new Set([
      ...sessions.map(({ id }) => id),
      ...turns.map(({ sessionId }) => sessionId),
    ]);
    for (const id of changed) this.#refresh(["session", id], PAUSE_MS.session);
    for (const { traceId } of turns) this.#refresh(["trace", traceId], PAUSE_MS.trace);
    for (const [key, trace] of this.#client.getQueriesData<TraceDetail>({ queryKey: ["trace"] })) {
      if (changed.has(trace?.session?.id ?? "")) this.#refresh(key, PAUSE_MS.trace);
    }
    for (const report of ["cost", "errors", "status"]) {
      this.#refresh([report], PAUSE_MS.report);
    }
  }

  /** At once, then after the pause where more came meanwhile. */
  #refresh(queryKey: QueryKey, pauseMs: number): void {
    const name = JSON.stringify(queryKey);
    if (this.#timers.has(name)) {
      this.#again.add(name);
      return;
    }
    void this.#client.invalidateQueries({ queryKey });
    const onPauseEnd = (): void => {
      this.#timers.delete(name);
      if (this.#again.delete(name)) this.#refresh(queryKey, pauseMs);
    };
    this.#timers.set(name, setTimeout(onPauseEnd, pauseMs));
  }
}
