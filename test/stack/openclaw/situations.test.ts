import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SpanDetail, TraceDetail } from "../../../src/server/api-trace-types.ts";
import type {
  SessionList,
  SessionSummary,
  TurnList,
  TurnSummary,
} from "../../../src/server/api-types.ts";
import { gatewayPaths } from "../../support/openclaw/gateway.ts";
import type { ServedCall } from "../../support/openclaw/mock-provider.ts";
import {
  HOOKS,
  MAIN,
  recordingHooks,
  type Scene,
  startScene,
  until,
} from "../../support/openclaw/scene.ts";
import { findClosedPort } from "../../support/otlp-sink.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const ORIGIN = "http://127.0.0.1:9";
const CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const DRIVE_MS = 1_500_000;

let scene: Scene;
let server: TestServer;
let serverStartedAt: number;
/** Run ids by what happened. */
const runs: Record<string, string> = {};
let rejected: boolean;
let forbidden: string | undefined;
/** What the gateway said to a reload during a turn. */
let refused: string | undefined;
let usage: readonly GatewayUsage[];
/** Asked of the provider before the crash, and no span. */
let lost: readonly string[];
let turns: readonly TurnSummary[];
let sessions: readonly SessionSummary[];

async function drive(): Promise<void> {
  const port = await findClosedPort();
  scene = await startScene((work) => ({
    turnspan: { telemetry: { endpoint: `http://127.0.0.1:${port}` }, hooks: recordingHooks(work) },
    config: {
      gateway: {
        mode: "local",
        bind: "loopback",
        controlUi: { allowedOrigins: [ORIGIN] },
        auth: { mode: "token", token: "test-token-loopback" },
      },
    },
  }));
  runs["first"] = await scene.turn("hello one");
  runs["tool"] = await scene.turn("MOCKTOOL please");
  serverStartedAt = Date.now();
  server = await startTestServer({ port });
  await driveSettings();
  await driveTurns();
  usage = await readUsage();
  await driveSubagents();
  await driveEnds();
  await driveCrash();
  await until("everything at the server", async () => {
    const { turns: found } = await server.ask<TurnList>("/api/turns?limit=200");
    return found.some(({ runId, state }) => runId === runs["crashed"] && state === "abandoned");
  });
  ({ turns } = await server.ask<TurnList>("/api/turns?limit=200"));
  ({ sessions } = await server.ask<SessionList>("/api/sessions?limit=200"));
}

/** What the gateway itself says of a session, from its own records. */
interface GatewayUsage {
  readonly key: string;
  readonly usage: {
    readonly input: number;
    readonly output: number;
    readonly cacheRead: number;
    readonly totalCost: number;
  } | null;
}

/** The gateway counts in the background. */
const readUsage = () =>
  until("the gateway's own figures", async () => {
    const { cacheStatus, sessions: found } = await scene.request("sessions.usage", {});
    const { status } = cacheStatus as { readonly status: string };
    return status === "fresh" && (found as readonly GatewayUsage[]);
  });

const patches = () => scene.heard().filter(({ hookPoint }) => hookPoint === "session:patch");

async function driveSettings(): Promise<void> {
  await scene.request("sessions.patch", { key: MAIN, label: "My label", model: "mock/mock-b" });
  await until("the first patch", () => patches().length === 1);
  const answer = await scene.gateway.client.request("sessions.patch", {
    key: MAIN,
    model: "no/such",
  });
  rejected = !answer.ok;
  using browser = await scene.gateway.connect({ scopes: ["operator.read"], browserOrigin: ORIGIN });
  const refused = await browser.request("sessions.patch", { key: MAIN, label: "Mine" });
  forbidden = refused.error?.code;
  await chat("/model mock/mock-a", "chat-model");
  await until("the second patch", () => patches().length === 2);
  runs["patching"] = await scene.turn("MOCKMODEL");
  await until("the third patch", () => patches().length === 3);
}

const chat = (message: string, id: string) =>
  scene.request("chat.send", { sessionKey: MAIN, message, idempotencyKey: id });

async function driveTurns(): Promise<void> {
  runs["failed"] = await scene.turn("MOCK400 please");
  runs["blocked"] = await scene.turn("BLOCKME please");
  runs["traced"] = await scene.turn("hello traced", "agent:main:traced", CALLER);
  const metadata = { workflowId: "wf-1" };
  await scene.request("turnspan.session.metadata", { sessionKey: "agent:main:traced", metadata });
  await scene.request("sessions.delete", { key: "agent:main:traced" });
  await chat("hello from chat", "chat-hello");
  await scene.hear(
    "the answer in the chat",
    ({ hookPoint, runId }) => hookPoint === "afterTurn" && runId === "chat-hello",
  );
  for (const side of ["left", "right"]) {
    runs[side] = await scene.begin(`MOCKHOLD ${side}`, `agent:main:${side}`);
  }
  await until("both at the provider", () => scene.provider.held === 2);
  scene.provider.release();
  for (const side of ["left", "right"]) await scene.over(runs[side] ?? "");
}

const spawned = (parent: string) =>
  scene.hear(
    `a child of ${parent}`,
    ({ hookPoint, label, ...heard }) =>
      hookPoint === "onSubagentSpawned" && label === "kid-1" && parentOf(heard) === parent,
  );

const parentOf = (heard: object): string | undefined =>
  (heard as { readonly parent?: { readonly runId: string } }).parent?.runId;

async function driveSubagents(): Promise<void> {
  runs["spawning"] = await scene.turn("MOCKSPAWN please", "agent:main:spawn");
  await scene.hear(
    "a good child",
    ({ hookPoint, outcome }) => hookPoint === "onSubagentFinished" && outcome === "completed",
  );
  runs["spawningBad"] = await scene.turn("MOCKSPAWN BADCHILD", "agent:main:spawnbad");
  await scene.hear(
    "a bad child",
    ({ hookPoint, outcome }) => hookPoint === "onSubagentFinished" && outcome === "failed",
  );
  runs["spawningSlow"] = await scene.turn("MOCKSPAWN SLOWCHILD", "agent:main:spawnslow");
  const child = await spawned(runs["spawningSlow"]);
  await until("the child at work", () =>
    scene
      .heard()
      .some(({ hookPoint, runId }) => hookPoint === "beforeTurn" && runId === child.runId),
  );
  await scene.request("sessions.abort", { key: child.sessionKey });
  await scene.hear("a killed child", ({ hookPoint }) => hookPoint === "onSubagentKilled");
}

async function driveEnds(): Promise<void> {
  runs["reloaded"] = await scene.begin("MOCKHOLD reloaded", "agent:main:reload");
  await until("the turn at the provider", () => scene.provider.held === 1);
  refused = await reload();
  reloadByConfig();
  const reloaded = /config (hot reload applied|reload failed)/;
  await until("the reload", () => reloaded.test(scene.gateway.log()));
  scene.provider.release();
  await scene.hear(
    "the end of the turn that outlived a reload",
    ({ hookPoint, runId }) => hookPoint === "afterTurn" && runId === runs["reloaded"],
  );
  await until("the reload", async () => (await reload()) === undefined);
  runs["afterReload"] = await scene.turn("hello reloaded", "agent:main:reload");
  runs["cancelled"] = await scene.begin("MOCKSLOW cancelled", "agent:main:cancel");
  await begun(runs["cancelled"]);
  await scene.request("sessions.reset", { key: "agent:main:cancel" });
  await scene.hear(
    "the reset",
    ({ hookPoint, sessionKey }) =>
      hookPoint === "session:end" && sessionKey === "agent:main:cancel",
  );
}

/** Undefined where the gateway did it, else why not. */
async function reload(): Promise<string | undefined> {
  const plugins = [{ pluginId: "turnspan" }];
  const { ok, error } = await scene.gateway.client.request("plugins.reload", { plugins });
  return ok ? undefined : error?.message;
}

/** A change of its entry reloads a plugin; the gateway may put it off while the plugin is at work in a turn. */
function reloadByConfig(): void {
  const file = gatewayPaths(scene.work).config;
  const config = JSON.parse(readFileSync(file, "utf8"));
  config.plugins.entries.turnspan.hooks.timeouts = { message_sending: 14_000 };
  writeFileSync(file, JSON.stringify(config));
}

const begun = (runId: string) =>
  scene.hear(
    `the beginning of ${runId}`,
    (heard) => heard.hookPoint === "beforeTurn" && heard.runId === runId,
  );

/** What was asked of the provider and is no span. */
async function findLost(): Promise<string[]> {
  const lost: string[] = [];
  for (const { traceparent = "", asked } of scene.provider.served) {
    const [, traceId = "", spanId = ""] = traceparent.split("-");
    const answer = await server.get(`/api/traces/${traceId}/spans/${spanId}`);
    const found = answer.status === 200 ? ((await answer.json()) as SpanDetail) : undefined;
    if (found?.span.kind !== "model_call") lost.push(asked);
  }
  return lost;
}

/** Spans wait in memory for a moment, and records for the disk, which a killed gateway would not give them. */
async function driveCrash(): Promise<void> {
  await until("all spans so far", async () => {
    lost = await findLost();
    return lost.length === 0;
  }).catch(() => undefined);
  runs["crashed"] = await scene.begin("MOCKSLOW crashed", "agent:main:crash");
  await until("the turn's beginning on disk, and from there at the server", async () => {
    const { turns: found } = await server.ask<TurnList>("/api/turns?limit=200");
    return found.some(({ runId }) => runId === runs["crashed"]);
  });
  await scene.restart("SIGKILL");
  await scene.hear(
    "the end of the dead session",
    ({ hookPoint, sessionKey }) => hookPoint === "session:end" && sessionKey === "agent:main:crash",
  );
}

beforeAll(drive, DRIVE_MS);

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
}, 90_000);

const turnOf = (run: string): TurnSummary => {
  const [found, ...others] = turns.filter(({ runId }) => runId === runs[run]);
  expect(others, `${run} is there once`).toEqual([]);
  if (found === undefined) throw new Error(`no turn ${run} (${runs[run]})`);
  return found;
};

const heardOf = (run: string): string[] =>
  scene
    .heard()
    .filter(({ runId }) => runId === runs[run])
    .map(({ hookPoint }) => hookPoint);

test("turns from before there was a server are there once, at their own times", () => {
  for (const run of ["first", "tool"]) {
    const turn = turnOf(run);
    expect(turn).toMatchObject({ state: "completed", agent: "main", channel: null });
    expect(turn.endMs).toBeLessThan(serverStartedAt);
    expect(turn.totals.modelCalls).toBe(run === "tool" ? 2 : 1);
  }
});

test("each turn has one outcome, and hooks for it alone", () => {
  expect(turnOf("first").state).toBe("completed");
  expect(heardOf("first")).toEqual(["beforeTurn", "afterTurn"]);
  expect(turnOf("failed").state).toBe("failed");
  expect(heardOf("failed")).toEqual(["beforeTurn", "onTurnError"]);
  expect(turnOf("blocked").state).toBe("blocked");
  expect(turnOf("blocked")).toMatchObject({ blockReason: "not today" });
  expect(heardOf("blocked")).toEqual(["beforeTurn"]);
  expect(turnOf("cancelled").state).toBe("cancelled");
  expect(heardOf("cancelled")).toEqual(["beforeTurn"]);
});

test("the provider sees no request of a blocked turn", () => {
  const asked = scene.provider.served.map((call) => call.asked);
  expect(asked.some((words) => words.includes("hello one"))).toBe(true);
  expect(asked.filter((words) => words.includes("BLOCKME"))).toEqual([]);
});

test("a hook that throws at each hook point harms no turn", () => {
  const heard = new Set(scene.heard().map(({ hookPoint }) => hookPoint));
  expect([...heard].sort()).toEqual([...HOOKS].sort());
  for (const hook of HOOKS) expect(scene.gateway.log()).toContain(`hook ${hook} `);
});

test("patches by request, by command and by tool each name who made them", () => {
  const [byRequest, byCommand, byTool] = patches();
  expect(byRequest?.turnspan).toMatchObject({
    actor: { kind: "operator", evidence: "gateway request sessions.patch" },
    changes: [
      { field: "label", after: "My label" },
      { field: "model", before: "mock/mock-a", after: "mock/mock-b" },
    ],
  });
  expect(byCommand?.turnspan?.actor).toMatchObject({
    kind: "sender",
    evidence: "command /model of message chat-model",
  });
  expect(byTool?.turnspan?.actor).toMatchObject({ kind: "agent", id: "main" });
  expect(byTool?.turnspan?.actor?.evidence).toMatch(/^tool call call_\w+ \(session_status\)$/);
});

test("rejected and forbidden patches fire nothing", () => {
  expect(rejected).toBe(true);
  expect(forbidden).toBe("FORBIDDEN");
  expect(patches()).toHaveLength(3);
});

test("session:end has stop reason, last message and the metadata that was set by request", () => {
  const end = scene
    .heard()
    .find(
      ({ hookPoint, sessionKey }) =>
        hookPoint === "session:end" && sessionKey === "agent:main:traced",
    );
  expect(end?.context).toMatchObject({ stopReason: "stop", metadata: { workflowId: "wf-1" } });
  expect(end?.context?.["lastMessage"]).toMatch(/^mock reply: /);
  expect(end?.turnspan?.reason).toBe("deleted");
});

test("a turn hangs under its caller's span, and the provider's requests under the turn's calls", async () => {
  const { traceId } = turnOf("traced");
  expect(traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
  const trace = await server.ask<TraceDetail>(`/api/traces/${traceId}`);
  const turn = trace.spans.find(({ kind }) => kind === "turn");
  expect(turn?.parentSpanId).toBe("00f067aa0ba902b7");
  const call = trace.spans.find(({ kind }) => kind === "model_call");
  expect(call?.parentSpanId).toBe(turn?.spanId);
  const sent = scene.provider.served.map(({ traceparent }) => traceparent);
  expect(sent).toContain(`00-${traceId}-${call?.spanId}-01`);
});

test("every request that the provider answered is a span with the id that it was sent", () => {
  expect(scene.provider.served.length).toBeGreaterThan(10);
  expect(lost).toEqual([]);
});

test("a turn during which the plugin is to be reloaded is one turn, and so is the one after the reload", () => {
  expect(refused).toContain("Plugin turnspan still has active retained work");
  expect(turnOf("afterReload")).toMatchObject({ state: "completed", attempts: 1, turnIndex: 1 });
  expect(heardOf("afterReload")).toEqual(["beforeTurn", "afterTurn"]);
  expect(turnOf("reloaded")).toMatchObject({ state: "completed", attempts: 1 });
  expect(turnOf("reloaded").totals.modelCalls).toBe(1);
  expect(heardOf("reloaded")).toEqual(["beforeTurn", "afterTurn"]);
});

test("two sessions at once keep their turns apart", () => {
  expect(turnOf("left").totals.modelCalls).toBe(1);
  expect(turnOf("right").totals.modelCalls).toBe(1);
  expect(turnOf("left").sessionId).not.toBe(turnOf("right").sessionId);
  expect(turnOf("left").traceId).not.toBe(turnOf("right").traceId);
});

test("subagents finish, fail or are killed, each once, under the turn that spawned them", () => {
  const ends = scene
    .heard()
    .filter(({ hookPoint }) => /^onSubagent(Finished|Killed)$/.test(hookPoint));
  const outcomes = (parent: string): unknown[] =>
    ends
      .filter((heard) => parentOf(heard) === runs[parent])
      .map(({ hookPoint, outcome }) => [hookPoint, outcome]);
  expect(outcomes("spawning")).toEqual([["onSubagentFinished", "completed"]]);
  expect(outcomes("spawningBad")).toEqual([["onSubagentFinished", "failed"]]);
  expect(outcomes("spawningSlow")).toEqual([["onSubagentKilled", "cancelled"]]);
  const child = turns.find(
    ({ kind, parentRunId }) => kind === "subagent" && parentRunId === runs["spawning"],
  );
  expect(child).toMatchObject({
    label: "kid-1",
    state: "completed",
    traceId: turnOf("spawning").traceId,
  });
});

test("what died with its gateway is abandoned, and its session ends once", () => {
  expect(turnOf("crashed")).toMatchObject({ state: "abandoned", errorType: "abandoned" });
  const ends = scene
    .heard()
    .filter(
      ({ hookPoint, sessionKey, turnspan }) =>
        hookPoint === "session:end" &&
        sessionKey === "agent:main:crash" &&
        turnspan?.reason === "abandoned",
    );
  expect(ends).toHaveLength(1);
});

const sum = (
  list: readonly ServedCall[],
  of: (usage: NonNullable<ServedCall["usage"]>) => number,
): number => list.reduce((total, { usage }) => total + (usage === undefined ? 0 : of(usage)), 0);

test("tokens and cost are those of the provider's own ledger, to the nano-dollar", () => {
  const { served } = scene.provider;
  const total = (key: keyof SessionSummary["totals"]): number =>
    sessions.reduce((all, { totals }) => all + totals[key], 0);
  expect(total("inputTokens")).toBe(sum(served, ({ promptTokens }) => promptTokens));
  expect(total("outputTokens")).toBe(sum(served, ({ completionTokens }) => completionTokens));
  expect(total("cacheReadTokens")).toBe(sum(served, ({ cachedTokens }) => cachedTokens));
  const nanoUsd = sum(
    served,
    ({ promptTokens, cachedTokens, completionTokens }) =>
      (promptTokens - cachedTokens) * 1000 + cachedTokens * 100 + completionTokens * 2000,
  );
  expect(total("nanoUsd")).toBe(nanoUsd);
});

test("tokens and cost of a session are those of the gateway's own records", () => {
  for (const sessionKey of [MAIN, "agent:main:left", "agent:main:right"]) {
    const told = usage.find(({ key }) => key === sessionKey)?.usage;
    const [session, ...others] = sessions.filter((found) => found.sessionKey === sessionKey);
    expect(others, `${sessionKey} is there once`).toEqual([]);
    expect(session?.totals).toMatchObject({
      inputTokens: (told?.input ?? 0) + (told?.cacheRead ?? 0),
      outputTokens: told?.output,
      cacheReadTokens: told?.cacheRead,
      nanoUsd: Math.round((told?.totalCost ?? 0) * 1e9),
    });
  }
});
