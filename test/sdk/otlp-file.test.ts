import { mkdtempDisposable, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { createFileProviders, type FileProviders } from "../../src/sdk/file-providers.ts";

const makeFolder = () => mkdtempDisposable(path.join(tmpdir(), "turnspan-otlp-file-"));

/** Spans with preset ids and times, and a record beside each. */
function record({ tracerProvider, loggerProvider, ids }: FileProviders, from: number, to: number) {
  const tracer = tracerProvider.getTracer("t");
  const logger = loggerProvider.getLogger("t");
  for (let index = from; index < to; index += 1) {
    const startTime = 1_790_000_000_000 + index;
    const spanIds = {
      traceId: (index + 1).toString(16).padStart(32, "0"),
      spanId: (index + 1).toString(16).padStart(16, "0"),
    };
    ids.with(spanIds, () => tracer.startSpan(`span ${index}`, { startTime })).end(startTime + 1);
    logger.emit({ eventName: `event ${index}`, timestamp: startTime, context: ROOT_CONTEXT });
  }
}

const readLines = async (file: string): Promise<Record<string, unknown>[]> =>
  (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a line is one request: resourceSpans, resourceLogs or resourceMetrics", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "out.jsonl");
  {
    await using providers = await createFileProviders({ to: file, metrics: true });
    record(providers, 0, 1);
    providers.meterProvider.getMeter("t").createCounter("counter").add(2);
  }
  const lines = await readLines(file);
  expect(lines.map((line) => Object.keys(line))).toEqual([
    ["resourceSpans"],
    ["resourceLogs"],
    ["resourceMetrics"],
  ]);
  expect(lines[0]).toMatchObject({
    resourceSpans: [{ scopeSpans: [{ scope: { name: "t" }, spans: [{ name: "span 0" }] }] }],
  });
  expect(lines[1]).toMatchObject({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: "event 0" }] }] }],
  });
});

test("nothing is lost, however many come at once, and each only once", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "out.jsonl");
  {
    await using providers = await createFileProviders({ to: file });
    record(providers, 0, 20_000);
    await providers.drain();
    record(providers, 20_000, 40_000);
  }
  const text = await readFile(file, "utf8");
  const names = [...text.matchAll(/"name":"(span \d+)"/g)].map(([, name]) => name);
  expect(names).toEqual(Array.from({ length: 40_000 }, (_, index) => `span ${index}`));
  expect(text.match(/"eventName":"event \d+"/g)).toHaveLength(40_000);
  expect(text).not.toContain("resourceMetrics");
});

test("spans below a parent that was not sampled are written, too", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "out.jsonl");
  {
    await using providers = await createFileProviders({ to: file });
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: "1".repeat(32),
      spanId: "2".repeat(16),
      traceFlags: TraceFlags.NONE,
    });
    providers.tracerProvider.getTracer("t").startSpan("child", {}, parent).end();
  }
  expect(await readFile(file, "utf8")).toContain('"parentSpanId":"2222222222222222"');
});

test("equal input gives an equal file, with nothing of this machine or process in it", async () => {
  await using folder = await makeFolder();
  const texts: string[] = [];
  for (const name of ["one", "two"]) {
    const file = path.join(folder.path, name);
    {
      await using providers = await createFileProviders({ to: file });
      record(providers, 0, 2000);
      if (name === "one") await new Promise((resolve) => setTimeout(resolve, 20));
      await providers.drain();
      record(providers, 2000, 2500);
    }
    texts.push(await readFile(file, "utf8"));
  }
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toMatch(/host\.name|service\.instance\.id|process\./);
});

test("the file is for its owner only, and an old one is replaced", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "out.jsonl");
  for (const name of ["first", "second"]) {
    await using providers = await createFileProviders({ to: file, serviceName: name });
    record(providers, 0, 1);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, "utf8");
  expect(text).toContain('"stringValue":"second"');
  expect(text).not.toContain('"stringValue":"first"');
});

test("a place that cannot be opened or written is an error, not silence", async () => {
  await using folder = await makeFolder();
  const nowhere = path.join(folder.path, "no", "out.jsonl");
  await expect(createFileProviders({ to: nowhere })).rejects.toMatchObject({ code: "ENOENT" });
  if (process.platform !== "linux") return;
  const providers = await createFileProviders({ to: "/dev/full" });
  record(providers, 0, 1);
  await expect(providers.drain()).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(providers[Symbol.asyncDispose]()).rejects.toMatchObject({ code: "ENOSPC" });
});
