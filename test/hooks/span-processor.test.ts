import { type DiagLogger, diag, type Tracer } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { afterEach, expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import { HookSpanProcessor } from "../../src/hooks/span-processor.ts";
import { type HookCall, handOver } from "../../src/lifecycle/hand-over.ts";
import type { SpanIds } from "../../src/lifecycle/state.ts";
import { startTestTelemetry } from "../support/telemetry.ts";
import { startLibrary } from "./library.ts";

afterEach(() => {
  diag.disable();
});

/** The errors that are said to `diag` from here on. */
function keepErrors(): string[] {
  const errors: string[] = [];
  const quiet = (): void => undefined;
  const logger: DiagLogger = {
    error: (message) => errors.push(message),
    warn: quiet,
    info: quiet,
    debug: quiet,
    verbose: quiet,
  };
  diag.setLogger(logger);
  return errors;
}

/** A call that keeps with which ids it was dispatched. */
function keepCall(moment: HookCall["moment"]) {
  const ids: (SpanIds | undefined)[] = [];
  return { call: { moment, dispatch: (carrier?: SpanIds) => ids.push(carrier) }, ids };
}

test("a call is dispatched once, by the start of the span it was handed over with", () => {
  const { own } = startLibrary();
  const { call, ids } = keepCall("start");
  const span = handOver(call, () => own.startSpan("invoke_agent support"));
  expect(ids).toHaveLength(1);
  expect(ids[0]).toMatchObject({
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    traceFlags: 1,
  });
});

test("a call for an end waits for the end", () => {
  const { own } = startLibrary();
  const { call, ids } = keepCall("end");
  handOver(call, () => {
    const span = own.startSpan("invoke_agent support");
    expect(ids).toHaveLength(0);
    span.end();
    expect(ids).toHaveLength(1);
  });
  expect(ids).toHaveLength(1);
});

test("a span that another processor starts in between does not take the call", () => {
  let inner: Tracer | undefined;
  const meddler: SpanProcessor = {
    onStart: (span) => {
      if (span.name !== "inner") inner?.startSpan("inner").end();
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const { own, tracer, exported } = startLibrary([meddler]);
  inner = tracer;
  const { call, ids } = keepCall("start");
  const span = handOver(call, () => own.startSpan("invoke_agent support"));
  expect(ids[0]?.spanId).toBe(span.spanContext().spanId);
  expect(exported()).toEqual(["inner"]);
});

test("a call that throws reaches neither the host nor the processors behind, and is said once", () => {
  const errors = keepErrors();
  const { own, exported } = startLibrary();
  const dispatch = (): never => {
    throw new Error("broken");
  };
  for (const name of ["a", "b"]) {
    const span = handOver({ moment: "start", dispatch }, () => own.startSpan(name));
    handOver({ moment: "end", dispatch }, () => span.end());
  }
  expect(exported()).toEqual(["a", "b"]);
  expect(errors.filter((line) => line.includes("broken"))).toHaveLength(1);
});

test("a span that cannot be read is passed over", () => {
  const processor = new HookSpanProcessor(new HookEngine());
  const unreadable = new Proxy(
    {},
    {
      get: () => {
        throw new Error("unreadable");
      },
    },
  ) as never;
  expect(() => processor.onStart(unreadable)).not.toThrow();
  expect(() => processor.onEnd(unreadable)).not.toThrow();
});

test("a turn of ours is dispatched through the processor, with its span's ids at hand", async () => {
  await using telemetry = startTestTelemetry();
  const seen: (string | undefined)[] = [];
  const { hooks } = telemetry.turnspan;
  hooks.on("beforeTurn", ({ traceparent }) => {
    seen.push(traceparent);
  });
  hooks.on("afterTurn", ({ traceparent }) => seen.push(traceparent));
  const session = telemetry.turnspan.openSession({ sessionKey: "k", sessionId: "s", agentId: "a" });
  await session.turn({}, () => undefined);
  const { traceId, spanId } = telemetry.span("invoke_agent a").spanContext();
  expect(seen).toEqual([`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`]);
});

test("flushing and shutting down resolve", async () => {
  const { provider } = startLibrary();
  await provider.forceFlush();
  await provider.shutdown();
});
