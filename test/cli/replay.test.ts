import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { disturb, numbersFrom } from "../adapters/openclaw/disturb.ts";
import { recordedLines } from "../adapters/openclaw/play.ts";
import { runTurnspan } from "../support/cli.ts";
import { attributesOf, type OtlpSpan, readOtlpLines } from "../support/otlp-lines.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const SEEDS = 200;
const STATUS_ERROR = 2;
const FLAG_IS_REMOTE = 0x200;

/** A folder with the recording in it, and `turnspan replay` of what lies there. */
function openFolder() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "turnspan-replay-"));
  const file = join(folder.path, "recording.jsonl");
  const out = join(folder.path, "out.jsonl");
  const replay = (...args: readonly string[]) =>
    runTurnspan(["replay", "--host", "openclaw", file, ...args]);
  const write = (lines: readonly string[]) => writeFileSync(file, `${lines.join("\n")}\n`);
  write(recordedLines());
  return { file, out, replay, write, [Symbol.dispose]: () => folder.remove() };
}

async function replayRecording() {
  using folder = openFolder();
  const run = await folder.replay("--out", folder.out);
  return { run, ...readOtlpLines(folder.out) };
}

const withAttribute = (spans: readonly OtlpSpan[], name: string, value: unknown): OtlpSpan[] =>
  spans.filter((span) => attributesOf(span)[name] === value);

const nano = (usd: unknown): number => (typeof usd === "number" ? Math.round(usd * 1e9) : 0);

test("the recording becomes lines as the Collector's file exporter writes them", async () => {
  using folder = openFolder();
  const { code, out } = await folder.replay("--out", folder.out);
  expect(code).toBe(0);
  expect(out).toContain("turns     1 blocked, 6 completed, 1 failed; 1 announce");
  const { keys, metrics } = readOtlpLines(folder.out);
  expect(new Set(keys)).toEqual(new Set(["resourceSpans", "resourceLogs"]));
  expect(metrics).toEqual([]);
  expect(statSync(folder.out).mode & 0o777).toBe(0o600);
});

test("--metrics adds metrics", async () => {
  using folder = openFolder();
  await folder.replay("--out", folder.out, "--metrics");
  expect(JSON.stringify(readOtlpLines(folder.out).metrics)).toContain("turnspan.cost");
});

test("every parent is in the output, or is remote and came from outside the host", async () => {
  const { spans } = await replayRecording();
  const ids = new Set(spans.map((span) => `${span.traceId} ${span.spanId}`));
  expect(ids.size).toBe(spans.length);
  const outside = spans.filter(
    (span) =>
      span.parentSpanId !== undefined &&
      span.parentSpanId !== "" &&
      !ids.has(`${span.traceId} ${span.parentSpanId}`),
  );
  expect(outside.map((span) => [span.traceId, span.parentSpanId])).toEqual([
    ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"],
  ]);
  expect((outside[0]?.flags ?? 0) & FLAG_IS_REMOTE).toBe(FLAG_IS_REMOTE);
  const links = spans.flatMap((span) => span.links);
  expect(links.every((link) => ids.has(`${link.traceId} ${link.spanId}`))).toBe(true);
});

test("one failed turn is an error, the blocked and the cancelled one are not", async () => {
  const { spans } = await replayRecording();
  const runs = spans.filter((span) => span.name.startsWith("invoke_agent"));
  const [failed] = withAttribute(runs, "turnspan.turn.outcome", "failed");
  expect(runs.filter((span) => span.status.code === STATUS_ERROR)).toEqual([failed]);
  expect(attributesOf(failed ?? { attributes: [] })["error.type"]).toBe("schema");
  for (const outcome of ["blocked", "cancelled"]) {
    const found = withAttribute(runs, "turnspan.turn.outcome", outcome);
    expect(found.map((span) => span.status.code ?? 0)).toEqual([0]);
  }
  const [blocked] = withAttribute(runs, "turnspan.turn.outcome", "blocked");
  expect(spans.filter((span) => span.parentSpanId === blocked?.spanId)).toEqual([]);
});

test("patches stand on the session's span and say what was before", async () => {
  const { spans, logs } = await replayRecording();
  const events = spans.flatMap((span) => span.events);
  const patches = events.filter((event) => event.name === "turnspan.session.patch");
  expect(patches.map(attributesOf)).toMatchObject([
    {
      "turnspan.patch.fields": ["label"],
      "turnspan.patch.label.before_unknown": true,
      "turnspan.patch.label.after": "My label",
    },
    {
      "turnspan.patch.fields": ["model"],
      "turnspan.patch.model.before": "mock/mock-a",
      "turnspan.patch.model.after": "mock/mock-b",
    },
  ]);
  expect(logs.filter((log) => log.eventName === "turnspan.session.patch")).toHaveLength(2);
});

test("Σ calls = Σ runs = Σ sessions = Σ session records, in nano-dollars", async () => {
  const { spans, logs } = await replayRecording();
  const sum = (kinds: readonly string[], name: string): number =>
    spans
      .map(attributesOf)
      .filter((attributes) => kinds.includes(String(attributes["turnspan.kind"])))
      .reduce((total, attributes) => total + nano(attributes[name]), 0);
  const calls = sum(["model_call"], "turnspan.cost.usd");
  expect(calls).toBe(1_386_000);
  expect(sum(["turn", "subagent"], "turnspan.turn.cost.usd")).toBe(calls);
  expect(sum(["session"], "turnspan.session.cost.usd")).toBe(calls);
  const records = logs
    .filter((log) => log.eventName === "session.end")
    .reduce((total, log) => total + nano(attributesOf(log)["turnspan.session.cost.usd"]), 0);
  expect(records).toBe(calls);
});

test("everything is marked as replayed from its host, and no content is in it", async () => {
  const { spans, logs } = await replayRecording();
  for (const item of [...spans, ...logs]) {
    expect(attributesOf(item)).toMatchObject({
      "turnspan.source": "replay",
      "turnspan.host": "openclaw",
    });
  }
  expect(JSON.stringify([spans, logs])).not.toContain("hello one");
});

test("--content export writes prompts and answers", async () => {
  using folder = openFolder();
  await folder.replay("--out", folder.out, "--content", "export");
  expect(readFileSync(folder.out, "utf8")).toContain("hello one");
});

/** Spans and records as text, sorted by their ids. */
function sortedItems(path: string): string[] {
  const { spans, logs } = readOtlpLines(path);
  const ofSpan = spans.map((span) => `${span.traceId} ${span.spanId} ${JSON.stringify(span)}`);
  const ofLog = logs.map((log) => {
    // When the log was observed is the one thing that is of this run and not of the recording.
    const { observedTimeUnixNano: _, ...rest } = log as typeof log & Record<string, unknown>;
    return `${attributesOf(log)["turnspan.record.id"]} ${JSON.stringify(rest)}`;
  });
  return [...ofSpan, ...ofLog].sort();
}

test("200 seeds of permuted, late and doubled lines write the same, byte for byte", async () => {
  using folder = openFolder();
  const lines = recordedLines();
  await folder.replay("--out", folder.out);
  const expected = sortedItems(folder.out);
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    folder.write(disturb(lines, numbersFrom(seed)));
    await folder.replay("--out", folder.out);
    expect(sortedItems(folder.out), `seed ${seed}`).toEqual(expected);
  }
}, 120_000);

test("--endpoint sends the same to a collector", async () => {
  await using sink = await startOtlpSink();
  using folder = openFolder();
  const { code } = await folder.replay("--endpoint", sink.url);
  expect(code).toBe(0);
  const { spans, logs } = await replayRecording();
  expect(sink.names("traces").sort()).toEqual(spans.map((span) => span.name).sort());
  expect(sink.names("logs").sort()).toEqual(logs.map((log) => log.eventName).sort());
});

test("an endpoint where nothing listens is named at once, with the way out", async () => {
  using folder = openFolder();
  const { code, err } = await folder.replay("--endpoint", "http://127.0.0.1:9");
  expect(code).toBe(2);
  expect(err).toContain("http://127.0.0.1:9/v1/traces does not answer");
  expect(err).toContain("--out FILE");
});

test("broken lines are reported with file and line and skipped, and the exit code says so", async () => {
  using folder = openFolder();
  const lines = recordedLines();
  folder.write([...lines.slice(0, 66), "{broken", "[1,2]", ...lines.slice(66)]);
  const { code, err, out } = await folder.replay("--out", folder.out, "--json");
  expect(code).toBe(1);
  expect(err).toContain(`${folder.file}:67: skipped: `);
  expect(err).toContain(`${folder.file}:68: skipped: `);
  expect(JSON.parse(out)).toMatchObject({
    lines: 459,
    skippedLines: 2,
    turns: { blocked: 1, completed: 6, failed: 1 },
    announceTurns: 1,
    costUsd: 0.001386,
  });
});

test("a recording that stops in a turn leaves no span without its parent", async () => {
  using folder = openFolder();
  folder.write(recordedLines().slice(0, 100));
  await folder.replay("--out", folder.out);
  const { spans } = readOtlpLines(folder.out);
  const ids = new Set(spans.map((span) => span.spanId));
  const orphans = spans.filter((span) => span.parentSpanId && !ids.has(span.parentSpanId));
  expect(orphans).toEqual([]);
  expect(withAttribute(spans, "turnspan.turn.outcome", "abandoned")).toHaveLength(1);
});

test.each([
  [["replay", "f"], "--host is missing: one of openclaw"],
  [["replay", "f", "--host", "foo"], "--host foo is not known: one of openclaw"],
  [["replay", "--host", "openclaw"], "the recording is missing"],
  [["replay", "a", "b", "--host", "openclaw"], "b is too much"],
  [["replay", "f", "--host", "openclaw", "--outt", "x"], "Unknown option '--outt'"],
  [["replay", "f", "--host", "openclaw", "--content", "all"], "--content all is not known"],
  [["replay", "f", "--host", "openclaw", "--endpoint", "here"], "--endpoint here is no http"],
  [["replay", "f", "--host", "openclaw", "--out", "a", "--endpoint", "http://b"], "exclude"],
  [["replay", "/no/such/file", "--host", "openclaw", "--out", "/no/such/out"], "/no/such/file"],
  [
    ["replay", "f", "--host", "openclaw", "--endpoint", "htp://me:secret@h/?key=secret"],
    "--endpoint htp://h is no http or https URL",
  ],
  [["relpay"], 'there is no command "relpay"'],
] as const)("wrong use %j gives one clear line", async (args, line) => {
  const { code, err, out } = await runTurnspan(args);
  expect(code).toBe(2);
  expect(err).toContain(line);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
  expect(out).toBe("");
});

test("neither the recording nor an older output is lost to a wrong call", async () => {
  using folder = openFolder();
  const before = readFileSync(folder.file, "utf8");
  const { code, err } = await folder.replay("--out", folder.file);
  expect([code, err]).toEqual([2, expect.stringContaining("is the recording itself")]);
  expect(readFileSync(folder.file, "utf8")).toBe(before);
  writeFileSync(folder.out, "precious");
  await runTurnspan(["replay", "--host", "openclaw", "/no/such/file", "--out", folder.out]);
  expect(readFileSync(folder.out, "utf8")).toBe("precious");
});

test("a recording that cannot be read is named", async () => {
  using folder = openFolder();
  const { code, err } = await runTurnspan([
    "replay",
    "/no/such/recording",
    "--host",
    "openclaw",
    "--out",
    folder.out,
  ]);
  expect([code, err]).toEqual([2, expect.stringContaining("cannot read /no/such/recording")]);
});

test("a name and password in --endpoint are sent as Basic authorization, and shown nowhere", async () => {
  await using sink = await startOtlpSink();
  using folder = openFolder();
  const withSecret = `${sink.url.replace("//", "//me:s3cret@")}/base?key=s3cret`;
  const { code, out, err } = await folder.replay("--endpoint", withSecret);
  expect(code).toBe(0);
  const sent = sink.requests.filter(({ body }) => body.length > 0);
  expect(new Set(sent.map(({ path }) => path))).toEqual(
    new Set(["/base/v1/traces?key=s3cret", "/base/v1/logs?key=s3cret"]),
  );
  const authorization = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
  expect(new Set(sent.map(({ headers }) => headers.authorization))).toEqual(
    new Set([authorization]),
  );
  const nobody = await folder.replay("--endpoint", "http://me:s3cret@127.0.0.1:9/?key=s3cret");
  expect(nobody.code).toBe(2);
  expect(nobody.err).toContain("http://127.0.0.1:9/v1/traces does not answer");
  expect([out, err, nobody.out, nobody.err].join()).not.toContain("s3cret");
});

test("only the signals' own endpoints are set: each signal goes to its own", async () => {
  await using sink = await startOtlpSink();
  using folder = openFolder();
  vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", `${sink.url}/t/traces`);
  vi.stubEnv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", `${sink.url}/l/logs`);
  expect(await folder.replay()).toMatchObject({ code: 0, err: "" });
  expect(new Set(sink.requests.map(({ path }) => path))).toEqual(new Set(["/t/traces", "/l/logs"]));
});

test.each([
  [{ OTEL_SDK_DISABLED: "true" }, "OTEL_SDK_DISABLED is true, so nothing would be sent"],
  [
    { OTEL_TRACES_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" },
    "OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER are none, so nothing would be sent",
  ],
])(
  "%j: a replay to a collector says that it would send nothing, and is no success",
  async (env, line) => {
    using folder = openFolder();
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(await folder.replay()).toMatchObject({ code: 2, err: expect.stringContaining(line) });
    expect((await folder.replay("--out", folder.out)).code).toBe(0);
    expect(readOtlpLines(folder.out).spans.length).toBeGreaterThan(0);
  },
);

test("an interrupt while standard input is read stops with what was played", async () => {
  using folder = openFolder();
  const controller = new AbortController();
  async function* typed(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${recordedLines().slice(0, 100).join("\n")}\n`);
    setImmediate(() => controller.abort());
    await new Promise(() => {});
  }
  const args = ["replay", "--host", "openclaw", "-", "--out", folder.out];
  const run = await runTurnspan(args, { stdin: typed(), signal: controller.signal });
  expect(run).toMatchObject({ code: 130, err: expect.stringContaining("interrupted") });
  expect(run.out).toMatch(/^100 lines, 0 skipped/);
  expect(readOtlpLines(folder.out).spans.length).toBeGreaterThan(0);
});

test("a line too long for memory is reported with file and line, and skipped", async () => {
  using folder = openFolder();
  const [first = "", ...others] = recordedLines();
  async function* recorded(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${first}\n`);
    const megabyte = Buffer.alloc(1_000_000, "x");
    for (let count = 0; count < 700; count += 1) yield megabyte;
    yield Buffer.from(`\n${others.join("\n")}\n`);
  }
  const args = ["replay", "--host", "openclaw", "-", "--out", folder.out];
  const { code, err, out } = await runTurnspan(args, { stdin: recorded() });
  expect([code, err]).toEqual([1, "-:2: skipped: a line of 700 MB, more than 64 MB\n"]);
  expect(out).toContain("turns     1 blocked, 6 completed, 1 failed; 1 announce");
});

test("--out - writes the lines to standard output, and the summary to standard error", async () => {
  using folder = openFolder();
  const { code, out, err } = await folder.replay("--out", "-");
  expect(code).toBe(0);
  expect(err).toContain("turns     1 blocked");
  await folder.replay("--out", folder.out);
  expect(out.split("\n").length).toBe(readFileSync(folder.out, "utf8").split("\n").length);
  for (const line of out.trimEnd().split("\n"))
    expect(Object.keys(JSON.parse(line))).toHaveLength(1);
});

test("a mark that an editor put before the first line is no broken line", async () => {
  using folder = openFolder();
  writeFileSync(folder.file, `\ufeff${recordedLines().join("\r\n")}\r\n`);
  expect(await folder.replay("--out", folder.out)).toMatchObject({ code: 0, err: "" });
});

test("--help is shown wherever it stands", async () => {
  for (const args of [["--help"], ["--host", "openclaw", "--help"], ["f", "-h", "--metrics"]]) {
    const { code, out } = await runTurnspan(["replay", ...args]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: turnspan replay --host HOST FILE/);
  }
});
