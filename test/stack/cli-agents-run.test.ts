import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { findServer } from "../../src/base/running-server.ts";
import type { TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionDetail } from "../../src/server/api-types.ts";
import { POLL, TEST_MS, up, withModel } from "../support/cli-agents-model.ts";
import { type Lab, openLab } from "./cli-agents/lab.ts";
import { askServer, readStore } from "./cli-agents/store.ts";

const model = withModel();

/** What agents in the run were given as their session's span. */
function givenSpan(lab: Lab): { readonly traceId: string; readonly spanId: string } {
  const folder = path.join(lab.data, "capture/runs");
  const [name = ""] = readdirSync(folder);
  return JSON.parse(readFileSync(path.join(folder, name), "utf8")).trace;
}

const TOOLS = {
  "claude-code": "Bash",
  codex: "Bash",
  "gemini-cli": "run_shell_command",
  "qwen-code": "run_shell_command",
} as const;

/** With hooks the agent's own word for its end counts; Qwen Code has none without a terminal. */
const ENDS = {
  "claude-code": "other",
  codex: "other",
  "gemini-cli": "exit",
  "qwen-code": "exit",
} as const;

const AGENTS = Object.keys(TOOLS) as (keyof typeof TOOLS)[];

test.each(AGENTS)(
  "%s: by turnspan run its one session has the metadata, and the span that the agent was given",
  { timeout: TEST_MS },
  async (agent) => {
    using lab = openLab(agent, model());
    await lab.turnspan("install", agent);
    expect(await lab.run("use a TOOL", ["--meta", "ticket=T-7"])).toMatchObject({ code: 0 });
    const server = await up(lab);
    await expect
      .poll(async () => (await readStore(server)).map(({ reason, turns }) => [reason, turns]), POLL)
      .toEqual([[ENDS[agent], [`turn completed > model_call ${TOOLS[agent]} model_call`]]]);
    const [session] = await readStore(server);
    const { metadata } = await askServer<SessionDetail>(server, `/api/sessions/${session?.id}`);
    expect(JSON.parse(metadata ?? "")).toEqual({ ticket: "T-7" });
    const { traceId, spanId } = givenSpan(lab);
    const { spans } = await askServer<TraceDetail>(server, `/api/traces/${traceId}`);
    expect(spans).toMatchObject([{ kind: "session", spanId, parentSpanId: null }]);
    await server.end("SIGTERM");
  },
);

test.each(["claude-code", "gemini-cli", "qwen-code"] as const)(
  "%s: turnspan run names its session, and tells it from the transcript where there are no hooks",
  { timeout: TEST_MS },
  async (agent) => {
    using lab = openLab(agent, model());
    expect(await lab.run("use a TOOL", [])).toMatchObject({ code: 0 });
    const server = await up(lab);
    const turns = [`turn completed > model_call ${TOOLS[agent]} model_call`];
    await expect
      .poll(async () => (await readStore(server)).map(({ reason, turns }) => [reason, turns]), POLL)
      .toEqual([["exit", turns]]);
    await server.end("SIGTERM");
  },
);

/** How each agent that takes TRACEPARENT is made to send spans of its own, and what its first is called. */
const NATIVE = {
  "claude-code": {
    root: "claude_code.interaction",
    prepare: (_: Lab, otlpUrl: string): NodeJS.ProcessEnv => ({
      ...{ CLAUDE_CODE_ENABLE_TELEMETRY: "1", CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: "1" },
      ...{ OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_TRACES_EXPORT_INTERVAL: "500" },
    }),
  },
  codex: {
    root: "codex.exec",
    prepare: (lab: Lab, otlpUrl: string): NodeJS.ProcessEnv => {
      const endpoint = `endpoint = "${otlpUrl}/v1/traces", protocol = "binary"`;
      const table = `\n[otel]\ntrace_exporter = { otlp-http = { ${endpoint} } }\n`;
      appendFileSync(path.join(lab.home, ".codex/config.toml"), table);
      return {};
    },
  },
} as const;

test.each(Object.keys(NATIVE) as (keyof typeof NATIVE)[])(
  "%s: its own spans hang below the session that turnspan run gave it",
  { timeout: TEST_MS },
  async (agent) => {
    using lab = openLab(agent, model());
    await lab.turnspan("install", agent);
    const inside = lab.startServer();
    await expect.poll(() => findServer(lab.data), POLL).toBeDefined();
    const more = NATIVE[agent].prepare(lab, findServer(lab.data)?.otlpUrl ?? "");
    expect(await lab.run("use a TOOL", [], more)).toMatchObject({ code: 0 });
    inside.kill("SIGTERM");
    await once(inside, "exit");
    const server = await up(lab);
    const { traceId, spanId } = givenSpan(lab);
    const read = () => askServer<TraceDetail>(server, `/api/traces/${traceId}`);
    await expect
      .poll(async () => (await read()).spans.some(({ kind }) => kind === "session"), POLL)
      .toBe(true);
    const { spans } = await read();
    const below = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(below.map(({ name }) => name)).toContain(NATIVE[agent].root);
    const ids = new Set(spans.map((span) => span.spanId));
    const lost = spans.filter(({ parentSpanId: id }) => id !== null && !ids.has(id));
    expect(lost.map(({ name }) => name)).toEqual([]);
    await server.end("SIGTERM");
  },
);
