import { appendFile, readdir, readFile, rename, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { SegmentAlarm } from "../../src/base/segment-log-options.ts";
import type { LocatedEntry } from "../../src/base/segment-reader.ts";
import { listSegments } from "../../src/base/segment-reader.ts";
import { sizeOf } from "../../src/base/segment-replay.ts";
import { makeBody, makeSegmentFolder } from "../support/segment-folder.ts";

const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

test("a record is acknowledged with its sequence and stands in the log as canonical JSON", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open({ owner: { pid: 7 } });
  expect(await log.append('{"a":1}')).toEqual({ seq: 0, stored: true });
  expect(await log.append('{"a":2}')).toEqual({ seq: 1, stored: true });
  const { entries } = await folder.content();
  expect(entries).toEqual([
    {
      kind: "segment",
      header: {
        version: 1,
        number: 1,
        firstSeq: 0,
        carried: 0,
        openedAt: expect.any(Number),
        owner: { pid: 7 },
      },
    },
    { kind: "record", seq: 0, body: { a: 1 } },
    { kind: "record", seq: 1, body: { a: 2 } },
  ]);
});

test("a log that nobody appends to makes no segment", async () => {
  await using folder = await makeSegmentFolder();
  await (await folder.open()).close();
  expect(await listSegments(folder.path)).toEqual([]);
});

test("folder and files are their owner's only", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open();
  await log.append("1");
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
  for (const name of await readdir(folder.path)) {
    expect((await stat(path.join(folder.path, name))).mode & 0o777).toBe(0o600);
  }
});

test("records of one tick and of many are all acknowledged, in order", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open();
  const acks = count(5000).map((n) => log.append(makeBody(n)));
  expect((await Promise.all(acks)).every(({ seq, stored }, n) => stored && seq === n)).toBe(true);
  await log.append("1");
  expect((await folder.content()).seqs()).toEqual(count(5001));
});

test("the next writer goes on in a segment that was closed in order", async () => {
  await using folder = await makeSegmentFolder();
  for (const n of [0, 1, 2]) {
    await using log = await folder.open({ owner: n });
    expect(await log.append(makeBody(n))).toEqual({ seq: n, stored: true });
  }
  expect(await listSegments(folder.path)).toHaveLength(1);
  const content = await folder.content();
  expect(content.seqs()).toEqual([0, 1, 2]);
  expect(content.entries.map(({ kind }) => kind)).toEqual([
    "segment",
    "record",
    "close",
    "owner",
    "record",
    "close",
    "owner",
    "record",
    "close",
  ]);
});

test("after a writer that was not closed a new segment begins, and the sequence goes on", async () => {
  await using folder = await makeSegmentFolder();
  await using first = await folder.open();
  await first.append(makeBody(0));
  await using second = await folder.open();
  expect(await second.append(makeBody(1))).toEqual({ seq: 1, stored: true });
  expect((await folder.content()).of("segment").map(({ header }) => header.firstSeq)).toEqual([
    0, 1,
  ]);
});

test("a half-written end is cut off at the next opening, and the next segment says so", async () => {
  await using folder = await makeSegmentFolder();
  await using first = await folder.open();
  await first.append(makeBody(0));
  await appendFile(path.join(folder.path, "00000001.log"), '01234567 00000400 {"record":{"hal');
  const before = await folder.content();
  expect(before.tornBytes).toBe(33);
  await using second = await folder.open();
  await second.append(makeBody(1));
  const content = await folder.content();
  expect(content.seqs()).toEqual([0, 1]);
  expect(content.tornBytes).toBe(0);
  expect(content.of("segment")[1]?.header.repaired).toEqual({ segment: 1, bytes: 33 });
});

test("a segment whose name is all that a crash left does not stop the next opening", async () => {
  await using folder = await makeSegmentFolder();
  await using first = await folder.open();
  await first.append(makeBody(0));
  await appendFile(path.join(folder.path, "00000002.log"), "0123");
  await using second = await folder.open();
  expect(await second.append(makeBody(1))).toEqual({ seq: 1, stored: true });
  expect((await folder.content()).seqs()).toEqual([0, 1]);
});

test("damage is told and never cut, and the log goes on behind it", async () => {
  await using folder = await makeSegmentFolder();
  await using first = await folder.open();
  await Promise.all(count(3).map((n) => first.append(makeBody(n))));
  const file = path.join(folder.path, "00000001.log");
  const bytes = await readFile(file);
  const at = bytes.indexOf('"n":1');
  bytes[at + 5] = 0x39;
  await appendFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
  await using second = await folder.open();
  await second.append(makeBody(3));
  expect(second.status().damage).toEqual([
    { segment: 1, offset: expect.any(Number), end: expect.any(Number), afterSeq: 0 },
  ]);
  expect((await folder.content()).seqs()).toEqual([0, 2, 3]);
  expect((await stat(file)).size).toBe(bytes.length);
});

test("each segment begins with what is open, as of its first record", async () => {
  await using folder = await makeSegmentFolder();
  const open = new Set<number>();
  await using log = await folder.open({
    maxSegmentBytes: 600,
    openSet: () => [...open].map((n) => `{"open":${n}}`),
  });
  for (const n of count(40)) {
    void log.append(makeBody(n));
    open.add(n);
    open.delete(n - 3);
  }
  await log.drain(5000);
  const content = await folder.content();
  expect(content.seqs()).toEqual(count(40));
  const starts = content.of("segment");
  expect(starts.length).toBeGreaterThan(3);
  let carried: number[] = [];
  let checked = 0;
  for (const entry of content.entries.toReversed()) {
    if (entry.kind === "carried") carried.unshift((entry.body as { open: number }).open);
    if (entry.kind !== "segment") continue;
    const { firstSeq } = entry.header;
    expect(carried).toEqual([3, 2, 1].map((back) => firstSeq - back).filter((n) => n >= 0));
    expect(entry.header.carried).toBe(carried.length);
    carried = [];
    checked += 1;
  }
  expect(checked).toBe(starts.length);
});

test("replay tells what was open and all since, from the newest whole open set on", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open({ maxSegmentBytes: 500, openSet: () => ['"still open"'] });
  for (const n of count(30)) await log.append(makeBody(n));
  const [last, previous] = (await folder.content()).of("segment").toReversed();
  const told: LocatedEntry[] = [];
  await using reader = await folder.open({ replay: (entry) => told.push(entry) });
  expect(reader.nextSeq).toBe(30);
  expect(told.map(({ entry }) => entry.kind).slice(0, 2)).toEqual(["segment", "carried"]);
  expect(told.flatMap(({ entry }) => (entry.kind === "record" ? [entry.seq] : []))).toEqual(
    count(30).slice(last?.header.firstSeq),
  );

  // The newest open set was cut short by a crash: the one before it counts.
  const newest = path.join(folder.path, `0000000${last?.header.number}.log`);
  await truncate(newest, (await readFile(newest)).indexOf("\n") + 30);
  const again: LocatedEntry[] = [];
  await using next = await folder.open({ replay: (entry) => again.push(entry) });
  expect(again.some(({ entry }) => entry.kind === "carried")).toBe(true);
  expect(again.find(({ entry }) => entry.kind === "record")?.entry).toMatchObject({
    seq: previous?.header.firstSeq,
  });
  expect(next.nextSeq).toBe(last?.header.firstSeq);
});

test("a log that was closed with nothing open is not read again at its opening", async () => {
  await using folder = await makeSegmentFolder();
  await using first = await folder.open();
  for (const n of count(100)) void first.append(makeBody(n, 400));
  await first.close();
  const told: LocatedEntry[] = [];
  await using log = await folder.open({ replay: (entry) => told.push(entry) });
  expect(told).toEqual([]);
  expect(log.nextSeq).toBe(100);
});

test("old segments that are no longer needed are deleted; what is needed or new stays", async () => {
  await using folder = await makeSegmentFolder();
  let now = 0;
  let keepFromSeq = 0;
  await using log = await folder.open({
    maxSegmentBytes: 500,
    clock: () => now,
    retention: () => ({ before: now - 1000, keepFromSeq }),
  });
  const fill = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) {
      now += 100;
      await log.append(makeBody(n));
    }
    await log.close;
  };
  await fill(0, 30);
  expect((await folder.content()).seqs()).toEqual(count(30));
  keepFromSeq = 25;
  await fill(30, 60);
  await log.close();
  const seqs = (await folder.content()).seqs();
  expect(seqs[0]).toBeGreaterThan(0);
  expect(seqs[0]).toBeLessThanOrEqual(25);
  expect(seqs).toEqual(count(60).slice(seqs[0]));
});

test("a log that has its whole size loses what comes, and says exactly how many", async () => {
  await using folder = await makeSegmentFolder();
  const alarms: SegmentAlarm[] = [];
  const limits = { maxBytes: 2000, onAlarm: (alarm: SegmentAlarm) => alarms.push(alarm) };
  const log = await folder.open(limits);
  const acks = await Promise.all(count(60).map((n) => log.append(makeBody(n))));
  const stored = acks.filter((ack) => ack.stored).length;
  expect(stored).toBeGreaterThan(10);
  expect(stored).toBeLessThan(60);
  await log.close();
  expect(alarms).toMatchObject([
    { kind: "losing", reason: "log_full" },
    { kind: "gap", gap: { firstSeq: stored, count: 60 - stored, reason: "log_full" } },
  ]);
  const content = await folder.content();
  expect(content.seqs()).toEqual(count(stored));
  expect(content.of("gap").map(({ gap }) => gap)).toMatchObject([
    { firstSeq: stored, count: 60 - stored },
  ]);
  await using next = await folder.open();
  expect((await next.append("1")).seq).toBe(60);
});

test("a record that is too large is a gap of one in its place", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open();
  const acks = [makeBody(0), makeBody(1, 300_000), makeBody(2)].map((body) => log.append(body));
  expect((await Promise.all(acks)).map(({ stored }) => stored)).toEqual([true, false, true]);
  const content = await folder.content();
  expect(content.seqs()).toEqual([0, 2]);
  expect(content.of("gap")[0]?.gap).toMatchObject({
    firstSeq: 1,
    count: 1,
    reason: "record_too_large",
  });
});

test("records that come faster than they fit in memory are lost as one gap, counted exactly", async () => {
  await using folder = await makeSegmentFolder();
  await using log = await folder.open({ maxWaitingBytes: 20_000 });
  const acks = await Promise.all(count(1000).map((n) => log.append(makeBody(n, 100))));
  await log.append(makeBody(1000));
  const lost = acks.filter((ack) => !ack.stored);
  expect(lost.length).toBeGreaterThan(100);
  const content = await folder.content();
  const gaps = content.of("gap").map(({ gap }) => gap);
  expect(gaps).toMatchObject([
    { reason: "queue_full", firstSeq: lost[0]?.seq, count: lost.length },
  ]);
  expect(content.seqs()).toEqual([...acks.filter((ack) => ack.stored).map(({ seq }) => seq), 1000]);
  expect(log.status().lost).toEqual({ queue_full: lost.length });
});

test("while the folder is gone records wait; they are stored when it is back", async () => {
  await using folder = await makeSegmentFolder();
  const alarms: SegmentAlarm[] = [];
  await using log = await folder.open({ onAlarm: (alarm) => alarms.push(alarm) });
  await rename(folder.path, `${folder.path}.away`);
  const ack = log.append(makeBody(0));
  while (alarms.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(alarms).toMatchObject([{ kind: "trouble", reason: "disk_failed" }]);
  await rename(`${folder.path}.away`, folder.path);
  expect(await ack).toEqual({ seq: 0, stored: true });
  expect(alarms.at(-1)).toEqual({ kind: "resumed" });
});

test("closing gives up at its deadline, and tells how many were not stored", async () => {
  await using folder = await makeSegmentFolder();
  const alarms: SegmentAlarm[] = [];
  const log = await folder.open({ onAlarm: (alarm) => alarms.push(alarm) });
  await rename(folder.path, `${folder.path}.away`);
  const acks = count(3).map((n) => log.append(makeBody(n)));
  await log.close(50);
  expect(await Promise.all(acks)).toEqual(count(3).map((seq) => ({ seq, stored: false })));
  expect(alarms.at(-1)).toEqual({ kind: "abandoned", count: 3 });
});

test("after closing nothing is taken, and nothing throws", async () => {
  await using folder = await makeSegmentFolder();
  const log = await folder.open();
  await log.append("1");
  await log.close();
  expect(await log.append("2")).toEqual({ seq: 1, stored: false });
  expect(log.status().lost).toEqual({ closed: 1 });
  expect((await folder.content()).seqs()).toEqual([0]);
});

test("closing at once stores what waits without the event loop", async () => {
  await using folder = await makeSegmentFolder();
  const log = await folder.open();
  await log.append(makeBody(0));
  const acks = count(10).map((n) => log.append(makeBody(n + 1)));
  await Promise.resolve();
  log.closeNow();
  expect((await Promise.all(acks)).every(({ stored }) => stored)).toBe(true);
  expect((await folder.content()).seqs()).toEqual(count(11));
  await using next = await folder.open();
  expect(next.nextSeq).toBe(11);
});

test("closing at once while the first segment is being made raises no alarm", async () => {
  const alarms: SegmentAlarm[] = [];
  for (let tries = 0; tries < 30; tries += 1) {
    await using folder = await makeSegmentFolder();
    const log = await folder.open({ onAlarm: (alarm) => alarms.push(alarm) });
    const ack = log.append(makeBody(0));
    // From before the file is opened to after it is written to.
    for (let rest = 0; rest < tries; rest += 1) await new Promise(setImmediate);
    log.closeNow();
    expect(await ack).toEqual({ seq: 0, stored: true });
    expect((await folder.content()).seqs()).toEqual([0]);
  }
  expect(alarms).toEqual([]);
});

test("segments that the one before still deletes do not keep a log from being opened", async () => {
  await using folder = await makeSegmentFolder();
  const rules = { maxSegmentBytes: 200, retention: () => ({ before: Infinity, keepFromSeq: 1e9 }) };
  for (let round = 0; round < 20; round += 1) {
    const log = await folder.open(rules);
    await Promise.all(count(20).map((n) => log.append(makeBody(n))));
    log.closeNow();
  }
  await using last = await folder.open(rules);
  expect(last.nextSeq).toBe(400);
  const listed = await listSegments(folder.path);
  const gone = { ...listed[0], number: 1, file: path.join(folder.path, "00000001.log") };
  expect(await sizeOf([gone, ...listed])).toBe(await sizeOf(listed));
});

test("mode batched acknowledges before the sync, and syncs soon after", async () => {
  await using folder = await makeSegmentFolder();
  let syncs = 0;
  await using log = await folder.open({ mode: "batched", onDurable: () => (syncs += 1) });
  expect(await log.append(makeBody(0))).toEqual({ seq: 0, stored: true });
  expect(syncs).toBe(0);
  while (syncs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(log.durable.segment).toBe(1);
  expect(log.status().waitingBytes).toBe(0);
});

test("mode batched leaves no segment before it is safe", async () => {
  await using folder = await makeSegmentFolder();
  const log = await folder.open({ mode: "batched", maxSegmentBytes: 300 });
  await Promise.all(count(50).map((n) => log.append(makeBody(n))));
  await log.close();
  expect((await folder.content()).seqs()).toEqual(count(50));
});
