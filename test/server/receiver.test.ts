import { request as httpRequest, type IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { TraceDetail } from "../../src/server/api-trace-types.ts";
import type { SessionList } from "../../src/server/api-types.ts";
import { startTestServer } from "../support/server.ts";
import { makeSpan, newId, traceRequest } from "./requests.ts";

const MIB = 1024 * 1024;

/** A request with headers that `fetch` does not let one set. */
function rawRequest(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    request.end(body);
  });
}

test("a sound request is answered in its own format, and is in the store then", async () => {
  await using test = await startTestServer();
  const span = { traceId: newId(32), attributes: { "gen_ai.operation.name": "chat" } };
  const json = await test.send("traces", traceRequest([makeSpan(span)]));
  expect([json.status, json.headers.get("content-type"), await json.text()]).toEqual([
    200,
    "application/json",
    "{}",
  ]);
  const protobuf = await test.send("traces", new Uint8Array(0), {
    "content-type": "application/x-protobuf",
  });
  expect([protobuf.status, protobuf.headers.get("content-type"), await protobuf.text()]).toEqual([
    200,
    "application/x-protobuf",
    "",
  ]);
  const trace = await test.ask<TraceDetail>(`/api/traces/${span.traceId}`);
  expect(trace.spans).toHaveLength(1);
});

test.each(["application/json", "application/x-protobuf"])("garbage as %s is 400", async (type) => {
  await using test = await startTestServer();
  for (const garbage of ["garbage", "\u0001\u0002\u0003", "{]"]) {
    const response = await test.send("traces", garbage, { "content-type": type });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe(type);
  }
  const notGzip = await test.send("traces", "{}", { "content-encoding": "gzip" });
  expect(notGzip.status).toBe(400);
});

test("21 MiB are 413, plain and inflated, and the next request is taken", async () => {
  await using test = await startTestServer();
  const large = Buffer.alloc(21 * MIB, 32);
  expect((await test.send("traces", new Uint8Array(large))).status).toBe(413);
  const bomb = new Uint8Array(gzipSync(large));
  expect(bomb.length).toBeLessThan(100_000);
  expect((await test.send("traces", bomb, { "content-encoding": "gzip" })).status).toBe(413);
  expect((await test.send("traces", traceRequest([]))).status).toBe(200);
});

test("a gzip bomb of 200 MiB costs less than 64 MB", async () => {
  await using test = await startTestServer();
  // Some of it is needed by the first request of any size.
  await test.send("traces", new Uint8Array(gzipSync("{}")), { "content-encoding": "gzip" });
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(200 * MIB)));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 1);
  const response = await test.send("traces", bomb, { "content-encoding": "gzip" });
  clearInterval(timer);
  expect(response.status).toBe(413);
  expect(most - before).toBeLessThan(64 * MIB);
});

test.each([
  ["text/plain", {}],
  ["application/grpc", {}],
  ["multipart/form-data; boundary=x", {}],
  ["application/json", { "content-encoding": "br" }],
])("%s %j is 415", async (type, headers) => {
  await using test = await startTestServer();
  const response = await test.send("traces", "{}", { "content-type": type, ...headers });
  expect(response.status).toBe(415);
});

test("a content type may have parameters and any case", async () => {
  await using test = await startTestServer();
  const response = await test.send("traces", "{}", {
    "content-type": "Application/JSON; charset=utf-8",
  });
  expect(response.status).toBe(200);
});

test("one bad span in a good batch is rejected alone", async () => {
  await using test = await startTestServer();
  const traceId = newId(32);
  const sound = { traceId, attributes: { "gen_ai.operation.name": "chat" } };
  const bad = [
    { ...makeSpan({}), traceId: "zz" },
    { ...makeSpan({}), spanId: "00".repeat(8) },
    { ...makeSpan({}), startTimeUnixNano: "99999999999999999999" },
    { ...makeSpan({}), startTimeUnixNano: "soon" },
    { ...makeSpan({}), attributes: 7 },
    "no span",
  ];
  const response = await test.send(
    "traces",
    traceRequest([makeSpan(sound), ...bad, makeSpan({ ...sound, name: "last" })]),
  );
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    partialSuccess: { rejectedSpans: "6", errorMessage: expect.stringContaining("trace id") },
  });
  const trace = await test.ask<TraceDetail>(`/api/traces/${traceId}`);
  expect(trace.spans.map(({ name }) => name)).toEqual(["span", "last"]);
});

test("names like __proto__ are kept as data and change nothing", async () => {
  await using test = await startTestServer();
  const [traceId, spanId] = [newId(32), newId(16)];
  const attributes = ["__proto__", "constructor", "__proto__.polluted", "a.b.c"].map((key) => ({
    key,
    value: { kvlistValue: { values: [{ key: "__proto__", value: { stringValue: "x" } }] } },
  }));
  const span = { ...makeSpan({ traceId, spanId }), attributes };
  expect((await test.send("traces", traceRequest([span]))).status).toBe(200);
  const detail = await (await test.get(`/api/traces/${traceId}/spans/${spanId}`)).text();
  expect(detail).toContain(
    '"attributes":[["__proto__",{"__proto__":"x"}],["constructor",{"__proto__":"x"}],["__proto__.polluted",{"__proto__":"x"}],["a.b.c",{"__proto__":"x"}]]',
  );
  expect(({} as Readonly<Record<string, unknown>>)["polluted"]).toBeUndefined();
});

test("text that is no UTF-8 comes back with U+FFFD", async () => {
  await using test = await startTestServer();
  const traceId = newId(32);
  const text = JSON.stringify(traceRequest([makeSpan({ traceId, name: "h~llo" })]));
  const bytes = Buffer.from(text);
  bytes[bytes.indexOf("~")] = 0xe9;
  expect((await test.send("traces", new Uint8Array(bytes))).status).toBe(200);
  const trace = await test.ask<TraceDetail>(`/api/traces/${traceId}`);
  expect(trace.spans[0]?.name).toBe("h\uFFFDllo");
});

test("hosts and origins that are not ours are 403, on both ports", async () => {
  await using test = await startTestServer();
  const { otlpUrl, uiUrl, readToken } = test.server;
  const json = { "content-type": "application/json" };
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"]) {
    const status = await rawRequest(`${otlpUrl}/v1/traces`, { ...json, host }, "{}");
    expect([400, 403]).toContain(status);
    const headers = { host, authorization: `Bearer ${readToken}` };
    expect([400, 403]).toContain(await rawRequest(`${uiUrl}/api/login-url`, headers, ""));
  }
  for (const host of ["localhost", "127.0.0.1:1", "[::1]:4318", "LOCALHOST"]) {
    expect(await rawRequest(`${otlpUrl}/v1/traces`, { ...json, host }, "{}")).toBe(200);
  }
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
    expect((await test.send("traces", {}, { origin })).status).toBe(403);
    expect((await test.get("/api/sessions", { origin })).status).toBe(403);
  }
  expect((await test.send("traces", {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await test.get("/api/sessions", { "sec-fetch-site": "cross-site" })).status).toBe(403);
});

test("an ingest token is needed where one is set, and reads nothing", async () => {
  await using test = await startTestServer({ ingestTokens: ["in-1", "in-2"], readTokens: ["out"] });
  const statuses = [];
  for (const token of [undefined, "wrong", "out", "in-1", "in-2"]) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    statuses.push((await test.send("traces", {}, headers)).status);
  }
  expect(statuses).toEqual([401, 401, 401, 200, 200]);
  expect((await test.get("/api/sessions", { authorization: "Bearer in-1" })).status).toBe(401);
  expect((await test.get("/api/sessions", { authorization: "Bearer out" })).status).toBe(200);
});

test("other paths and methods are 404 and 405, and a browser is led to the viewer", async () => {
  await using test = await startTestServer();
  const { otlpUrl, uiUrl } = test.server;
  expect((await fetch(`${otlpUrl}/v1/profiles`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${otlpUrl}/v1/traces`)).status).toBe(405);
  const home = await fetch(`${otlpUrl}/`, { redirect: "manual" });
  expect([home.status, home.headers.get("location")]).toEqual([302, `${uiUrl}/`]);
});

test("requests in their hundreds at once are all taken, or asked to come again", async () => {
  await using test = await startTestServer();
  const padding = "x".repeat(300_000);
  const bodies = Array.from({ length: 150 }, () =>
    traceRequest([makeSpan({ attributes: { "session.id": "many", padding } })]),
  );
  const responses = await Promise.all(bodies.map((body) => test.send("traces", body)));
  for (const { status, headers } of responses) {
    expect([200, 429]).toContain(status);
    if (status === 429) expect(headers.get("retry-after")).toBe("1");
  }
  expect((await test.ask<SessionList>("/api/sessions")).sessions.length).toBeLessThanOrEqual(1);
});

/** A request whose body stops coming after some bytes. */
function startRequest(url: string, bytes: number) {
  const answer = Promise.withResolvers<IncomingMessage>();
  const headers = { "content-type": "application/json", "content-length": 19 * MIB };
  const request = httpRequest(url, { method: "POST", headers }, answer.resolve);
  request.on("error", answer.reject);
  request.write(Buffer.alloc(bytes));
  return { answer: answer.promise, [Symbol.dispose]: () => void request.destroy() };
}

test("past 32 MiB of requests under way one is 429 with Retry-After, and a small one is taken", async () => {
  await using test = await startTestServer();
  const url = `${test.server.otlpUrl}/v1/traces`;
  using first = startRequest(url, 18 * MIB);
  using second = startRequest(url, 18 * MIB);
  // Whichever goes past it; the other goes on.
  const { statusCode, headers } = await Promise.race([first.answer, second.answer]);
  for (const { answer } of [first, second]) answer.catch(() => {});
  expect([statusCode, headers["retry-after"]]).toEqual([429, "1"]);
  expect((await test.send("traces", "{}")).status).toBe(200);
});
