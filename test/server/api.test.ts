import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  type CostReport,
  type LiveEvent,
  type ServerStatus,
  StoreState,
} from "../../src/server/api-report-types.ts";
import { apiRoutes } from "../../src/server/api-routes.ts";
import type { RecordList, SessionList, TurnList } from "../../src/server/api-types.ts";
import { describeApi } from "../../src/server/openapi.ts";
import { VERSION } from "../../src/version.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { playRecording } from "./play.ts";
import { logRequest, makeRecord, makeSpan, NOON_MS, newId, traceRequest } from "./requests.ts";

const RANGE = `from=${Date.parse("2026-11-01")}&to=${Date.parse("2026-12-01")}`;

/** Addresses that between them have every kind of answer. */
async function exampleAddresses(server: TestServer): Promise<Record<string, string[]>> {
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  const { turns } = await server.ask<TurnList>("/api/turns?limit=500");
  const spans = turns
    .filter(({ spanId }) => spanId !== null)
    .map(({ traceId, spanId }) => `/api/traces/${traceId}/spans/${spanId}`);
  return {
    "/api/sessions": ["/api/sessions", "/api/sessions?state=ended&q=hello&limit=1"],
    "/api/sessions/:session": sessions.map(({ id }) => `/api/sessions/${id}`),
    "/api/turns": ["/api/turns", "/api/turns?state=failed", "/api/turns?session=agent:main:main"],
    "/api/turns/:turn": turns.map(({ id }) => `/api/turns/${id}`),
    "/api/traces/:trace": turns.map(({ traceId }) => `/api/traces/${traceId}`),
    "/api/traces/:trace/spans/:span": spans,
    "/api/records": ["/api/records?limit=1000", "/api/records?event=session.end"],
    "/api/cost": ["day", "project", "agent", "model", "day&split=agent"].map(
      (by) => `/api/cost?${RANGE}&by=${by}&tz=Europe/Berlin`,
    ),
    "/api/errors": [`/api/errors?${RANGE}`, `/api/errors?${RANGE}&agent=main`],
    "/api/status": ["/api/status"],
  };
}

test("every route answers what its schema says", async () => {
  await using server = await startTestServer({ home: "/nonexistent" });
  await playRecording(server);
  const vercel = new URL("../fixtures/otlp/vercel.json", import.meta.url);
  await server.send("traces", readFileSync(vercel, "utf8"));
  const addresses = await exampleAddresses(server);
  expect(Object.keys(addresses).sort()).toEqual(apiRoutes.map(({ path }) => path).sort());
  for (const { path, response } of apiRoutes) {
    for (const address of addresses[path] ?? []) {
      const answer = await server.ask<unknown>(address);
      expect({ address, problem: response.safeParse(answer).error?.message }).toEqual({ address });
    }
  }
});

test("the OpenAPI file is what the server describes", async () => {
  const file = new URL("../../docs/openapi.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(
    JSON.parse(JSON.stringify(describeApi(VERSION))),
  );
});

test("without a token nothing is read; health is for all", async () => {
  await using server = await startTestServer();
  for (const path of ["/api/sessions", "/api/live", "/api/openapi.json", "/metrics", "/api/none"]) {
    for (const authorization of ["", "Bearer", "Bearer wrong", "Basic eDp5"]) {
      expect((await server.get(path, { authorization })).status).toBe(401);
    }
  }
  expect((await server.get("/", { authorization: "" })).status).toBe(401);
  const health = await server.get("/healthz", { authorization: "" });
  expect([health.status, await health.json()]).toEqual([200, { status: "ok", version: VERSION }]);
});

test("a one-time address lets a browser in once, by a cookie that no script and no other site has", async () => {
  await using server = await startTestServer();
  const url = server.server.createLoginUrl();
  const first = await fetch(url, { redirect: "manual" });
  expect([first.status, first.headers.get("location")]).toEqual([303, "/"]);
  const cookie = first.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^turnspan_\d+=[0-9a-f]{64}; .*HttpOnly; SameSite=Strict$/);
  expect(cookie).not.toContain(server.server.readToken);
  const withCookie = { authorization: "", cookie: cookie.split(";")[0] ?? "" };
  expect((await server.get("/api/sessions", withCookie)).status).toBe(200);
  expect((await fetch(url, { redirect: "manual" })).status).toBe(401);
  // The cookie reads, and does not make addresses for others.
  const made = await fetch(`${server.server.uiUrl}/api/login-url`, {
    method: "POST",
    headers: { cookie: withCookie.cookie },
  });
  expect(made.status).toBe(401);
});

test("a read token typed into the form lets a browser in", async () => {
  await using server = await startTestServer({ readTokens: ["team-token"] });
  const post = (token: string, headers = {}) =>
    fetch(`${server.server.uiUrl}/login`, {
      method: "POST",
      headers,
      body: new URLSearchParams({ token }),
      redirect: "manual",
    });
  expect((await post("wrong")).status).toBe(401);
  expect((await post("team-token", { origin: "https://evil.example" })).status).toBe(403);
  const response = await post("team-token");
  expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
});

test("nobody without a token makes it read more than a form", async () => {
  await using server = await startTestServer();
  const post = (type: string, body: string | ReadableStream): Promise<number> =>
    fetch(`${server.server.uiUrl}/login`, {
      method: "POST",
      headers: { "content-type": type },
      body,
      duplex: "half",
    } as RequestInit).then(({ status }) => status);
  const form = "application/x-www-form-urlencoded";
  const large = `token=${"x".repeat(100_000)}`;
  expect(await post(form, large)).toBe(413);
  // Without a length, as when it is sent in chunks.
  expect(await post(form, new Blob([large]).stream())).toBe(413);
  expect(await post("multipart/form-data; boundary=x", "garbage")).toBe(401);
});

test("answers have the headers that keep a browser from running what others wrote", async () => {
  await using server = await startTestServer();
  for (const path of ["/", "/api/sessions", "/login", "/nowhere"]) {
    const { headers } = await server.get(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("paths that lead out of the viewer's folder lead nowhere", async () => {
  await using server = await startTestServer({ viewerFolder: import.meta.dirname });
  expect((await server.get("/api.test.txt")).headers.get("content-type")).toContain("text/html");
  for (const path of [
    "/../package.json",
    "/..%2fpackage.json",
    "/%2e%2e/%2e%2e/package.json",
    "/....//package.json",
    "/.git/config.json",
    "/a/..%5c..%5cpackage.json",
    "//etc/hosts.txt",
  ]) {
    const response = await server.get(path);
    expect(await response.text()).not.toContain("devDependencies");
  }
});

test("files of the viewer are sent compressed to those who take that", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "turnspan-viewer-"));
  const script = "export const shrinks = 1;\n".repeat(50);
  writeFileSync(join(folder.path, "page.js"), script);
  writeFileSync(join(folder.path, "page.js.gz"), gzipSync(script));
  await using server = await startTestServer({ viewerFolder: folder.path });
  const ask = async (encoding: string) => {
    const answer = await server.get("/page.js", { "accept-encoding": encoding });
    return [answer.headers.get("content-encoding"), await answer.text()];
  };
  expect(await ask("br, gzip")).toEqual(["gzip", script]);
  expect(await ask("identity")).toEqual([null, script]);
  expect(await ask("gzip;q=0, identity")).toEqual([null, script]);
  expect((await server.get("/page.js.gz")).headers.get("content-type")).toContain("text/html");
});

test("wrong queries say which value is wrong", async () => {
  await using server = await startTestServer();
  for (const [path, message] of [
    ["/api/sessions?limit=0", "limit"],
    ["/api/sessions?limit=many", "limit"],
    ["/api/sessions?nope=1", "nope"],
    ["/api/turns?state=odd", "state"],
    ["/api/cost?tz=Mars/Olympus", "tz"],
    ["/api/cost?by=colour", "by"],
    ["/api/errors?from=-1e300", "from"],
    ["/api/records?to=1e300", "to"],
  ] as const) {
    const response = await server.get(path);
    const text = await response.text();
    expect([path, response.status]).toEqual([path, 400]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "bad_request" } });
    expect(text).toContain(message);
  }
});

test("of a longer span of time the last 400 days are told, which is as long as sums are kept", async () => {
  await using server = await startTestServer();
  const path = `/api/cost?by=day&from=0&to=${NOON_MS}`;
  const { fromMs, toMs, rows } = await server.ask<CostReport>(path);
  expect([fromMs, toMs, rows.length]).toEqual([NOON_MS - 400 * 86_400_000, NOON_MS, 401]);
});

test("what is not there is 404", async () => {
  await using server = await startTestServer();
  for (const path of ["sessions/none", "turns/none", `traces/${newId(32)}`, "traces/odd", "none"]) {
    expect((await server.get(`/api/${path}`)).status).toBe(404);
  }
});

test("lists go on where their cursor says", async () => {
  await using server = await startTestServer();
  const spans = Array.from({ length: 7 }, (_, at) =>
    makeSpan({ attributes: { "gen_ai.operation.name": "chat", "session.id": `s${at}` } }),
  );
  await server.send("traces", traceRequest(spans));
  const seen: (string | null)[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: SessionList = await server.ask(`/api/sessions?limit=3&cursor=${cursor}`);
    seen.push(...page.sessions.map(({ sessionId }) => sessionId));
    cursor = page.nextCursor;
  }
  expect(seen.sort()).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s6"]);
});

test("records are listed once each over pages, those of one microsecond too, in whatever order they came", async () => {
  await using server = await startTestServer();
  const ids = Array.from({ length: 7 }, (_, at) => `r${at}`);
  const records = ids.map((id, at) => ({
    ...makeRecord({
      event: "turnspan.message.received",
      attributes: { "turnspan.record.id": id, "session.id": "s" },
    }),
    timeUnixNano: `${NOON_MS}000${(500 - at).toString().padStart(3, "0")}`,
  }));
  await server.send("logs", logRequest(records));
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: RecordList = await server.ask(`/api/records?limit=2&cursor=${cursor}`);
    seen.push(...page.records.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(ids);
});

test("a price that is missing comes with the command that adds it, tokens that are missing without", async () => {
  await using server = await startTestServer();
  const call = (model: string, inputTokens: number): object =>
    makeSpan({
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": model,
        ...(inputTokens > 0 ? { "gen_ai.usage.input_tokens": inputTokens } : {}),
      },
    });
  const known = "claude-haiku-4-5";
  const spans = [call("home-grown", 100), call("silent", 0), call(known, 100), call(known, 0)];
  await server.send("traces", traceRequest(spans));
  const { unknownPrices } = await server.ask<CostReport>(`/api/cost?${RANGE}&by=model`);
  const found = unknownPrices.map(({ model, calls, missing }) => [model, calls, missing]);
  expect(found.sort()).toEqual([
    [known, 1, "tokens"],
    ["home-grown", 1, "price"],
    ["silent", 1, "tokens"],
  ]);
  expect(unknownPrices.flatMap(({ command }) => command ?? [])).toEqual([
    "turnspan prices add home-grown --provider anthropic --input USD --output USD",
  ]);
});

/** Reads live events until one is what is waited for. */
async function waitForEvent(
  response: Response,
  isWanted: (event: LiveEvent) => boolean,
): Promise<LiveEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((one) => one.startsWith("data: "))) {
      const event = JSON.parse(line.slice(6)) as LiveEvent;
      if (isWanted(event)) return event;
    }
  }
  throw new Error("the stream ended");
}

test("a turn is shown as running as soon as its start's record is taken", async () => {
  await using server = await startTestServer();
  const controller = new AbortController();
  const live = await fetch(`${server.server.uiUrl}/api/live`, {
    headers: { authorization: `Bearer ${server.server.readToken}` },
    signal: controller.signal,
  });
  expect(live.headers.get("content-type")).toContain("text/event-stream");
  const event = waitForEvent(live, ({ type }) => type === "changed");
  const who = { "session.id": "s", "turnspan.session.key": "k", "turnspan.run.id": "run" };
  const start = makeRecord({
    event: "turnspan.turn.start",
    ...{ traceId: newId(32), spanId: newId(16) },
    attributes: { ...who, "turnspan.record.id": "1", "gen_ai.agent.name": "main" },
  });
  await server.send("logs", logRequest([start]));
  expect(await event).toMatchObject({
    sessions: [{ sessionId: "s", state: "running", runningTurns: 1 }],
    turns: [{ runId: "run", state: "running", agent: "main", endMs: null }],
  });
  controller.abort();
});

test("a full disk is 503, is said, and is over when there is room again", async () => {
  // 15 MB at most, of which retention lets old sessions go.
  await using server = await startTestServer({ maxBytes: 10_000_000, pruneEveryMs: 1000 });
  const live = await server.get("/api/live");
  const said = waitForEvent(live, (event) => event.type === "store");
  const fill = () => {
    const padding = Array.from({ length: 30 }, () => Math.random().toString(36).repeat(2000));
    const spans = padding.map((text) =>
      makeSpan({
        startMs: Date.now() - 7_200_000 - Math.random() * 1e9,
        attributes: { "gen_ai.operation.name": "chat", "session.id": newId(16), text },
      }),
    );
    return server.send("traces", traceRequest(spans));
  };
  let response = await fill();
  for (let tries = 0; response.status === 200 && tries < 200; tries += 1) response = await fill();
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(StoreState.parse(((await said) as { store: unknown }).store)).toMatchObject({
    state: "full",
    problem: expect.stringContaining("full"),
  });
  const deadline = Date.now() + 20_000;
  while (response.status !== 200 && Date.now() < deadline) {
    await sleep(200);
    response = await fill();
  }
  expect(response.status).toBe(200);
  expect((await server.ask<ServerStatus>("/api/status")).store.state).toBe("ok");
});

test("the metrics page says that its numbers are the server's", async () => {
  await using server = await startTestServer();
  await playRecording(server);
  const text = await (await server.get("/metrics")).text();
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(samples.filter((line) => !line.includes('source="server"'))).toEqual([]);
  expect(text).toContain(
    'turnspan_turn_count_total{gen_ai_agent_name="main",turnspan_turn_outcome="failed",source="server"} 1\n',
  );
  const cost = samples
    .filter((line) => line.startsWith("turnspan_cost_total{"))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  expect(cost).toBeCloseTo(0.001386, 12);
});
