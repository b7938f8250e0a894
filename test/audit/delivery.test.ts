import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { AuditAlarm } from "../../src/audit/place.ts";
import {
  idsOf,
  makeAuditFolder,
  makeRecord,
  makeRecords,
  readLetters,
  until,
} from "../support/audit-lane.ts";
import {
  createTarget,
  type ReceiverAnswer,
  recordSeq,
  startAuditReceiver,
} from "../support/audit-receiver.ts";
import { findClosedPort, startOtlpSink } from "../support/otlp-sink.ts";

const OK: ReceiverAnswer = { status: 200, body: "{}" };

/** Appends records, waits until all are dealt with, and returns what became of them. */
async function deliverRecords(
  count: number,
  answer: (records: readonly unknown[], nth: number) => ReceiverAnswer,
) {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver(answer);
  const alarms: AuditAlarm[] = [];
  await using lane = await folder.openLane({
    targets: [createTarget(receiver.url)],
    onAlarm: (alarm) => alarms.push(alarm),
  });
  const records = makeRecords(count);
  await Promise.all(records.map((record) => lane.append(record)));
  while (!(await lane.drain(5000))) await sleep(5);
  const [place] = lane.status();
  const [writer] = await folder.writers();
  return {
    ids: idsOf(records),
    accepted: receiver.ids(),
    requests: receiver.requests.map((request) => request.length),
    status: place?.deliveries[0],
    letters: await readLetters(writer?.folder),
    alarms,
  };
}

test("every record arrives once, in order, with its place in the log and its writer's resource", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  const records = makeRecords(2000);
  for (const record of records) void lane.append(record);
  expect(await lane.drain(10_000)).toBe(true);
  expect(receiver.accepted.map(recordSeq)).toEqual(records.map((_, n) => n));
  expect(receiver.ids()).toEqual(idsOf(records));
  expect(receiver.accepted[0]).toMatchObject({
    eventName: "turnspan.session.patch",
    timeUnixNano: "1700000000000000000",
    resource: { "service.name": "test" },
  });
});

test("protobuf arrives as well as JSON", async () => {
  await using folder = await makeAuditFolder();
  await using sink = await startOtlpSink();
  const target = createTarget(`${sink.url}/v1/logs`, "test", "http/protobuf");
  await using lane = await folder.openLane({ targets: [target] });
  await lane.append(makeRecord(0));
  await until(() => sink.names("logs").length > 0);
  expect(sink.names("logs")).toEqual(["turnspan.session.patch"]);
});

test.each([429, 502, 503, 504])("status %i is tried again until it is over", async (status) => {
  const {
    ids,
    accepted,
    letters,
    status: done,
  } = await deliverRecords(20, (_, nth) => (nth < 4 ? { status } : OK));
  expect(accepted).toEqual(ids);
  expect(letters).toEqual([]);
  expect(done).toMatchObject({ delivered: 20, deadLetters: 0, nextSeq: 20, trouble: undefined });
});

test.each([301, 400, 401, 403, 404, 408, 409, 500, 501])(
  "status %i is final: the records become dead letters, with the reason",
  async (status) => {
    const { ids, letters, requests, status: done } = await deliverRecords(20, () => ({ status }));
    expect(requests).toHaveLength(1);
    expect(idsOf(letters.flatMap(({ record }) => record ?? []))).toEqual(ids);
    expect(letters[0]?.reason).toMatch(`HTTP ${status}`);
    expect(done).toMatchObject({ delivered: 0, deadLetters: 20, nextSeq: 20 });
  },
);

test("a request that is too large goes in halves, down to the one record that never fits", async () => {
  const huge = 13;
  const isHuge = (record: unknown): boolean => recordSeq(record as never) === huge;
  const { ids, accepted, letters, status } = await deliverRecords(40, (records) =>
    records.some(isHuge) || records.length > 8 ? { status: 413 } : OK,
  );
  expect(accepted).toEqual(ids.filter((_, n) => n !== huge));
  expect(letters.map(({ seq, reason }) => [seq, reason])).toEqual([
    [huge, "HTTP 413 Payload Too Large"],
  ]);
  expect(status).toMatchObject({ delivered: 39, deadLetters: 1 });
});

test("Retry-After is waited for, in seconds and as a date", async () => {
  const date = Math.ceil(Date.now() / 1000 + 2) * 1000;
  const answers = [
    { status: 503, headers: { "retry-after": "1" } },
    { status: 429, headers: { "retry-after": new Date(date).toUTCString() } },
  ];
  const times: number[] = [];
  const { ids, accepted } = await deliverRecords(5, (_, nth) => {
    times.push(Date.now());
    return answers[nth] ?? OK;
  });
  expect(accepted).toEqual(ids);
  const [first = 0, second = 0, third = 0] = times;
  expect(times).toHaveLength(3);
  // Timers may be a millisecond early.
  expect(second - first).toBeGreaterThanOrEqual(999);
  expect(third).toBeGreaterThanOrEqual(date - 1);
});

test("what a receiver took only in part is counted, and kept with its reason", async () => {
  const body = JSON.stringify({
    partialSuccess: { rejectedLogRecords: "3", errorMessage: "too old" },
  });
  const { accepted, letters, status, requests } = await deliverRecords(10, () => ({
    status: 200,
    body,
  }));
  expect(requests.reduce((sum, count) => sum + count, 0)).toBe(10);
  expect(accepted).toHaveLength(10);
  expect(letters.every(({ kind }) => kind === "partial")).toBe(true);
  expect(letters[0]?.reason).toMatch(/3 of \d+ rejected: too old/);
  expect((status?.delivered ?? 0) + (status?.rejected ?? 0)).toBe(10);
});

test.each([
  ["no JSON", "<html>hello</html>"],
  ["nothing", ""],
  ["five mebibytes", Buffer.alloc(5 * 1024 * 1024, "x")],
])("a success that says %s is a success", async (_, body) => {
  const { ids, accepted, letters } = await deliverRecords(10, () => ({ status: 200, body }));
  expect(accepted).toEqual(ids);
  expect(letters).toEqual([]);
});

test("a connection that breaks before its answer is tried again", async () => {
  const { ids, accepted, alarms } = await deliverRecords(10, (_, nth) => (nth < 3 ? {} : OK));
  expect(accepted).toEqual(ids);
  expect(alarms[0]).toMatchObject({ kind: "delivery", destination: "test" });
  expect(alarms.at(-1)).toMatchObject({ kind: "delivery", reason: undefined });
});

test.each([
  ["nobody listens", async () => `http://127.0.0.1:${await findClosedPort()}/v1/logs`],
  ["the name is unknown", async () => "http://no-such-host.invalid/v1/logs"],
  ["nothing there speaks TLS", async () => `https://127.0.0.1:${await findClosedPort()}/v1/logs`],
])("while %s records wait, and closing does not", async (_, findUrl) => {
  await using folder = await makeAuditFolder();
  const alarms: AuditAlarm[] = [];
  const lane = await folder.openLane({
    targets: [createTarget(await findUrl())],
    onAlarm: (alarm) => alarms.push(alarm),
  });
  await Promise.all(makeRecords(5).map((record) => lane.append(record)));
  await until(() => alarms.length > 0);
  expect(lane.status()[0]?.deliveries[0]).toMatchObject({ nextSeq: 0, delivered: 0 });
  expect(await lane.drain(1000)).toBe(false);
  await lane.close();

  await using receiver = await startAuditReceiver();
  await using next = await folder.openLane({ targets: [createTarget(receiver.url)] });
  while (!(await next.drain(5000))) await sleep(5);
  expect(receiver.ids()).toEqual(idsOf(makeRecords(5)));
});

test("a destination that is dead keeps nothing from another", async () => {
  await using folder = await makeAuditFolder();
  await using hanging = await startOtlpSink({ answer: () => {} });
  await using receiver = await startAuditReceiver();
  await using lane = await folder.openLane({
    targets: [createTarget(`${hanging.url}/v1/logs`, "dead"), createTarget(receiver.url, "alive")],
  });
  const records = makeRecords(1200);
  for (const record of records) void lane.append(record);
  const deliveries = () => lane.status()[0]?.deliveries ?? [];
  await until(() => deliveries()[1]?.delivered === records.length);
  expect(receiver.ids()).toEqual(idsOf(records));
  expect(deliveries()[0]?.nextSeq).toBe(0);
});

test("a destination that is added later gets the log from its beginning", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const records = makeRecords(30);
  {
    await using lane = await folder.openLane();
    await Promise.all(records.map((record) => lane.append(record)));
  }
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  while (!(await lane.drain(5000))) await sleep(5);
  expect(receiver.ids()).toEqual(idsOf(records));
});

test("the next process goes on at the cursor", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  for (const round of [0, 1, 2]) {
    await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
    await Promise.all(makeRecords(10, round * 10).map((record) => lane.append(record)));
    while (!(await lane.drain(5000))) await sleep(5);
  }
  expect(receiver.accepted.map(recordSeq)).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test("a gap arrives as a record that says how many are missing", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using lane = await folder.openLane({
    targets: [createTarget(receiver.url)],
    maxWaitingBytes: 10_000,
  });
  const acks = await Promise.all(makeRecords(200).map((record) => lane.append(record)));
  await lane.append(makeRecord(200));
  while (!(await lane.drain(5000))) await sleep(5);
  const lost = acks.filter(({ stored }) => !stored);
  const gap = receiver.accepted.find(({ eventName }) => eventName === "turnspan.audit.gap");
  expect(gap?.attributes).toMatchObject({
    "turnspan.audit.gap.first_seq": lost[0]?.seq,
    "turnspan.audit.gap.count": lost.length,
    "turnspan.reason": "queue_full",
  });
  expect(receiver.accepted).toHaveLength(201 - lost.length + 1);
});
