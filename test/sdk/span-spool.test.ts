import { cp, mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { CodedError } from "../../src/base/errors.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { until } from "../support/audit-lane.ts";
import { findClosedPort, startOtlpSink } from "../support/otlp-sink.ts";

const makeFolder = () => mkdtempDisposable(path.join(tmpdir(), "turnspan-spool-"));
type Protocol = "http/json" | "http/protobuf";

const start = (folder: string, url: string, protocol: Protocol = "http/protobuf", spool = {}) =>
  createProviders({
    endpoint: url,
    protocol,
    metrics: false,
    spool: { folder, ...spool },
    batch: { delayMs: 5 },
  });

const writeSpans = (
  { tracerProvider }: Awaited<ReturnType<typeof start>>,
  names: readonly string[],
  text = "",
): void => {
  const tracer = tracerProvider.getTracer("test");
  for (const name of names) tracer.startSpan(name, { attributes: { text } }).end();
};

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `span ${from + n}`);

const numeric = (one: string, other: string): number =>
  Number(one.slice(5)) - Number(other.slice(5));

test.each(["http/json", "http/protobuf"] as const)(
  "spans of an outage and of a process before arrive once each, over %s",
  async (protocol) => {
    await using folder = await makeFolder();
    const port = await findClosedPort();
    const url = `http://127.0.0.1:${port}`;
    {
      await using telemetry = await start(folder.path, url, protocol);
      writeSpans(telemetry, names(700));
      await telemetry.forceFlush(500);
    }
    await using sink = await startOtlpSink({ port });
    await using telemetry = await start(folder.path, url, protocol);
    writeSpans(telemetry, names(50, 700));
    while (!(await telemetry.forceFlush(1000)) || sink.names("traces").length < 750)
      await sleep(20);
    expect(sink.names("traces").sort(numeric)).toEqual(names(750));
    expect(telemetry.dropped()).toEqual([]);
  },
);

test("spans that a process left when it was killed are delivered by the next", async () => {
  await using folder = await makeFolder();
  const port = await findClosedPort();
  const url = `http://127.0.0.1:${port}`;
  await using dead = await start(folder.path, url);
  writeSpans(dead, names(10));
  await dead.forceFlush(500);
  // As the disk is now, with nobody's lock.
  const copy = path.join(folder.path, "copy");
  for (const name of await readdir(folder.path)) {
    const filter = (file: string): boolean => path.basename(file) !== "lock";
    await cp(path.join(folder.path, name), path.join(copy, name), { recursive: true, filter });
  }
  await using sink = await startOtlpSink({ port });
  await using next = await start(copy, url);
  await until(() => sink.names("traces").length >= 10);
  expect(sink.names("traces").sort(numeric)).toEqual(names(10));
  expect(next.dropped()).toEqual([]);
});

test("a spool that has its whole size loses what comes, and counts it", async () => {
  await using folder = await makeFolder();
  const url = `http://127.0.0.1:${await findClosedPort()}`;
  await using telemetry = await start(folder.path, url, "http/protobuf", { maxBytes: 200_000 });
  for (let round = 0; round < 10; round += 1) {
    writeSpans(telemetry, names(64), "x".repeat(1000));
    await telemetry.forceFlush(200);
  }
  const [lost] = telemetry.dropped();
  expect(lost).toMatchObject({ signal: "traces", reason: "export_failed" });
  expect(lost?.count).toBeGreaterThan(100);
});

test("what was delivered leaves the disk", async () => {
  await using folder = await makeFolder();
  await using sink = await startOtlpSink();
  for (let process = 0; process < 5; process += 1) {
    await using telemetry = await start(folder.path, sink.url, "http/json", { maxBytes: 400_000 });
    writeSpans(telemetry, names(100), "y".repeat(1000));
    await telemetry.forceFlush();
    expect(telemetry.dropped()).toEqual([]);
  }
  expect(sink.names("traces")).toHaveLength(500);
});

test("a spool's folder that cannot be used is said at the start", async () => {
  const started = start("/dev/null/spool", "http://127.0.0.1:1");
  await expect(started).rejects.toThrow(CodedError);
  await expect(started).rejects.toMatchObject({ code: "AUDIT_FOLDER_UNUSABLE" });
});
