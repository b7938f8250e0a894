/** The routes of the query API, one row each: the server mounts them, and the OpenAPI file is made of them. */
import type { z } from "zod";
import * as queries from "./api-queries.ts";
import * as reports from "./api-report-types.ts";
import * as traces from "./api-trace-types.ts";
import * as types from "./api-types.ts";
import { reportCost } from "./queries/cost.ts";
import { reportErrors } from "./queries/errors.ts";
import type { StoreReader } from "./queries/reader.ts";
import { listRecords } from "./queries/records.ts";
import { readSessionDetail } from "./queries/session-detail.ts";
import { listSessions } from "./queries/sessions.ts";
import { readSpan, readTrace } from "./queries/traces.ts";
import { findTurn, listTurns } from "./queries/turns.ts";

/** What a route may read. */
export interface RouteContext {
  readonly store: StoreReader;
  readonly nowMs: number;
  readonly status: () => reports.ServerStatus;
}

export interface ApiRoute {
  /** With Hono's `:name` for parts of the path. */
  readonly path: string;
  readonly summary: string;
  readonly query: z.ZodObject | undefined;
  readonly response: z.ZodType;
  /** Reads the answer; `undefined`: there is no such thing. */
  readonly read: (
    context: RouteContext,
    given: { readonly params: Readonly<Record<string, string>>; readonly query: unknown },
  ) => unknown;
}

/** Ties a route's reader to the types of its query and its answer. */
function route<Query extends z.ZodObject, Response extends z.ZodType>(definition: {
  readonly path: string;
  readonly summary: string;
  readonly query?: Query;
  readonly response: Response;
  readonly read: (
    context: RouteContext,
    query: z.output<Query>,
    params: Readonly<Record<string, string>>,
  ) => z.input<Response> | undefined;
}): ApiRoute {
  const { path, summary, query, response, read } = definition;
  return {
    ...{ path, summary, response },
    query,
    read: (context, given) => read(context, given.query as z.output<Query>, given.params),
  };
}

const isHex = (text: string | undefined, length: number): text is string =>
  text !== undefined && text.length === length && /^[0-9a-f]+$/.test(text);

export const apiRoutes: readonly ApiRoute[] = [
  route({
    path: "/api/sessions",
    summary: "Sessions, the one last heard of first",
    query: queries.SessionQuery,
    response: types.SessionList,
    read: ({ store }, query) => listSessions(store, query),
  }),
  route({
    path: "/api/sessions/:session",
    summary:
      "A session, by its id, its host's id or its key, with turns, settings changes and cost",
    response: types.SessionDetail,
    read: ({ store }, _, params) => readSessionDetail(store, params["session"] ?? ""),
  }),
  route({
    path: "/api/turns",
    summary: "Turns and subagents' runs, the newest first",
    query: queries.TurnQuery,
    response: types.TurnList,
    read: ({ store }, query) => listTurns(store, query),
  }),
  route({
    path: "/api/turns/:turn",
    summary: "A turn",
    response: types.TurnSummary,
    read: ({ store }, _, params) => findTurn(store, params["turn"] ?? ""),
  }),
  route({
    path: "/api/traces/:trace",
    summary: "A trace with its turns, spans and records",
    response: traces.TraceDetail,
    read: ({ store }, _, { trace }) => (isHex(trace, 32) ? readTrace(store, trace) : undefined),
  }),
  route({
    path: "/api/traces/:trace/spans/:span",
    summary: "A span with its attributes, events, links and content",
    response: traces.SpanDetail,
    read: ({ store }, _, { trace, span }) =>
      isHex(trace, 32) && isHex(span, 16) ? readSpan(store, trace, span) : undefined,
  }),
  route({
    path: "/api/records",
    summary: "Lifecycle records, the newest first",
    query: queries.RecordQuery,
    response: types.RecordList,
    read: ({ store }, query) => listRecords(store, query),
  }),
  route({
    path: "/api/cost",
    summary: "Cost and tokens by day, project, agent or model",
    query: queries.CostQuery,
    response: reports.CostReport,
    read: ({ store, nowMs }, query) => reportCost(store, query, nowMs),
  }),
  route({
    path: "/api/errors",
    summary: "Failures by type, and failed turns by day",
    query: queries.ErrorQuery,
    response: reports.ErrorReport,
    read: ({ store, nowMs }, query) => reportErrors(store, query, nowMs),
  }),
  route({
    path: "/api/status",
    summary: "What the server stores, takes and refuses, and what was found on this machine",
    response: reports.ServerStatus,
    read: ({ status }) => status(),
  }),
];
