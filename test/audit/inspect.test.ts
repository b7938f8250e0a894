import { expect, test } from "vitest";
import { inspectAudit } from "../../src/audit/inspect.ts";
import { readTrail } from "../../src/audit/read-trail.ts";
import { makeAuditFolder, makeRecord, makeRecords } from "../support/audit-lane.ts";

test("looking at a log that is written at the moment changes nothing, and takes no place", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane({ maxSegmentBytes: 2000 });
  for (const record of makeRecords(20)) await lane.append(record);
  const entries = async () => (await folder.contents()).map((content) => content.entries);
  const before = await entries();
  const [report] = await inspectAudit(folder.path, { whole: true });
  expect(report).toMatchObject({ isAlive: true, nextSeq: 20, tornBytes: 0, damage: [], gaps: [] });
  expect(report?.segments).toBeGreaterThan(2);
  expect(await entries()).toEqual(before);
  await lane.close();
  expect((await inspectAudit(folder.path, { whole: true }))[0]?.isAlive).toBe(false);
  // Its place is still there for whoever comes next.
  await using next = await folder.openLane();
  expect(next.status()[0]?.writer).toBe(report?.writer);
});

test("the quick look reads the last segments only, and knows as much of the end", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane({ maxSegmentBytes: 2000 });
  for (const record of makeRecords(50)) await lane.append(record);
  const counts = { whole: 0, quick: 0 };
  const [whole] = await inspectAudit(folder.path, {
    whole: true,
    onRecords: (count) => (counts.whole = count),
  });
  const [quick] = await inspectAudit(folder.path, {
    whole: false,
    onRecords: (count) => (counts.quick = count),
  });
  expect(counts.whole).toBe(50);
  expect(counts.quick).toBeLessThan(20);
  expect(quick).toEqual(whole);
});

test("the trail of many logs is one, each log's own order kept although a time is earlier", async () => {
  await using folder = await makeAuditFolder();
  await using one = await folder.openLane();
  await using other = await folder.openLane();
  for (const n of [0, 4, 2]) await one.append(makeRecord(n));
  for (const n of [1, 3, 5]) await other.append(makeRecord(n));
  const times: number[] = [];
  for await (const { record } of readTrail(folder.path)) times.push(record.timestamp % 1000);
  // 2 comes after 4, as it was written.
  expect(times).toEqual([0, 1, 3, 4, 2, 5]);
});
