import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CostReport } from "../../src/server/api-report-types.ts";
import type { SpanDetail, TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionDetail, SessionList, SessionSummary } from "../../src/server/api-types.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { logRequest, makeRecord, makeSpan, NOON_MS, newId, traceRequest } from "./requests.ts";

/** What a library of others made of the same story: an agent that asks a model, a tool, and a model again. */
const recorded = (library: string): string =>
  readFileSync(new URL(`../fixtures/otlp/${library}.json`, import.meta.url), "utf8");

async function onlySession(server: TestServer): Promise<SessionSummary> {
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  const [session] = sessions;
  if (session === undefined || sessions.length > 1) throw new Error(`${sessions.length} sessions`);
  return session;
}

/** gpt-5-mini: two calls of 120 tokens in, 20 of them cached, 12 out. */
const PRICED = { modelCalls: 2, inputTokens: 240, outputTokens: 24 };

test.each([
  ["openinference", { sessionId: "oi-session-1", agent: "shop", turns: 1 }],
  ["openllmetry", { sessionId: "ollm-session-1", userId: "u1", agent: "weather_agent", turns: 1 }],
  ["vercel", { sessionId: null, agent: "weather-agent", turns: 1 }],
  ["vercel-legacy", { sessionId: null, agent: "weather-agent", turns: 1 }],
])("spans of %s show as a session with turns and priced calls", async (library, expected) => {
  await using server = await startTestServer();
  expect((await server.send("traces", recorded(library))).status).toBe(200);
  const session = await onlySession(server);
  expect(session).toMatchObject({ ...expected, state: "untracked", service: "shop" });
  expect(session.title).toContain("the weather");
  expect(session.totals).toMatchObject({ ...PRICED, toolCalls: 1 });
  expect(session.totals.nanoUsd).toBeGreaterThan(0);
  const { turns } = await server.ask<SessionDetail>(`/api/sessions/${session.id}`);
  const turn = turns.find(({ totals }) => totals.modelCalls === 2);
  expect(turn).toMatchObject({ kind: "turn", state: "completed" });
  const trace = await server.ask<TraceDetail>(`/api/traces/${turn?.traceId}`);
  const kinds = trace.spans.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "model_call")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "tool_call")).toHaveLength(1);
  expect(trace.spans.find(({ spanId }) => spanId === turn?.spanId)?.kind).toBe("turn");
  const calls = trace.spans.filter(({ kind }) => kind === "model_call");
  for (const call of calls) {
    expect(call).toMatchObject({ costSource: "genai-prices", counted: true });
    expect(call.subject).toContain("gpt-5-mini");
    expect(call.inputPreview).not.toBeNull();
    expect(call.outputPreview).not.toBeNull();
  }
});

test("messages that are one attribute a field are kept as messages of the conventions", async () => {
  await using server = await startTestServer();
  await server.send("traces", recorded("openinference"));
  const { id } = await onlySession(server);
  const { turns } = await server.ask<SessionDetail>(`/api/sessions/${id}`);
  const trace = await server.ask<TraceDetail>(`/api/traces/${turns[0]?.traceId}`);
  const call = trace.spans.findLast(({ kind }) => kind === "model_call");
  const detail = await server.ask<SpanDetail>(`/api/traces/${trace.traceId}/spans/${call?.spanId}`);
  const input = detail.content.find(({ attribute }) => attribute === "gen_ai.input.messages");
  expect(input?.parts.map((part) => JSON.parse(part))).toEqual([
    { role: "user", parts: [{ type: "text", content: "What is the weather in Oslo?" }] },
    { role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: "sunny" }] },
  ]);
  expect(detail.attributes.map(([name]) => name).join()).not.toContain("llm.input_messages");
});

test("old names are read: prompt and completion tokens, system, indexed prompts", async () => {
  await using server = await startTestServer();
  const span = makeSpan({
    attributes: {
      "llm.request.type": "chat",
      "gen_ai.system": "OpenAI",
      "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.usage.prompt_tokens": 1000,
      "gen_ai.usage.completion_tokens": 100,
      "gen_ai.prompt.0.role": "user",
      "gen_ai.prompt.0.content": "hello",
      "gen_ai.completion.0.role": "assistant",
      "gen_ai.completion.0.content": "good day",
      "traceloop.association.properties.session_id": "old",
    },
  });
  await server.send("traces", traceRequest([span]));
  expect(await onlySession(server)).toMatchObject({
    sessionId: "old",
    title: "hello",
    totals: { modelCalls: 1, inputTokens: 1000, outputTokens: 100, nanoUsd: 210_000 },
  });
});

test("a call that holds another one counts once, whichever comes first", async () => {
  await using server = await startTestServer();
  for (const order of ["inner first", "outer first"]) {
    const [traceId, outer] = [newId(32), newId(16)];
    const call = {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.provider.name": "openai",
      "gen_ai.usage.input_tokens": 1000,
      "gen_ai.usage.output_tokens": 100,
      "session.id": "nested",
    };
    const spans = [
      makeSpan({ traceId, parentSpanId: outer, attributes: call }),
      makeSpan({ traceId, spanId: outer, attributes: call }),
    ];
    if (order === "outer first") spans.reverse();
    for (const span of spans) await server.send("traces", traceRequest([span]));
  }
  const session = await onlySession(server);
  expect(session.totals).toMatchObject({ modelCalls: 2, nanoUsd: 420_000 });
  const report = await server.ask<CostReport>(
    `/api/cost?by=model&from=${NOON_MS - 1}&to=${NOON_MS + 1e7}`,
  );
  expect(report.total).toMatchObject({ modelCalls: 2, nanoUsd: 420_000 });
});

const foreignCall = {
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.provider.name": "openai",
  "gen_ai.usage.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 100,
};
const ourTurn = {
  "turnspan.kind": "turn",
  "session.id": "ours",
  "turnspan.session.key": "k",
  "turnspan.run.id": "run",
  "turnspan.turn.outcome": "completed",
  "turnspan.project": "shop",
};

test("a call in our turn that another library tells too is ours, whichever comes first", async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    await using server = await startTestServer();
    const [traceId, turn, call] = [newId(32), newId(16), newId(16)];
    const spans = [
      makeSpan({
        ...{ traceId, spanId: turn },
        attributes: { ...ourTurn, "turnspan.turn.model_calls": 1, "turnspan.turn.cost.usd": 0.5 },
      }),
      makeSpan({
        ...{ traceId, spanId: call, parentSpanId: turn },
        attributes: { ...ourTurn, "turnspan.kind": "model_call", "turnspan.cost.usd": 0.5 },
      }),
      makeSpan({ ...{ traceId, parentSpanId: turn }, attributes: foreignCall }),
    ];
    for (const at of order) await server.send("traces", traceRequest([spans[at]]));
    const session = await onlySession(server);
    expect(session.totals).toMatchObject({ modelCalls: 1, nanoUsd: 500_000_000 });
    expect(session).toMatchObject({ sessionId: "ours", turns: 1 });
    const report = await server.ask<CostReport>(
      `/api/cost?by=project&from=${NOON_MS - 1}&to=${NOON_MS + 1e7}`,
    );
    expect(report.rows.filter(({ totals }) => totals.modelCalls !== 0)).toMatchObject([
      { key: "shop", totals: { modelCalls: 1, nanoUsd: 500_000_000 } },
    ]);
    expect(report.total).toMatchObject({ modelCalls: 1, nanoUsd: 500_000_000 });
  }
});

test("where our turn tells of no call, those of another library count in it", async () => {
  await using server = await startTestServer();
  const [traceId, turn] = [newId(32), newId(16)];
  const foreign = makeSpan({ traceId, parentSpanId: turn, attributes: foreignCall });
  await server.send("traces", traceRequest([foreign]));
  const attributes = { ...ourTurn, "turnspan.turn.model_calls": 0 };
  await server.send("traces", traceRequest([makeSpan({ traceId, spanId: turn, attributes })]));
  expect(await onlySession(server)).toMatchObject({
    sessionId: "ours",
    totals: { modelCalls: 1, nanoUsd: 210_000 },
  });
});

test("a call that only the turn's end tells of is in all sums until its span comes, and once after", async () => {
  await using server = await startTestServer();
  const [traceId, spanId] = [newId(32), newId(16)];
  const end = makeRecord({
    ...{ event: "turnspan.turn.end", traceId, spanId },
    attributes: {
      ...ourTurn,
      "turnspan.record.id": "r-1",
      "turnspan.turn.model_calls": 1,
      "turnspan.turn.cost.usd": 0.25,
    },
  });
  await server.send("logs", logRequest([end]));
  const cost = () =>
    server.ask<CostReport>(`/api/cost?by=model&from=${NOON_MS - 1e7}&to=${NOON_MS + 1e7}`);
  const sums = { modelCalls: 1, nanoUsd: 250_000_000 };
  expect((await cost()).rows).toMatchObject([{ key: null, totals: sums }]);
  const call = {
    ...{ "turnspan.kind": "model_call", "gen_ai.response.model": "m", "turnspan.cost.usd": 0.25 },
  };
  const span = makeSpan({ traceId, parentSpanId: spanId, attributes: { ...ourTurn, ...call } });
  await server.send("traces", traceRequest([span]));
  const after = await cost();
  expect(after.rows.filter(({ totals }) => totals.modelCalls > 0)).toMatchObject([
    { key: "m", totals: sums },
  ]);
  expect(after.total).toMatchObject(sums);
  expect((await onlySession(server)).totals).toMatchObject(sums);
});
