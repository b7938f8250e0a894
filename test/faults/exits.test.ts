import { expect, test } from "vitest";
import { type EndOptions, endProcess } from "../support/end-process.ts";
import { findClosedPort, type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";

type Way = Pick<EndOptions, "end" | "signal">;

/** Every way a process ends that lets code run, with what the end looks like from outside. */
const WAYS = {
  "its natural end": { way: { end: "natural" }, code: 0, signal: null },
  SIGTERM: { way: { end: "signal", signal: "SIGTERM" }, code: null, signal: "SIGTERM" },
  SIGINT: { way: { end: "signal", signal: "SIGINT" }, code: null, signal: "SIGINT" },
  "an uncaught error": { way: { end: "uncaught" }, code: 1, signal: null },
  "process.exit after a flush": { way: { end: "flush-exit" }, code: 3, signal: null },
  "the disposal of telemetry": { way: { end: "dispose" }, code: 0, signal: null },
} as const satisfies Record<string, { way: Way; code: number | null; signal: string | null }>;

const count = (names: readonly string[], name: string | RegExp): number =>
  names.filter((found) => (typeof name === "string" ? found === name : name.test(found))).length;

const showMs = (what: string, ms: number): void => console.log(`${what}: ${Math.round(ms)} ms`);

for (const protocol of ["http/json", "http/protobuf"] as const) {
  for (const [name, { way, code, signal }] of Object.entries(WAYS)) {
    test(`every span and record is delivered at ${name}, over ${protocol}`, async () => {
      await using sink = await startOtlpSink();
      const ended = await endProcess("turnspan", { ...way, endpoint: sink.url, protocol });
      showMs(`${name}, ${protocol}`, ended.exitMs);
      expect({ code: ended.code, signal: ended.signal }).toEqual({ code, signal });
      const spans = sink.names("traces");
      const records = sink.names("logs");
      expect(count(spans, /^work \d$/)).toBe(10);
      // A flush leaves open what is open; every other end closes the sixth turn and the session.
      const isOver = way.end !== "flush-exit";
      expect(count(spans, "invoke_agent a")).toBe(isOver ? 6 : 5);
      expect(count(spans, "session a")).toBe(isOver ? 1 : 0);
      expect(count(records, "turnspan.turn.start")).toBe(6);
      expect(count(records, "turnspan.turn.end")).toBe(isOver ? 6 : 5);
      expect(count(records, "session.end")).toBe(isOver ? 1 : 0);
      expect(new Set(sink.names("metrics"))).toContain("turnspan.turn.count");
    });
  }
}

test("the stock SDK delivers nothing at those ends: the control", async () => {
  for (const name of ["its natural end", "SIGTERM", "SIGINT", "an uncaught error"] as const) {
    await using sink = await startOtlpSink();
    await endProcess("stock-sdk", { ...WAYS[name].way, endpoint: sink.url });
    const delivered = [sink.names("traces").length, sink.names("logs").length];
    console.log(`stock SDK, ${name}: ${delivered[0]} of 10 spans, ${delivered[1]} of 10 records`);
    expect(delivered).toEqual([0, 0]);
  }
});

test("the stock SDK delivers everything when it is shut down: the control sees what arrives", async () => {
  await using sink = await startOtlpSink();
  await endProcess("stock-sdk", { end: "dispose", endpoint: sink.url });
  expect([sink.names("traces").length, sink.names("logs").length]).toEqual([10, 10]);
});

test("the turn that was open is cancelled, and says by what its process ended", async () => {
  await using sink = await startOtlpSink();
  await endProcess("turnspan", { ...WAYS.SIGTERM.way, endpoint: sink.url });
  const text = sink.text();
  expect(text.match(/"turnspan.turn.outcome","value":\{"stringValue":"cancelled"/g)).not.toBeNull();
  expect(text).toContain('{"key":"turnspan.session.end_reason","value":{"stringValue":"SIGTERM"}}');
});

test("an uncaught error is printed and ends the process as it would without a guard", async () => {
  await using sink = await startOtlpSink();
  const guarded = await endProcess("turnspan", { end: "uncaught", endpoint: sink.url });
  const plain = await endProcess("stock-sdk", { end: "uncaught", endpoint: sink.url });
  expect([guarded.code, guarded.signal]).toEqual([plain.code, plain.signal]);
  expect(guarded.stderr).toContain("RangeError: nobody caught this");
});

test("a host with its own SIGTERM handler ends as it wants to", async () => {
  for (const end of ["host-handler", "late-host-handler"] as const) {
    await using sink = await startOtlpSink();
    const ended = await endProcess("turnspan", { end, endpoint: sink.url, signal: "SIGTERM" });
    expect([ended.code, ended.signal]).toEqual([7, null]);
    expect(ended.stdout).toContain("the host drains");
    // The host may still finish its turns, so nothing of it is ended.
    expect(count(sink.names("logs"), "session.end")).toBe(0);
    if (end === "late-host-handler") expect(count(sink.names("traces"), /^work/)).toBe(10);
  }
});

/** Collectors that do not do their work. */
const DEAD: Record<string, () => Promise<Pick<OtlpSink, "url"> & Partial<AsyncDisposable>>> = {
  "refuses connections": async () => ({ url: `http://127.0.0.1:${await findClosedPort()}` }),
  "never answers": () => startOtlpSink({ answer: () => {} }),
  "answers 503": () => startOtlpSink({ answer: (response) => void response.writeHead(503).end() }),
};

/** The guard's 2 s, and generous room for a busy machine to end a process; less than any retry of the SDK's leaves. */
const MAX_EXIT_MS = 6000;

for (const [what, start] of Object.entries(DEAD)) {
  test(`a collector that ${what} holds no exit up`, async () => {
    await using stack = new AsyncDisposableStack();
    const { url: endpoint, ...collector } = await start();
    stack.defer(async () => collector[Symbol.asyncDispose]?.());
    const ways = Object.entries(WAYS).filter(([, { way }]) => way.end !== "flush-exit");
    // At once, and with a batch of records under way.
    for (const lingerMs of [0, 1300]) {
      const check = async ([name, { way, code, signal }]: (typeof ways)[number]): Promise<void> => {
        const ended = await endProcess("turnspan", { ...way, endpoint, lingerMs });
        showMs(`collector ${what}, ${name}, after ${lingerMs} ms`, ended.exitMs);
        expect({ name, code: ended.code, signal: ended.signal }).toEqual({ name, code, signal });
        expect(ended.exitMs).toBeLessThan(MAX_EXIT_MS);
      };
      await Promise.all(ways.map(check));
    }
  });
}

test("the stock SDK's shutdown waits many seconds for a dead collector: the control", async () => {
  const endpoint = `http://127.0.0.1:${await findClosedPort()}`;
  const ended = await endProcess("stock-sdk", { end: "dispose", endpoint });
  showMs("stock SDK, shutdown, collector refuses connections", ended.exitMs);
  expect(ended.exitMs).toBeGreaterThan(MAX_EXIT_MS);
});
