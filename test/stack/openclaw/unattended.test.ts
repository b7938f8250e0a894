/**
 * A gateway by itself: it may not be asked about conversations, its own exporter is on, nobody takes what is
 * recorded at first, and what runs is scheduled.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SpanDetail } from "../../../src/server/api-trace-types.ts";
import type { SessionList, TurnList, TurnSummary } from "../../../src/server/api-types.ts";
import {
  MAIN,
  recordingHooks,
  type Scene,
  startScene,
  until,
} from "../../support/openclaw/scene.ts";
import { findClosedPort } from "../../support/otlp-sink.ts";
import { startUp, type UpProcess } from "../../support/up-process.ts";

const EXPORTER = "diagnostics-otel";
const DRIVE_MS = 900_000;
const LONG = "long words ".repeat(300);

interface Check {
  readonly what: string;
  readonly problem?: string;
}

let scene: Scene;
let up: UpProcess;
let upSince: number;
let checks: readonly Check[];
let turns: readonly TurnSummary[];

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(up.uiUrl + path, {
    headers: { authorization: `Bearer ${up.token}` },
  });
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Answer;
}

async function drive(): Promise<void> {
  const port = await findClosedPort();
  scene = await startScene((work) => sceneOptions(work, port));
  await scene.turn(`hello one ${LONG}`);
  await scene.turn(`BLOCKME ${LONG}`);
  await scene.turn("MOCKTOOL please", "agent:main:tool");
  checks = JSON.parse(await scene.openclaw(["turnspan", "doctor", "--json"], 1)).checks;
  upSince = Date.now();
  up = await startUp(path.join(scene.work, "home", "data", "turnspan"), ["--port", String(port)]);
  await compact();
  await runJob(await addJob());
  await runJob(await findHeartbeat());
  const triggers = ["user", "compaction", "cron", "heartbeat"];
  await until("a turn of each kind", async () => {
    ({ turns } = await ask<TurnList>("/api/turns?limit=200"));
    const over = turns.filter(({ state }) => state !== "running");
    return triggers.every((trigger) => over.some((turn) => turn.trigger === trigger));
  });
}

/** Stands for the gateway's own exporter, which is in no package registry: that it is on is what counts here. */
function writeExporter(work: string): string {
  const folder = path.join(work, EXPORTER);
  const write = (name: string, content: string): void =>
    writeFileSync(path.join(folder, name), content);
  mkdirSync(folder);
  write("index.js", `export default { id: "${EXPORTER}", name: "Exporter", register() {} };`);
  write(
    "package.json",
    JSON.stringify({ type: "module", openclaw: { extensions: ["./index.js"] } }),
  );
  write("openclaw.plugin.json", JSON.stringify({ id: EXPORTER, configSchema: { type: "object" } }));
  return folder;
}

const sceneOptions = (work: string, port: number) => ({
  conversationAccess: false,
  env: { OPENCLAW_SKIP_CRON: "0" },
  turnspan: {
    telemetry: { endpoint: `http://127.0.0.1:${port}` },
    hooks: recordingHooks(work),
  },
  beside: { id: EXPORTER, folder: writeExporter(work) },
  agentDefaults: {
    heartbeat: { every: "12h", target: "none" },
    compaction: { keepRecentTokens: 10 },
  },
  config: { diagnostics: { otel: { enabled: true, endpoint: "http://127.0.0.1:9" } } },
});

/** The gateway refuses for as long as it tidies up after a turn. */
const compact = () =>
  until("the compaction", async () => {
    const { ok, payload } = await scene.gateway.client.request("sessions.compact", { key: MAIN });
    if (ok && payload?.["compacted"] !== true) throw new Error(JSON.stringify(payload));
    return ok;
  });

async function addJob(): Promise<unknown> {
  const { id } = await scene.request("cron.add", {
    name: "job",
    enabled: true,
    schedule: { kind: "every", everyMs: 3_600_000 },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "agentTurn", message: "hello from cron" },
    delivery: { mode: "none" },
  });
  return id;
}

async function findHeartbeat(): Promise<unknown> {
  const { jobs } = await scene.request("cron.list", { includeDisabled: true });
  const known = jobs as readonly { readonly id: string; readonly declarationKey?: string }[];
  return known.find(({ declarationKey }) => declarationKey === "heartbeat:main")?.id;
}

const runJob = (id: unknown) => scene.request("cron.run", { id, mode: "force" });

beforeAll(drive, DRIVE_MS);

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await up?.end("SIGTERM");
}, 90_000);

const ofTrigger = (trigger: string): TurnSummary[] =>
  turns
    .filter((turn) => turn.trigger === trigger)
    .sort((one, other) => one.startMs - other.startMs);

const count = (text: string, part: string): number => text.split(part).length - 1;

test("a collector that is dead is named once, with the fix, and by doctor", () => {
  const log = scene.gateway.log();
  expect(count(log, "nobody answers at http://127.0.0.1:")).toBe(1);
  expect(log).toMatch(/nobody answers at \S+\/v1\/traces: .*start "turnspan up" there/);
  const problems = checks.filter(({ problem }) => problem !== undefined);
  const [access, endpoint, ...others] = problems;
  expect(access?.what).toBe("it may see conversations");
  expect(endpoint?.what).toContain("telemetry goes to http://127.0.0.1:");
  expect(endpoint?.problem).toContain("nobody answers");
  // Their next export has them again.
  for (const { problem } of others) expect(problem).toMatch(/^\d+ metrics \(export_failed\)$/);
});

test('turns from before "turnspan up" are there once, whole and at their own times', () => {
  const early = ofTrigger("user");
  expect(early.map(({ state, totals }) => [state, totals.modelCalls, totals.toolCalls])).toEqual([
    ["completed", 1, 0],
    ["completed", 1, 0],
    ["completed", 2, 1],
  ]);
  for (const { endMs } of early) expect(endMs).toBeLessThan(upSince);
});

test("without access to conversations no turn is stopped, and that is said once", () => {
  const asked = scene.provider.served.map((call) => call.asked);
  expect(asked.filter((words) => words.includes("BLOCKME"))).not.toEqual([]);
  expect(count(scene.gateway.log(), "it may not see conversations")).toBe(1);
});

test("cron and heartbeat turns say so, each in its session", () => {
  const [cron, ...otherCron] = ofTrigger("cron");
  const [heartbeat, ...otherHeartbeats] = ofTrigger("heartbeat");
  expect([...otherCron, ...otherHeartbeats]).toEqual([]);
  expect(cron).toMatchObject({ state: "completed", totals: { modelCalls: 1 } });
  expect(heartbeat).toMatchObject({ state: "completed", totals: { modelCalls: 1 } });
  expect(heartbeat?.sessionId).toBe(ofTrigger("user")[0]?.sessionId);
  expect(cron?.sessionId).not.toBe(heartbeat?.sessionId);
});

test("a compaction ends, has its cost, and is neither counted as a turn nor told to hooks", async () => {
  const [compaction, ...others] = ofTrigger("compaction");
  expect(others).toEqual([]);
  expect(compaction).toMatchObject({ state: "completed", totals: { modelCalls: 1 } });
  expect(compaction?.totals.nanoUsd).toBeGreaterThan(0);
  const about = scene.heard().filter(({ runId }) => runId === compaction?.runId);
  expect(about).toEqual([]);
  const { sessions } = await ask<SessionList>("/api/sessions?limit=200");
  expect(sessions.find(({ sessionKey }) => sessionKey === MAIN)?.turns).toBe(3);
});

test("beside the gateway's own exporter, spans have ids of their own and links to the gateway's", async () => {
  expect(count(scene.gateway.log(), "spans with the same ids")).toBe(1);
  const [first] = ofTrigger("user");
  const [request] = scene.provider.served;
  const [, traceId, callSpan] = request?.traceparent?.split("-") ?? [];
  expect(first?.traceId).not.toBe(traceId);
  const linksOf = async (spanId: string): Promise<SpanDetail["links"]> =>
    (await ask<SpanDetail>(`/api/traces/${first?.traceId}/spans/${spanId}`)).links;
  const toHost = (links: SpanDetail["links"]) =>
    links.filter(({ attributes }) => attributes.some(([, value]) => value === "host_span"));
  const [ofTurn] = toHost(await linksOf(first?.spanId ?? ""));
  expect(ofTurn?.traceId).toBe(traceId);
  const { spans } = await ask<{ spans: { kind: string; spanId: string }[] }>(
    `/api/traces/${first?.traceId}`,
  );
  const call = spans.find(({ kind }) => kind === "model_call");
  const [ofCall] = toHost(await linksOf(call?.spanId ?? ""));
  expect(ofCall).toMatchObject({ traceId, spanId: callSpan });
});

test("every token that the provider served is there once", async () => {
  const { sessions } = await ask<SessionList>("/api/sessions?limit=200");
  const told = sessions.reduce((all, { totals }) => all + totals.inputTokens, 0);
  const served = scene.provider.served.reduce(
    (all, { usage }) => all + (usage?.promptTokens ?? 0),
    0,
  );
  expect(told).toBe(served);
});
