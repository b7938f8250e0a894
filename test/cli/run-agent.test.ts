import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  captureFolder,
  spoolFolder,
  writeCaptureScripts,
} from "../../src/adapters/cli-agents/capture-script.ts";
import type { TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionDetail, SessionList } from "../../src/server/api-types.ts";
import { runTurnspan } from "../support/cli.ts";
import { startTestServer } from "../support/server.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const recording = path.resolve(
  import.meta.dirname,
  "../fixtures/cli-agent-hooks/claude-code/tool.jsonl",
);

/** A program that tells of a session by the hooks that are installed, as Claude Code did. */
async function openAgent() {
  const folder = makeTemporaryFolder();
  const data = path.join(folder.path, "data");
  await writeCaptureScripts(data);
  mkdirSync(path.join(folder.path, "project"));
  const capture = path.join(captureFolder(data), "capture.sh");
  const script = `while read -r line; do
    printf '%s' "$line" | sh ${capture} claude-code $$ >/dev/null
  done <${recording}
  exit 7`;
  const agent = folder.write("agent.sh", script);
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runTurnspan(["run", ...args], {
      env: { PATH: process.env["PATH"], TURNSPAN_DATA: data, ...env },
      cwd: path.join(folder.path, "project"),
    });
  return { path: folder.path, data, run, agent, [Symbol.dispose]: folder[Symbol.dispose] };
}

test.each([
  [["sh", "-c", "exit 0"], 0],
  [["sh", "-c", "exit 42"], 42],
  [["sh", "-c", "kill -TERM $$"], 143],
  [["/nonexistent/agent"], 127],
] as const)("%j: the exit code is the agent's", async (command, code) => {
  using world = await openAgent();
  expect((await world.run(["--", ...command])).code).toBe(code);
});

test("its sessions are sent with their metadata when it has ended, and summed up", async () => {
  using world = await openAgent();
  await using server = await startTestServer();
  const summary = path.join(world.path, "summary.md");
  const { code, err } = await world.run(["--meta", "ticket=T-7", "--", "sh", world.agent], {
    TURNSPAN_META_WORKFLOW_ID: "order-7",
    OTEL_EXPORTER_OTLP_ENDPOINT: server.server.otlpUrl,
    GITHUB_STEP_SUMMARY: summary,
  });
  expect(code).toBe(7);
  expect(err).toBe("turnspan: 1 sessions, turns: 1 completed, $0\n");
  expect(readFileSync(summary, "utf8")).toContain("1 sessions, turns: 1 completed");
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  expect(sessions).toMatchObject([{ agent: "claude-code", turns: 1, endReason: "other" }]);
  const { metadata } = await server.ask<SessionDetail>(`/api/sessions/${sessions[0]?.id}`);
  expect(JSON.parse(metadata ?? "")).toEqual({ workflowId: "order-7", ticket: "T-7" });
  expect(readdirSync(spoolFolder(world.data))).toEqual([]);
}, 120_000);

test("without a server and an endpoint it is summed up where a summary is wanted, and waits on disk", async () => {
  using world = await openAgent();
  const summary = path.join(world.path, "summary.md");
  const { code, err } = await world.run(["--", "sh", world.agent], {
    GITHUB_STEP_SUMMARY: summary,
  });
  expect({ code, err }).toEqual({
    code: 7,
    err: "turnspan: 1 sessions, turns: 1 completed, $0; they wait on disk for a server\n",
  });
  expect(readFileSync(summary, "utf8")).toContain("1 sessions, turns: 1 completed");
  const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
  expect(readdirSync(spoolFolder(world.data))).toHaveLength(lines.length);
});

/** A program called claude that tells nothing by hooks, and writes a transcript as Claude Code does. */
function writeClaude(folder: ReturnType<typeof makeTemporaryFolder>, end: string): string {
  const written = path.resolve(import.meta.dirname, "../fixtures/cli-agents/claude-code/tool");
  const [transcript = ""] = readdirSync(written, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".jsonl"),
  );
  const script = `#!/bin/sh
printf '%s' "$TRACEPARENT" > traceparent
mkdir -p "$HOME/.claude/projects/p"
sed "s/812f6418-1e00-4b0f-8bcf-7a42a49be153/$2/" '${path.join(written, transcript)}' > "$HOME/.claude/projects/p/$2.jsonl"
${end}`;
  const file = folder.write("bin/claude", script);
  chmodSync(file, 0o755);
  return path.dirname(file);
}

test.each([
  ["exit 3", 3, "exit", "completed"],
  ["kill -KILL $$", 137, "abandoned", "completed"],
] as const)(
  "Claude Code without hooks that ends by %j: its session has the id and the trace that it was given",
  async (end, code, endReason, state) => {
    using folder = makeTemporaryFolder();
    const bin = writeClaude(folder, end);
    await using server = await startTestServer();
    const run = await runTurnspan(["run", "--meta", "ticket=T-7", "--", "claude", "-p", "go"], {
      env: {
        ...{ PATH: `${bin}:${process.env["PATH"]}`, HOME: folder.path },
        ...{ TURNSPAN_DATA: path.join(folder.path, "data") },
        OTEL_EXPORTER_OTLP_ENDPOINT: server.server.otlpUrl,
      },
      cwd: folder.path,
      now: Date.now,
    });
    expect(run.code).toBe(code);
    const { sessions } = await server.ask<SessionList>("/api/sessions");
    const given = readdirSync(path.join(folder.path, ".claude/projects/p"))[0] ?? "";
    expect(sessions).toMatchObject([
      { sessionId: given.replace(".jsonl", ""), turns: 1, endReason, project: folder.path },
    ]);
    const detail = await server.ask<SessionDetail>(`/api/sessions/${sessions[0]?.id}`);
    expect(JSON.parse(detail.metadata ?? "")).toEqual({ ticket: "T-7" });
    expect(detail.turns).toMatchObject([{ state }]);
    const [, traceId, spanId] = readFileSync(path.join(folder.path, "traceparent"), "utf8").split(
      "-",
    );
    const { spans } = await server.ask<TraceDetail>(`/api/traces/${traceId}`);
    expect(spans).toMatchObject([{ kind: "session", spanId }]);
  },
  120_000,
);

test("without a server and an endpoint, what it told waits on disk", async () => {
  using world = await openAgent();
  const { err } = await world.run(["--", "sh", world.agent]);
  expect(err).toBe("");
  const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
  expect(readdirSync(spoolFolder(world.data))).toHaveLength(lines.length);
});

test.each([
  [[], "put the agent and its arguments behind --"],
  [["claude"], "put the agent and its arguments behind --"],
  [["--meta", "x", "--", "true"], "--meta x is not KEY=VALUE"],
  [["--endpoint", "ftp://x", "--", "true"], "is no http or https URL"],
])("turnspan run %j says what is wrong", async (args, problem) => {
  using world = await openAgent();
  const { code, err } = await world.run(args);
  expect(code).toBe(2);
  expect(err).toContain(problem);
});
