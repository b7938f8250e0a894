import { setTimeout as sleep } from "node:timers/promises";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";
import { makeAuditFolder, makeRecords, readLetters } from "../support/audit-lane.ts";
import {
  createTarget,
  type ReceiverAnswer,
  startAuditReceiver,
} from "../support/audit-receiver.ts";
import { report, rounds, within } from "../support/fault-scale.ts";
import { findClosedPort } from "../support/otlp-sink.ts";

const RECORDS = 50;
const OK: ReceiverAnswer = { status: 200, body: "{}" };
const RETRY_S = rounds(30, 2);

/** What a receiver answers first; afterwards it takes everything. What becomes of the records then. */
const MATRIX: Readonly<
  Record<string, readonly [answer: ReceiverAnswer, fate: "delivered" | "dead" | "rejected"]>
> = {
  "400": [{ status: 400 }, "dead"],
  "401": [{ status: 401 }, "dead"],
  "403": [{ status: 403 }, "dead"],
  "404": [{ status: 404 }, "dead"],
  "408": [{ status: 408 }, "dead"],
  "413, which halves": [{ status: 413 }, "delivered"],
  "429 with Retry-After 1": [{ status: 429, headers: { "retry-after": "1" } }, "delivered"],
  [`429 with Retry-After ${RETRY_S}`]: [
    { status: 429, headers: { "retry-after": String(RETRY_S) } },
    "delivered",
  ],
  "429 with a date": [
    {
      status: 429,
      get headers() {
        return { "retry-after": new Date(Date.now() + 2000).toUTCString() };
      },
    },
    "delivered",
  ],
  "500": [{ status: 500 }, "dead"],
  "502": [{ status: 502 }, "delivered"],
  "503": [{ status: 503 }, "delivered"],
  "504": [{ status: 504 }, "delivered"],
  "partial success": [
    { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"3"}}' },
    "rejected",
  ],
  "garbage with 200": [{ status: 200, body: "<html>" }, "delivered"],
  "five mebibytes with 200": [
    { status: 200, body: Buffer.alloc(5 * 1024 * 1024, 120) },
    "delivered",
  ],
  "a redirect": [{ status: 302, headers: { location: "http://127.0.0.1:1/v1/logs" } }, "dead"],
  "nothing, and the connection breaks": [{}, "delivered"],
};

for (const [name, [first, fate]] of Object.entries(MATRIX)) {
  test(`at ${name} no record vanishes: ${fate}`, within({ minutes: 3 }), async () => {
    await using folder = await makeAuditFolder();
    await using receiver = await startAuditReceiver((_, nth) => (nth === 0 ? first : OK));
    await using lane = await folder.openLane({
      targets: [createTarget(receiver.url)],
      timing: { lingerMs: 50, firstBackoffMs: 5, maxBackoffMs: 50 },
    });
    const began = performance.now();
    for (const record of makeRecords(RECORDS)) void lane.append(record);
    while (!(await lane.drain(5000))) await sleep(5);
    const tookMs = performance.now() - began;
    const delivery = lane.status()[0]?.deliveries[0];
    const { delivered = 0, deadLetters = 0, rejected = 0, nextSeq = 0 } = delivery ?? {};
    const [writer] = await folder.writers();
    const letters = await readLetters(writer?.folder);
    report(`answer ${name}`, { delivered, deadLetters, rejected, tookMs: tookMs.toFixed(0) });
    expect([delivered + deadLetters + rejected, nextSeq]).toEqual([RECORDS, RECORDS]);
    expect(deadLetters > 0).toBe(fate === "dead");
    expect(rejected > 0).toBe(fate === "rejected");
    expect(letters.length > 0).toBe(fate !== "delivered");
  });
}

test.each([
  ["a name that is unknown", async () => "http://no-such-host.invalid/v1/logs"],
  ["a port where nobody listens", async () => `http://127.0.0.1:${await findClosedPort()}/v1/logs`],
])("at %s all records wait", within({ minutes: 3 }), async (_, findUrl) => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane({ targets: [createTarget(await findUrl())] });
  await Promise.all(makeRecords(RECORDS).map((record) => lane.append(record)));
  while (lane.status()[0]?.deliveries[0]?.trouble === undefined) await sleep(5);
  expect(lane.status()[0]?.deliveries[0]).toMatchObject({
    delivered: 0,
    deadLetters: 0,
    nextSeq: 0,
  });
});

test("at a receiver that speaks no TLS all records wait", within({ minutes: 3 }), async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using lane = await folder.openLane({
    targets: [createTarget(receiver.url.replace("http:", "https:"))],
  });
  await Promise.all(makeRecords(RECORDS).map((record) => lane.append(record)));
  while (lane.status()[0]?.deliveries[0]?.trouble === undefined) await sleep(5);
  expect(lane.status()[0]?.deliveries[0]).toMatchObject({
    delivered: 0,
    deadLetters: 0,
    nextSeq: 0,
  });
});

test(
  "the SDK's exporter drops what it is asked to send again in 30 s: the control",
  within({ minutes: 3 }),
  async () => {
    await using receiver = await startAuditReceiver((_, nth) =>
      nth === 0 ? { status: 503, headers: { "retry-after": "30" } } : OK,
    );
    const exporter = new OTLPLogExporter({ url: receiver.url });
    const provider = new LoggerProvider({
      processors: [new BatchLogRecordProcessor({ exporter })],
    });
    const logger = provider.getLogger("control");
    for (const { eventName, attributes } of makeRecords(RECORDS)) {
      logger.emit({ eventName, attributes: { ...attributes } });
    }
    const began = performance.now();
    await provider.forceFlush().catch(() => {});
    const tookMs = performance.now() - began;
    await provider.shutdown().catch(() => {});
    report("Retry-After 30, the SDK's exporter", {
      arrived: receiver.ids().length,
      gaveUpAfterMs: tookMs.toFixed(0),
    });
    expect(receiver.ids()).toEqual([]);
  },
);
