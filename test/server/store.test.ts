import { existsSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { decodeRequest } from "../../src/server/otlp/decode.ts";
import { openReader } from "../../src/server/queries/reader.ts";
import { listSessions } from "../../src/server/queries/sessions.ts";
import { migrate, openDatabase, readVersion } from "../../src/server/store/database.ts";
import type { RetentionLimits } from "../../src/server/store/retention.ts";
import { spansMigrations } from "../../src/server/store/schema.ts";
import { auditFile, Store, type StoreBatch, spansFile } from "../../src/server/store/store.ts";
import {
  DAY_MS,
  logRequest,
  makeRecord,
  makeSpan,
  NOON_MS,
  newId,
  traceRequest,
} from "./requests.ts";

const KEEP_ALL: RetentionLimits = { maxAgeMs: 1e15, maxBytes: 1e12 };

function openFolder() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "turnspan-store-"));
  return { path: folder.path, [Symbol.dispose]: () => folder.remove() };
}

const encode = (request: object): Uint8Array => Buffer.from(JSON.stringify(request));
const toSpans = (spans: readonly unknown[]): StoreBatch =>
  decodeRequest({
    ...{ signal: "traces", format: "json", isGzip: false },
    bytes: encode(traceRequest(spans)),
  }).rows;
const toLogs = (records: readonly object[]): StoreBatch =>
  decodeRequest({
    ...{ signal: "logs", format: "json", isGzip: false },
    bytes: encode(logRequest(records)),
  }).rows;

const QUERY = { limit: 50, project: undefined, agent: undefined, state: undefined, q: undefined };

/** A turn with its call on a day. */
function turnOf(session: string, startMs: number, content = ""): object[] {
  const [traceId, spanId] = [newId(32), newId(16)];
  const who = { "session.id": session, "turnspan.session.key": session, "turnspan.run.id": "r" };
  const turn = { ...who, "turnspan.kind": "turn", "turnspan.turn.outcome": "completed" };
  const call = {
    ...who,
    "turnspan.kind": "model_call",
    "turnspan.cost.usd": 0.001,
    "gen_ai.input.messages": content,
  };
  return [
    makeSpan({ traceId, spanId, startMs, attributes: turn }),
    makeSpan({ traceId, parentSpanId: spanId, startMs, attributes: call }),
  ];
}

test("each migration has a copy of the file before it, and a failed one leaves all as it was", () => {
  using folder = openFolder();
  const path = join(folder.path, "store.db");
  const first = { version: 1, sql: "create table one (id integer primary key) strict" };
  const second = { version: 2, sql: "create table two (id integer primary key) strict" };
  const broken = { version: 3, sql: "create table three (id integer); create nonsense" };
  using database = new DatabaseSync(path);
  migrate(database, path, [first]);
  expect(existsSync(`${path}.before-1`)).toBe(false);
  database.exec("insert into one values (7)");
  migrate(database, path, [first, second]);
  using copy = new DatabaseSync(`${path}.before-2`, { readOnly: true });
  expect(copy.prepare("select id from one").all()).toMatchObject([{ id: 7 }]);
  expect(readVersion(copy)).toBe(1);
  expect(() => migrate(database, path, [first, second, broken])).toThrow("nonsense");
  expect(readVersion(database)).toBe(2);
  expect(() => database.prepare("select * from three")).toThrow("no such table");
});

test("a store of a newer version is refused with one line that says what to do", () => {
  using folder = openFolder();
  const path = join(folder.path, "store.db");
  using database = new DatabaseSync(path);
  database.exec("pragma user_version = 99");
  const open = () => openDatabase(path, { migrations: spansMigrations, durability: "normal" });
  expect(open).toThrow(expect.objectContaining({ code: "STORE_NEWER" }));
  expect(open).toThrow(/^the store [^\n]+ was written by a newer turnspan [^\n]+$/);
});

test("a file that is no store is refused", () => {
  using folder = openFolder();
  const path = join(folder.path, "read-me.txt");
  const text = "x".repeat(5000);
  writeFileSync(path, text);
  const open = () => openDatabase(path, { migrations: spansMigrations, durability: "normal" });
  expect(open).toThrow(expect.objectContaining({ code: "STORE_BROKEN" }));
});

test("the same text is kept once, however many spans hold it", () => {
  using folder = openFolder();
  using store = new Store({ folder: folder.path, limits: KEEP_ALL });
  const history = ["first", "second", "third"].map((content) => ({ role: "user", content }));
  for (let length = 1; length <= 3; length += 1) {
    const content = JSON.stringify(history.slice(0, length));
    store.write(toSpans(turnOf(`s${length}`, NOON_MS, content)), undefined);
  }
  using database = new DatabaseSync(spansFile(folder.path), { readOnly: true });
  const count = (table: string) => database.prepare(`select count(*) as n from ${table}`).get();
  expect(count("content")).toMatchObject({ n: 3 });
  expect(count("span_content")).toMatchObject({ n: 6 });
});

test("records that the spans' file missed are applied when the store is opened", () => {
  using folder = openFolder();
  const start = makeRecord({
    event: "turnspan.turn.start",
    ...{ traceId: newId(32), spanId: newId(16) },
    attributes: { "turnspan.record.id": "r-1", "session.id": "s", "turnspan.run.id": "run" },
  });
  {
    using store = new Store({ folder: folder.path, limits: KEEP_ALL });
    store.write(toLogs([start]), undefined);
  }
  {
    // As after a power cut, which may take the last commits of the spans' file, and none of the records'.
    using database = new DatabaseSync(spansFile(folder.path));
    database.exec("delete from run; delete from session; update applied set record = 0");
  }
  using _store = new Store({ folder: folder.path, limits: KEEP_ALL });
  using reader = openReader(folder.path);
  expect(listSessions(reader, { ...QUERY, cursor: undefined }).sessions).toMatchObject([
    { sessionId: "s", state: "running", runningTurns: 1 },
  ]);
});

test("sessions past their age go whole, with all they spawned and hold; sums stay", () => {
  using folder = openFolder();
  using store = new Store({
    folder: folder.path,
    limits: { maxAgeMs: 30 * DAY_MS, maxBytes: 1e12 },
  });
  const old = Array.from({ length: 45 }, (_, at) => turnOf(`old-${at}`, NOON_MS - 40 * DAY_MS));
  store.write(toSpans([...old.flat(), ...turnOf("new", NOON_MS, '["kept"]')]), undefined);
  store.write(toSpans(turnOf("old-0", NOON_MS - 40 * DAY_MS, '["gone"]')), undefined);
  let slices = 0;
  while (store.prune(NOON_MS)) slices += 1;
  expect(slices).toBeGreaterThan(2);
  using reader = openReader(folder.path);
  const { sessions } = listSessions(reader, { ...QUERY, cursor: undefined });
  expect(sessions.map(({ sessionId }) => sessionId)).toEqual(["new"]);
  const count = (table: string) => reader.spans.get(`select count(*) as n from ${table}`);
  expect(count("span")).toMatchObject({ n: 2 });
  expect(count("run")).toMatchObject({ n: 1 });
  expect(count("content")).toMatchObject({ n: 1 });
  expect(reader.spans.get("select sum(model_calls) as n from cost_roll")).toMatchObject({ n: 47 });
});

test("past its bytes the store lets the oldest sessions go, and gives the space back", () => {
  using folder = openFolder();
  const maxBytes = 1_500_000;
  using store = new Store({ folder: folder.path, limits: { maxAgeMs: 1e15, maxBytes } });
  for (let at = 0; at < 60; at += 1) {
    const content = JSON.stringify([Math.random().toString(36).repeat(4000)]);
    store.write(
      toSpans(turnOf(`s-${at}`, NOON_MS - (100 - at) * DAY_MS, `${content}${at}`)),
      undefined,
    );
  }
  while (store.prune(NOON_MS));
  using reader = openReader(folder.path);
  const { sessions } = listSessions(reader, { ...QUERY, cursor: undefined });
  expect(sessions.length).toBeGreaterThan(0);
  expect(sessions.length).toBeLessThan(60);
  expect(sessions.at(0)?.sessionId).toBe("s-59");
  const bytes = reader.spans.get<{ n: number }>(
    "select page_count * page_size as n from pragma_page_count, pragma_page_size",
  );
  expect(bytes?.n).toBeLessThan(2 * maxBytes);
});

test("a turn without a trace is a turn all the same", () => {
  using folder = openFolder();
  using store = new Store({ folder: folder.path, limits: KEEP_ALL });
  const who = { "session.id": "s", "turnspan.session.key": "k", "turnspan.run.id": "run" };
  const record = (event: string, id: string, timeMs: number, more = {}) =>
    makeRecord({ event, timeMs, attributes: { ...who, "turnspan.record.id": id, ...more } });
  store.write(toLogs([record("turnspan.turn.start", "1", NOON_MS)]), undefined);
  const end = { "turnspan.turn.outcome": "failed", "error.type": "timeout" };
  store.write(toLogs([record("turnspan.turn.end", "2", NOON_MS + 5000, end)]), undefined);
  using reader = openReader(folder.path);
  const { sessions } = listSessions(reader, { ...QUERY, cursor: undefined });
  expect(sessions).toMatchObject([{ turns: 1, failedTurns: 1, runningTurns: 0 }]);
});

test("a session whose turn waits for its user is one that waits, whatever order its records come in", () => {
  using folder = openFolder();
  using store = new Store({ folder: folder.path, limits: KEEP_ALL });
  const who = { "session.id": "s", "turnspan.session.key": "k", "turnspan.run.id": "run" };
  const write = (event: string, timeMs: number, more = {}): void => {
    const attributes = { ...who, "turnspan.record.id": `${event} ${timeMs}`, ...more };
    store.write(toLogs([makeRecord({ event, timeMs, attributes })]), undefined);
  };
  using reader = openReader(folder.path);
  const list = (state?: "waiting" | "running") =>
    listSessions(reader, { ...QUERY, state, cursor: undefined }).sessions;
  write("session.start", NOON_MS);
  write("turnspan.turn.start", NOON_MS + 1);
  expect(list()).toMatchObject([{ state: "running", waitsFor: null, waitsSinceMs: null }]);
  write("turnspan.session.wait", NOON_MS + 5000, { "turnspan.session.waits_for": "permission" });
  const waiting = { state: "waiting", waitsFor: "permission", waitsSinceMs: NOON_MS + 5000 };
  expect(list()).toMatchObject([{ ...waiting, runningTurns: 1 }]);
  expect(list("waiting")).toHaveLength(1);
  expect(list("running")).toEqual([]);
  write("turnspan.session.wait", NOON_MS + 9000);
  expect(list("running")).toMatchObject([{ waitsFor: null }]);
  write("turnspan.session.wait", NOON_MS + 7000, { "turnspan.session.waits_for": "input" });
  expect(list("running")).toHaveLength(1);
});

test("a subagent's calls that come before its end are its spawner's from the start", () => {
  using folder = openFolder();
  using store = new Store({ folder: folder.path, limits: KEEP_ALL });
  const spawned = makeRecord({
    event: "turnspan.subagent.spawned",
    attributes: {
      ...{ "turnspan.record.id": "1", "turnspan.session.key": "child", "turnspan.run.id": "c" },
      ...{ "turnspan.parent.session.id": "s", "turnspan.parent.session.key": "parent" },
    },
  });
  store.write(toLogs([spawned]), undefined);
  const call = makeSpan({
    attributes: {
      ...{ "turnspan.kind": "model_call", "session.id": "cs", "turnspan.session.key": "child" },
      ...{ "turnspan.run.id": "c", "turnspan.cost.usd": 0.002 },
    },
  });
  store.write(toSpans([call]), undefined);
  using reader = openReader(folder.path);
  const { sessions } = listSessions(reader, { ...QUERY, cursor: undefined });
  expect(sessions).toMatchObject([
    { sessionKey: "parent", subagents: 1, turns: 0, totals: { nanoUsd: 2_000_000 } },
  ]);
});

test("the audit file is synced at each commit, the other is not", () => {
  using folder = openFolder();
  using _store = new Store({ folder: folder.path, limits: KEEP_ALL });
  expect(existsSync(auditFile(folder.path))).toBe(true);
  using database = openDatabase(join(folder.path, "other.db"), {
    migrations: [],
    durability: "full",
  });
  expect(database.prepare("pragma synchronous").get()).toMatchObject({ synchronous: 2 });
});
