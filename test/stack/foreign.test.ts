import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionDetail, SessionList } from "../../src/server/api-types.ts";
import { installDependencies } from "../support/install.ts";
import { runProcess } from "../support/run-process.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { startModel } from "./foreign/model.ts";

const own = path.join(import.meta.dirname, "foreign");

beforeAll(() => installDependencies(own), 600_000);

/** Runs an agent that the library instruments; its spans go to the server. */
async function runAgent(
  program: string,
  server: TestServer,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await using model = await startModel();
  const { code, stderr } = await runProcess(process.execPath, [path.join(own, program)], {
    cwd: own,
    env: {
      ...{ PATH: process.env["PATH"], HOME: own },
      ...{ OTLP_URL: server.server.otlpUrl, MODEL_URL: model.url, ...env },
    },
    timeout: 120_000,
  });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

test.each([
  { library: "OpenInference", program: "openinference.mjs", sessionId: "a-session", agent: "shop" },
  {
    library: "OpenLLMetry",
    program: "openllmetry.mjs",
    sessionId: "a-session",
    agent: "weather_agent",
  },
  { library: "the AI SDK", program: "vercel.mjs", sessionId: null, agent: "weather-agent" },
  {
    library: "the AI SDK, of old names",
    program: "vercel.mjs",
    env: { LEGACY: "1" },
    sessionId: null,
    agent: "weather-agent",
  },
])(
  "what $library itself makes of an agent shows as a session, a turn, and priced calls",
  async ({ program, env, sessionId, agent }) => {
    await using server = await startTestServer();
    await runAgent(program, server, { ...env });
    const { sessions } = await server.ask<SessionList>("/api/sessions");
    expect(sessions).toMatchObject([{ sessionId, agent, service: "shop", turns: 1 }]);
    const [session] = sessions;
    expect(session?.title).toContain("the weather in Oslo");
    expect(session?.totals).toMatchObject({ modelCalls: 2, toolCalls: 1 });
    expect(session?.totals).toMatchObject({ inputTokens: 240, outputTokens: 24 });
    expect(session?.totals.nanoUsd).toBeGreaterThan(0);
    const detail = await server.ask<SessionDetail>(`/api/sessions/${session?.id}`);
    const [turn] = detail.turns.filter(({ totals }) => totals.modelCalls === 2);
    expect(turn).toMatchObject({ kind: "turn", state: "completed" });
    const { spans } = await server.ask<TraceDetail>(`/api/traces/${turn?.traceId}`);
    const calls = spans.filter(({ kind }) => kind === "model_call");
    expect(calls).toHaveLength(2);
    for (const call of calls) {
      expect(call).toMatchObject({ costSource: "genai-prices", counted: true });
      expect(call.inputPreview).not.toBeNull();
    }
    expect(calls.map(({ outputPreview }) => outputPreview)).toContain("It is sunny.");
    const tool = spans.find(({ kind }) => kind === "tool_call");
    expect(tool).toMatchObject({ subject: "weather", outputPreview: "sunny in Oslo" });
  },
  180_000,
);
