import { setTimeout } from "node:timers/promises";
import { context, createContextKey, metrics, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { startTelemetry } from "../../src/sdk/start.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";

const quiet = { exitGuard: false } as const;

test("starting registers the providers, and shutting down takes them away again", async () => {
  await using sink = await startOtlpSink();
  const key = createContextKey("key");
  for (let round = 0; round < 2; round += 1) {
    const telemetry = await startTelemetry({ ...quiet, endpoint: sink.url });
    trace.getTracer("t").startSpan(`round ${round}`).end();
    const seen = context.with(ROOT_CONTEXT.setValue(key, 1), () => context.active().getValue(key));
    expect(seen).toBe(1);
    await telemetry.shutdown();
  }
  trace.getTracer("t").startSpan("afterwards").end();
  expect(sink.names("traces")).toEqual(["round 0", "round 1"]);
});

test("a second start is refused, and the first goes on", async () => {
  await using sink = await startOtlpSink();
  const telemetry = await startTelemetry({ ...quiet, endpoint: sink.url });
  const second = startTelemetry(quiet);
  await expect(second).rejects.toMatchObject({ code: "TELEMETRY_ALREADY_STARTED" });
  trace.getTracer("t").startSpan("first").end();
  await telemetry.shutdown();
  expect(sink.names("traces")).toEqual(["first"]);
});

test("of two starts at the same time, one is refused", async () => {
  const starts = await Promise.allSettled([startTelemetry(quiet), startTelemetry(quiet)]);
  expect(starts.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  for (const start of starts) if (start.status === "fulfilled") await start.value.shutdown(0);
});

test("wrong options start nothing", async () => {
  const start = startTelemetry({ endpoint: "collector" });
  await expect(start).rejects.toMatchObject({ code: "TELEMETRY_OPTIONS_INVALID" });
  await using _telemetry = await startTelemetry(quiet);
});

test("providers without globals touch none", async () => {
  await using sink = await startOtlpSink();
  await using telemetry = await createProviders({ endpoint: sink.url });
  trace.getTracer("t").startSpan("global").end();
  metrics.getMeter("t").createCounter("global").add(1);
  telemetry.tracerProvider.getTracer("t").startSpan("own").end();
  await telemetry.forceFlush();
  expect(sink.names("traces")).toEqual(["own"]);
  expect(sink.names("metrics")).not.toContain("global");
  await using _other = await startTelemetry(quiet);
});

for (const [name, start] of Object.entries({ startTelemetry, createProviders })) {
  test(`${name}: a session arrives as spans, records and metrics, priced`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({
      ...quiet,
      endpoint: sink.url,
      protocol: "http/json",
      serviceName: "support-bot",
    });
    {
      using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
      await session.turn({}, (turn) =>
        turn.modelCall({ provider: "openai", model: "gpt-4o" }, (call) => {
          call.response({ model: "gpt-4o", usage: { inputTokens: 1000, outputTokens: 100 } });
        }),
      );
    }
    await telemetry.shutdown();
    expect(telemetry.dropped()).toEqual([]);
    expect(sink.names("traces")).toEqual(["chat gpt-4o", "invoke_agent a", "session a"]);
    expect(sink.names("logs")).toEqual([
      "session.start",
      "turnspan.turn.start",
      "turnspan.turn.end",
      "session.end",
    ]);
    expect(sink.names("metrics")).toContain("turnspan.cost");
    expect(sink.text()).toContain('{"key":"service.name","value":{"stringValue":"support-bot"}}');
    // 1000 × 2.5 + 100 × 10 dollars per million.
    expect(sink.text()).toContain('{"key":"turnspan.cost.usd","value":{"doubleValue":0.0035}}');
  });

  test(`${name}: the resource names service, instance and host, and no argument`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({ ...quiet, endpoint: sink.url, protocol: "http/json" });
    telemetry.tracerProvider.getTracer("t").startSpan("span").end();
    await telemetry.shutdown();
    const [resource = ""] = sink.text().match(/"resource":\{.*?\]/) ?? [];
    const names = [...resource.matchAll(/"key":"([^"]+)"/g)].map(([, key]) => key);
    expect(names.toSorted()).toEqual([
      "host.name",
      "service.instance.id",
      "service.name",
      "telemetry.sdk.language",
      "telemetry.sdk.name",
      "telemetry.sdk.version",
    ]);
  });

  test(`${name}: the span processor dispatches hooks, each once`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({ ...quiet, endpoint: sink.url });
    const called: string[] = [];
    const { hooks } = telemetry.turnspan;
    hooks.on("beforeTurn", () => void called.push("beforeTurn"));
    hooks.on("afterTurn", () => void called.push("afterTurn"));
    hooks.on("session:end", ({ type, action }) => void called.push(`${type}:${action}`));
    const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
    await session.turn({}, () => "done");
    await telemetry.shutdown();
    expect(called).toEqual(["beforeTurn", "afterTurn", "session:end"]);
  });

  test(`${name}: deferred spans get the ids that a host gave`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({
      ...quiet,
      endpoint: sink.url,
      protocol: "http/json",
      spans: "deferred",
    });
    const run = { runId: "r", time: 1_790_000_000_000 } as const;
    const ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
    telemetry.turnspan.observe({ ...run, type: "run.start", sessionKey: "k", trace: ids });
    telemetry.turnspan.observe({ ...run, type: "run.end", outcome: "completed" });
    await telemetry.shutdown();
    expect(sink.text()).toContain(`"traceId":"${ids.traceId}","spanId":"${ids.spanId}"`);
  });

  test(`${name}: shutting down ends what is open, waits for hooks, and is done once`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({ ...quiet, endpoint: sink.url });
    let finished = 0;
    telemetry.turnspan.hooks.on("session:end", async () => {
      await setTimeout(20);
      finished += 1;
    });
    telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
    await Promise.all([telemetry.shutdown(), telemetry.shutdown()]);
    await telemetry[Symbol.asyncDispose]();
    expect(finished).toBe(1);
    // A slow machine makes the handler slow enough for a span of its own.
    const sessions = sink.names("traces").filter((span) => !span.startsWith("hook "));
    expect(sessions).toEqual(["session a"]);
    expect(sink.names("logs")).toEqual(["session.start", "session.end"]);
  });

  test(`${name}: what is recorded after the shutdown is counted, and breaks nothing`, async () => {
    await using sink = await startOtlpSink();
    const telemetry = await start({ ...quiet, endpoint: sink.url });
    await telemetry.shutdown();
    telemetry.tracerProvider.getTracer("t").startSpan("late").end();
    using session = telemetry.turnspan.openSession({ sessionKey: "k" });
    await session.turn({}, () => "done");
    expect(telemetry.dropped()).toContainEqual({
      signal: "traces",
      reason: "shutdown",
      count: expect.any(Number),
    });
  });
}
