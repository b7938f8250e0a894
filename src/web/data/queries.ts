/** Everything that the pages ask the server for: one hook each. */
import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type {
  CostGroup,
  CostReport,
  ErrorReport,
  ServerStatus,
} from "../../server/api-report-types.ts";
import type { SpanDetail, TraceDetail } from "../../server/api-trace-types.ts";
import type { SessionDetail, SessionList, TurnSummary } from "../../server/api-types.ts";
import type { SessionFilter } from "../view-model/live-merge.ts";
import { type RangeName, startOfRange } from "../view-model/ranges.ts";
import { ApiProblem, ask } from "./ask.ts";

const PAGE_SIZE = 100;
const MAX_TRIES = 2;

/** Live events say what is stale; what is not told of is asked for again after this long. */
const STALE_MS = 30_000;

const isWorthRetry = (error: Error): boolean =>
  !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500;

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        retry: (failures, error) => failures < MAX_TRIES && isWorthRetry(error),
        retryDelay: 500,
        // A server on this machine is there without a network.
        networkMode: "always",
      },
    },
  });

const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
const inPath = encodeURIComponent;

export const useSessions = (filter: SessionFilter) =>
  useInfiniteQuery({
    queryKey: ["sessions", filter] as const,
    queryFn: ({ pageParam, signal }) =>
      ask<SessionList>("/api/sessions", { ...filter, limit: PAGE_SIZE, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });

export const useSession = (id: string | undefined) =>
  useQuery({
    queryKey: ["session", id] as const,
    queryFn: ({ signal }) => ask<SessionDetail>(`/api/sessions/${inPath(id ?? "")}`, {}, signal),
    enabled: id !== undefined,
  });

export const useTurn = (id: string | undefined) =>
  useQuery({
    queryKey: ["turn", id] as const,
    queryFn: ({ signal }) => ask<TurnSummary>(`/api/turns/${inPath(id ?? "")}`, {}, signal),
    enabled: id !== undefined,
  });

export const useTrace = (traceId: string | undefined) =>
  useQuery({
    queryKey: ["trace", traceId] as const,
    queryFn: ({ signal }) => ask<TraceDetail>(`/api/traces/${inPath(traceId ?? "")}`, {}, signal),
    enabled: traceId !== undefined,
  });

export const useSpan = (traceId: string, spanId: string | undefined) =>
  useQuery({
    queryKey: ["span", traceId, spanId] as const,
    queryFn: ({ signal }) =>
      ask<SpanDetail>(`/api/traces/${inPath(traceId)}/spans/${inPath(spanId ?? "")}`, {}, signal),
    enabled: spanId !== undefined,
    placeholderData: keepPreviousData,
  });

interface ReportRange {
  readonly range: RangeName;
  readonly project?: string | undefined;
  readonly agent?: string | undefined;
}

/** A range ends now, whenever it is asked for. */
const rangeQuery = ({ range, project, agent }: ReportRange) => ({
  from: startOfRange(range, Date.now()),
  tz: localZone(),
  project,
  agent,
});

export interface CostQuestion extends ReportRange {
  readonly by: CostGroup;
  readonly split?: Exclude<CostGroup, "day"> | undefined;
}

export const useCost = (question: CostQuestion) =>
  useQuery({
    queryKey: ["cost", question] as const,
    queryFn: ({ signal }) => {
      const { by, split } = question;
      return ask<CostReport>("/api/cost", { ...rangeQuery(question), by, split }, signal);
    },
    placeholderData: keepPreviousData,
  });

export const useErrors = (question: ReportRange) =>
  useQuery({
    queryKey: ["errors", question] as const,
    queryFn: ({ signal }) => ask<ErrorReport>("/api/errors", rangeQuery(question), signal),
    placeholderData: keepPreviousData,
  });

export const useStatus = () =>
  useQuery({
    queryKey: ["status"] as const,
    queryFn: ({ signal }) => ask<ServerStatus>("/api/status", {}, signal),
    refetchInterval: STALE_MS,
  });
