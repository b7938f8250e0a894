import { propagation, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";
import { startTelemetry } from "../../src/sdk/start.ts";
import type { Telemetry } from "../../src/sdk/telemetry.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { emitEvent, recordOneEach, runWithEnv, sdkStarts, stubEnv } from "../support/sdk-runs.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

for (const [name, start] of Object.entries(sdkStarts)) {
  test(`${name}: no exporter for a signal, or the console`, async () => {
    const printed = vi.spyOn(console, "dir").mockImplementation(() => {});
    await using sink = await runWithEnv(start, () => ({
      OTEL_TRACES_EXPORTER: "console,otlp",
      OTEL_LOGS_EXPORTER: "console",
      OTEL_METRICS_EXPORTER: "none",
    }));
    expect(sink.requests.map(({ signal }) => signal)).toEqual(["traces"]);
    const shown = JSON.stringify(printed.mock.calls);
    printed.mockRestore();
    expect(shown).toContain('"name":"span"');
    expect(shown).toContain('"eventName":"event"');
  });

  test(`${name}: sizes and delays of the batches`, async () => {
    await using sink = await runWithEnv(
      start,
      () => ({
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "2",
        OTEL_BSP_MAX_QUEUE_SIZE: "4",
        OTEL_BSP_SCHEDULE_DELAY: "60000",
        OTEL_BSP_EXPORT_TIMEOUT: "10000",
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "1",
        OTEL_BLRP_MAX_QUEUE_SIZE: "1",
        OTEL_BLRP_SCHEDULE_DELAY: "60000",
        OTEL_BLRP_EXPORT_TIMEOUT: "10000",
      }),
      (telemetry) => {
        const { traces, logs } = telemetry.config.batch;
        expect(traces).toEqual({
          maxQueueSize: 4,
          maxBatchSize: 2,
          delayMs: 60_000,
          exportTimeoutMs: 10_000,
        });
        expect(logs).toMatchObject({ maxQueueSize: 1, maxBatchSize: 1 });
        for (let index = 0; index < 4; index += 1) recordOneEach(telemetry);
      },
    );
    expect(sink.requests.filter(({ signal }) => signal === "traces")).toHaveLength(2);
    expect(sink.requests.filter(({ signal }) => signal === "logs")).toHaveLength(4);
  });

  test(`${name}: the time between exports of metrics`, async () => {
    await using sink = await startOtlpSink();
    stubEnv({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_METRIC_EXPORT_INTERVAL: "20",
      OTEL_METRIC_EXPORT_TIMEOUT: "1000",
    });
    await using telemetry = await start({ exitGuard: false });
    recordOneEach(telemetry);
    await expect.poll(() => sink.names("metrics").length).toBeGreaterThan(2);
  });

  test(`${name}: who sends`, async () => {
    await using sink = await runWithEnv(start, () => ({
      OTEL_SERVICE_NAME: "by-name",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=by-attribute,team=a%20team",
    }));
    expect(sink.text()).toContain('{"key":"service.name","value":{"stringValue":"by-name"}}');
    expect(sink.text()).toContain('{"key":"team","value":{"stringValue":"a team"}}');
  });

  test(`${name}: detectors that are asked for, but never the command line`, async () => {
    await using sink = await runWithEnv(start, () => ({ OTEL_NODE_RESOURCE_DETECTORS: "all" }));
    expect(sink.text()).toContain('"process.pid"');
    expect(sink.text()).toContain('"host.id"');
    expect(sink.text()).not.toMatch(/"process\.command/);
  });

  test(`${name}: the sampler`, async () => {
    const startTwo = ({ tracerProvider }: Telemetry): void => {
      const tracer = tracerProvider.getTracer("t");
      tracer.startSpan("root").end();
      const spanContext = { traceId: "1".repeat(32), spanId: "1".repeat(16) };
      const parent = trace.setSpanContext(ROOT_CONTEXT, {
        ...spanContext,
        traceFlags: TraceFlags.SAMPLED,
      });
      tracer.startSpan("child", { kind: SpanKind.SERVER }, parent).end();
    };
    const rows = [
      [{ OTEL_TRACES_SAMPLER: "always_off" }, []],
      [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, ["child"]],
      [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, []],
      [
        { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" },
        ["child"],
      ],
      [{ OTEL_TRACES_SAMPLER: "always_on" }, ["root", "child"]],
    ] as const;
    for (const [variables, expected] of rows) {
      await using sink = await runWithEnv(start, () => variables, startTwo);
      expect(sink.names("traces")).toEqual(expected);
    }
  });

  test(`${name}: limits of spans and records`, async () => {
    await using sink = await runWithEnv(
      start,
      () => ({
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "1",
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "3",
        OTEL_SPAN_EVENT_COUNT_LIMIT: "1",
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: "1",
      }),
      (telemetry) => {
        const span = telemetry.tracerProvider.getTracer("t").startSpan("span");
        span.setAttributes({ kept: "abcdef", gone: 1 });
        span.addEvent("first").addEvent("last").end();
        emitEvent(telemetry, { stays: "uvwxyz", leaves: 1 });
      },
    );
    expect(sink.text()).toContain('{"key":"kept","value":{"stringValue":"abc"}}');
    expect(sink.text()).toContain('{"key":"stays","value":{"stringValue":"uvw"}}');
    expect(sink.text()).toContain('"name":"last"');
    expect(sink.text()).not.toMatch(/"(gone|leaves|first)"/);
  });

  test(`${name}: an SDK that is disabled sends nothing, and hooks still work`, async () => {
    const turns: unknown[] = [];
    await using sink = await runWithEnv(
      start,
      () => ({ OTEL_SDK_DISABLED: "true" }),
      (telemetry) => {
        recordOneEach(telemetry);
        telemetry.turnspan.hooks.on("session:start", ({ sessionKey }) => turns.push(sessionKey));
        telemetry.turnspan.openSession({ sessionKey: "k" }).end();
      },
    );
    expect(sink.requests).toEqual([]);
    expect(turns).toEqual(["k"]);
  });
}

test("startTelemetry: propagators", async () => {
  vi.stubEnv("OTEL_PROPAGATORS", "b3,baggage");
  await using _telemetry = await startTelemetry({ exitGuard: false });
  expect(propagation.fields()).toEqual(["b3", "baggage"]);
});
