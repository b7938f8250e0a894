import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { WireRecord } from "../../src/lifecycle/record-log.ts";
import type { CostReport, ErrorReport } from "../../src/server/api-report-types.ts";
import type { SpanDetail, TraceDetail } from "../../src/server/api-trace-types.ts";
import type {
  RecordList,
  SessionDetail,
  SessionList,
  SessionSummary,
  TurnList,
} from "../../src/server/api-types.ts";
import { auditFile, spansFile } from "../../src/server/store/store.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { playRecording } from "./play.ts";

const RANGE = `from=${Date.parse("2026-11-01")}&to=${Date.parse("2026-12-01")}`;

/** Sums of the records that end sessions: what all pages must add up to. */
function sumOf(records: readonly WireRecord[]) {
  const ends = records.filter(({ eventName }) => eventName === "session.end");
  const sum = (name: string): number =>
    ends.reduce((total, { attributes }) => total + Number(attributes[name] ?? 0), 0);
  return {
    nanoUsd: Math.round(sum("turnspan.session.cost.usd") * 1e9),
    unknownCostCalls: sum("turnspan.session.cost.unknown_calls"),
    modelCalls: sum("turnspan.session.model_calls"),
    inputTokens: sum("turnspan.session.input_tokens"),
  };
}

type Sums = ReturnType<typeof sumOf>;

const addUp = (totals: readonly Sums[]): Sums => ({
  nanoUsd: totals.reduce((sum, one) => sum + one.nanoUsd, 0),
  unknownCostCalls: totals.reduce((sum, one) => sum + one.unknownCostCalls, 0),
  modelCalls: totals.reduce((sum, one) => sum + one.modelCalls, 0),
  inputTokens: totals.reduce((sum, one) => sum + one.inputTokens, 0),
});

const readDetails = (server: TestServer, sessions: readonly SessionSummary[]) =>
  Promise.all(sessions.map(({ id }) => server.ask<SessionDetail>(`/api/sessions/${id}`)));

/** Rows of every table of both files. */
function countRows(folder: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const file of [spansFile(folder), auditFile(folder)]) {
    using database = new DatabaseSync(file, { readOnly: true });
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
    for (const { name } of tables) {
      counts[String(name)] = Number(
        database.prepare(`select count(*) as count from "${name}"`).get()?.["count"],
      );
    }
  }
  return counts;
}

test.each(["http/json", "http/protobuf"] as const)(
  "the cost of the recording is the records' on every page, sent by %s",
  async (protocol) => {
    await using server = await startTestServer();
    const wanted = sumOf(await playRecording(server, { protocol }));
    expect(wanted).toMatchObject({ nanoUsd: 1_386_000, unknownCostCalls: 1, modelCalls: 13 });
    const { sessions } = await server.ask<SessionList>("/api/sessions");
    expect(addUp(sessions.map(({ totals }) => totals))).toEqual(wanted);
    const details = await readDetails(server, sessions);
    expect(addUp(details.flatMap(({ turns }) => turns.map(({ totals }) => totals)))).toEqual(
      wanted,
    );
    const segments = details.flatMap(({ costSegments }) => costSegments);
    expect(addUp(segments.map((segment) => ({ ...segment, inputTokens: 0 })))).toEqual({
      ...wanted,
      inputTokens: 0,
    });
    const { turns } = await server.ask<TurnList>("/api/turns?limit=500");
    expect(addUp(turns.map(({ totals }) => totals))).toEqual(wanted);
    for (const by of ["day", "project", "agent", "model", "day&split=model"]) {
      const report = await server.ask<CostReport>(`/api/cost?${RANGE}&by=${by}`);
      expect(report.total).toMatchObject(wanted);
      expect(addUp(report.rows.map(({ totals }) => totals))).toEqual(wanted);
    }
  },
);

test("playing the recording twice changes no row count and no sum", async () => {
  await using server = await startTestServer();
  await playRecording(server);
  const counts = countRows(server.folder);
  const cost = await server.ask<CostReport>(`/api/cost?${RANGE}&by=model`);
  await playRecording(server, { protocol: "http/json" });
  expect(countRows(server.folder)).toEqual(counts);
  expect(await server.ask<CostReport>(`/api/cost?${RANGE}&by=model`)).toEqual(cost);
  expect(counts).toMatchObject({ span: 32, run: 11, record: 38 });
});

test("the failed turn says why, and its trace has its call", async () => {
  await using server = await startTestServer();
  await playRecording(server);
  const { turns } = await server.ask<TurnList>("/api/turns?state=failed");
  expect(turns).toMatchObject([
    {
      runId: "run-3",
      errorType: "schema",
      errorMessage: expect.stringContaining("LLM request failed"),
      inputPreview: "MOCK400 please",
    },
  ]);
  const trace = await server.ask<TraceDetail>(`/api/traces/${turns[0]?.traceId}`);
  expect(trace.spans.map(({ kind, status }) => [kind, status])).toEqual([
    ["turn", "error"],
    ["model_call", "error"],
  ]);
  expect(trace.records.map(({ event }) => event)).toEqual([
    "turnspan.turn.start",
    "turnspan.turn.end",
  ]);
  const spanId = trace.spans[0]?.spanId;
  const detail = await server.ask<SpanDetail>(`/api/traces/${trace.traceId}/spans/${spanId}`);
  expect(detail.content).toEqual([
    {
      attribute: "gen_ai.input.messages",
      parts: ['{"role":"user","parts":[{"type":"text","content":"MOCK400 please"}]}'],
    },
  ]);
  expect(detail.attributes.map(([name]) => name)).not.toContain("gen_ai.input.messages");
  const errors = await server.ask<ErrorReport>(`/api/errors?${RANGE}`);
  expect(errors.groups.map(({ kind, errorType, count }) => [kind, errorType, count])).toEqual([
    ["model_call", "Error", 1],
    ["turn", "schema", 1],
  ]);
  expect(errors.days.reduce((sum, { failedTurns }) => sum + failedTurns, 0)).toBe(1);
});

test("a session shows its settings changes, its cost segments and its subagents", async () => {
  await using server = await startTestServer();
  await playRecording(server);
  const detail = await server.ask<SessionDetail>("/api/sessions/agent:main:main");
  expect(detail.session).toMatchObject({
    title: "My label",
    state: "ended",
    turns: 6,
    subagents: 1,
  });
  expect(detail.settingsChanges.map(({ changes }) => changes)).toEqual([
    [{ field: "label", shown: true, beforeKnown: false, before: null, after: "My label" }],
    [
      {
        field: "model",
        shown: true,
        beforeKnown: true,
        before: "mock/mock-a",
        after: "mock/mock-b",
      },
    ],
  ]);
  expect(detail.costSegments.map(({ model, nanoUsd }) => [model, nanoUsd])).toEqual([
    ["mock/mock-a", 378_000],
    ["mock/mock-b", 630_000],
  ]);
  const child = detail.turns.find(({ kind }) => kind === "subagent");
  expect(child).toMatchObject({ label: "kid-1", parentRunId: "run-6", state: "completed" });
  const records = await server.ask<RecordList>(
    `/api/records?session=${detail.session.id}&limit=1000`,
  );
  expect(records.records.map(({ event }) => event)).toContain("turnspan.subagent.spawned");
});

test("spans that come hours late land in their own time", async () => {
  await using server = await startTestServer();
  await playRecording(server);
  const report = await server.ask<CostReport>(`/api/cost?${RANGE}&by=day`);
  const days = report.rows.filter(({ totals }) => totals.modelCalls > 0);
  expect(days.map(({ day }) => day)).toEqual(["2026-11-21"]);
  const elsewhere = await server.ask<CostReport>(`/api/cost?${RANGE}&by=day&tz=Pacific/Pago_Pago`);
  expect(
    elsewhere.rows.filter(({ totals }) => totals.modelCalls > 0).map(({ day }) => day),
  ).toEqual(["2026-11-20"]);
});
