import { expect, test } from "vitest";
import { PresetIds } from "../../src/lifecycle/preset-ids.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

test("ids are random, well-formed and never repeated, beyond one pool of random bytes", () => {
  const preset = new PresetIds();
  const spanIds = Array.from({ length: 2000 }, () => preset.generateSpanId());
  const traceIds = Array.from({ length: 2000 }, () => preset.generateTraceId());
  expect(new Set([...spanIds, ...traceIds]).size).toBe(4000);
  expect(spanIds.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(traceIds.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
});

test("the slot serves one span, and a span started inside it gets nothing of what is left", () => {
  const preset = new PresetIds();
  const inner = preset.with(ids, () => {
    // A span with a parent asks for its span id alone; then a processor starts a root.
    expect(preset.generateSpanId()).toBe(ids.spanId);
    return [preset.generateSpanId(), preset.generateTraceId()];
  });
  expect(inner).not.toContain(ids.spanId);
  expect(inner).not.toContain(ids.traceId);
  expect(preset.generateTraceId()).not.toBe(ids.traceId);
});

test("a provider of ours gives a span the preset ids and times", async () => {
  await using telemetry = startTestTelemetry({ spans: "deferred" });
  const { turnspan } = telemetry;
  const time = 1_790_000_000_000;
  const trace32 = "4bf92f3577b34da6a3ce929d0e0e4736";
  const spanId = "00f067aa0ba902b7";
  void turnspan.observe({ type: "session.open", time, sessionKey: "k", agentId: "main" });
  void turnspan.observe({
    type: "run.start",
    time,
    runId: "r",
    sessionKey: "k",
    trace: { traceId: trace32, spanId },
  });
  void turnspan.observe({ type: "run.end", time: time + 5, runId: "r", outcome: "completed" });
  const span = telemetry.span("invoke_agent main");
  expect(span.spanContext()).toMatchObject({ traceId: trace32, spanId });
  expect([span.startTime, span.endTime]).toEqual([
    [1_790_000_000, 0],
    [1_790_000_000, 5_000_000],
  ]);
});

test("spans of ids that somebody else uses get ids of their own, in one trace, and links to those", async () => {
  await using telemetry = startTestTelemetry({ spans: "deferred" });
  const { turnspan } = telemetry;
  const time = 1_790_000_000_000;
  const run = { runId: "r", callId: "c" };
  const theirs = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", isTaken: true };
  const ofTurn = { ...theirs, spanId: "00f067aa0ba902b7", parentSpanId: "1".repeat(16) };
  const ofCall = { ...theirs, spanId: "a3ce929d0e0e4736" };
  turnspan.observe({ type: "session.open", time, sessionKey: "k", agentId: "main" });
  void turnspan.observe({ type: "run.start", time, runId: "r", sessionKey: "k", trace: ofTurn });
  turnspan.observe({ type: "model.start", time, ...run, model: "m", trace: ofCall });
  turnspan.observe({ type: "model.end", time: time + 4, ...run, model: "m", trace: ofCall });
  turnspan.observe({ type: "run.end", time: time + 5, runId: "r", outcome: "completed" });
  const turn = telemetry.span("invoke_agent main");
  const call = telemetry.span("chat m");
  const linked = (span: typeof turn): unknown[] =>
    span.links
      .filter(({ attributes }) => attributes?.["turnspan.link.kind"] === "host_span")
      .map(({ context: { traceId, spanId } }) => [traceId, spanId]);
  expect(linked(turn)).toEqual([[theirs.traceId, ofTurn.spanId]]);
  expect(linked(call)).toEqual([[theirs.traceId, ofCall.spanId]]);
  expect(turn.spanContext().traceId).not.toBe(theirs.traceId);
  expect(turn.parentSpanContext).toBeUndefined();
  expect(call.spanContext().traceId).toBe(turn.spanContext().traceId);
  expect(call.parentSpanContext?.spanId).toBe(turn.spanContext().spanId);
  expect(call.spanContext().spanId).not.toBe(ofCall.spanId);
});
