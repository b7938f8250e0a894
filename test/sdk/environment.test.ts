import { propagation, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { startTelemetry } from "../../src/sdk/start.ts";
import type { Telemetry } from "../../src/sdk/telemetry.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const stubEnv = (variables: Record<string, string>): void => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};

/** Both ways to an SDK honour the same variables. */
const STARTS = { startTelemetry, createProviders };

/** One span, one record and one point. */
function record(telemetry: Telemetry): void {
  telemetry.tracerProvider.getTracer("t").startSpan("span").end();
  telemetry.loggerProvider.getLogger("t").emit({
    eventName: "event",
    timestamp: 1,
    severityNumber: 9,
    severityText: "INFO",
    attributes: {},
    context: ROOT_CONTEXT,
  });
  telemetry.meterProvider.getMeter("t").createCounter("counter").add(1);
}

for (const [name, start] of Object.entries(STARTS)) {
  /** Starts with variables, records one of each, and shuts down. */
  const run = async (
    variables: (sink: OtlpSink) => Record<string, string>,
    body: (telemetry: Telemetry) => void = record,
  ): Promise<OtlpSink> => {
    const sink = await startOtlpSink();
    stubEnv({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      ...variables(sink),
    });
    const telemetry = await start({ exitGuard: false });
    body(telemetry);
    await telemetry.shutdown();
    return sink;
  };

  test(`${name}: the general endpoint gets the signals' paths`, async () => {
    await using sink = await run(({ url }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/` }));
    expect(sink.requests.map(({ path }) => path).toSorted()).toEqual([
      "/base/v1/logs",
      "/base/v1/metrics",
      "/base/v1/traces",
    ]);
  });

  test(`${name}: a signal's own endpoint is taken as it is`, async () => {
    await using sink = await run(({ url }) => ({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/mine/traces`,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url}/mine/logs`,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/mine/metrics`,
    }));
    expect(sink.requests.map(({ path }) => path).toSorted()).toEqual([
      "/mine/logs",
      "/mine/metrics",
      "/mine/traces",
    ]);
  });

  test(`${name}: headers of all signals, and a signal's own`, async () => {
    await using sink = await run(() => ({
      OTEL_EXPORTER_OTLP_HEADERS: "x-all=a%20b,x-one=general",
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: "x-one=own",
    }));
    for (const { signal, headers } of sink.requests) {
      expect(headers["x-all"]).toBe("a b");
      expect(headers["x-one"]).toBe(signal === "logs" ? "own" : "general");
    }
    expect(sink.requests).toHaveLength(3);
  });

  test(`${name}: the protocol, also by signal`, async () => {
    await using sink = await run(() => ({
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
    }));
    const types = Object.fromEntries(
      sink.requests.map(({ signal, headers }) => [signal, headers["content-type"]]),
    );
    expect(types).toEqual({
      traces: "application/json",
      logs: "application/x-protobuf",
      metrics: "application/x-protobuf",
    });
    expect([sink.names("traces"), sink.names("logs")]).toEqual([["span"], ["event"]]);
    expect(sink.names("metrics")).toContain("counter");
  });

  test(`${name}: compression`, async () => {
    await using sink = await run(() => ({
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
    }));
    const encodings = Object.fromEntries(
      sink.requests.map(({ signal, headers }) => [signal, headers["content-encoding"]]),
    );
    expect(encodings).toEqual({ traces: undefined, logs: "gzip", metrics: "gzip" });
    expect(sink.names("logs")).toEqual(["event"]);
  });

  test(`${name}: the exporter's timeout`, async () => {
    await using sink = await startOtlpSink({ answer: () => {} });
    stubEnv({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: "50",
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "60",
    });
    await using telemetry = await start({ exitGuard: false });
    record(telemetry);
    const began = performance.now();
    expect(await telemetry.forceFlush(5000)).toBe(true);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(telemetry.dropped().map(({ signal, reason }) => `${signal} ${reason}`)).toEqual(
      expect.arrayContaining(["traces export_failed", "logs export_failed"]),
    );
  });

  test(`${name}: no exporter for a signal, or the console`, async () => {
    const printed = vi.spyOn(console, "dir").mockImplementation(() => {});
    await using sink = await run(() => ({
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
    await using sink = await run(
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
        for (let index = 0; index < 4; index += 1) record(telemetry);
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
    record(telemetry);
    await expect.poll(() => sink.names("metrics").length).toBeGreaterThan(2);
  });

  test(`${name}: temporality and histograms of metrics`, async () => {
    await using sink = await run(
      () => ({
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION:
          "base2_exponential_bucket_histogram",
      }),
      ({ meterProvider }) => meterProvider.getMeter("t").createHistogram("h").record(3),
    );
    expect(sink.text()).toContain('"exponentialHistogram":{"aggregationTemporality":1');
  });

  test(`${name}: who sends`, async () => {
    await using sink = await run(() => ({
      OTEL_SERVICE_NAME: "by-name",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=by-attribute,team=a%20team",
    }));
    expect(sink.text()).toContain('{"key":"service.name","value":{"stringValue":"by-name"}}');
    expect(sink.text()).toContain('{"key":"team","value":{"stringValue":"a team"}}');
  });

  test(`${name}: detectors that are asked for, but never the command line`, async () => {
    await using sink = await run(() => ({ OTEL_NODE_RESOURCE_DETECTORS: "all" }));
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
      await using sink = await run(() => variables, startTwo);
      expect(sink.names("traces")).toEqual(expected);
    }
  });

  test(`${name}: limits of spans and records`, async () => {
    await using sink = await run(
      () => ({
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "1",
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "3",
        OTEL_SPAN_EVENT_COUNT_LIMIT: "1",
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: "1",
      }),
      ({ tracerProvider, loggerProvider }) => {
        const span = tracerProvider.getTracer("t").startSpan("span");
        span.setAttributes({ kept: "abcdef", gone: 1 });
        span.addEvent("first").addEvent("last").end();
        loggerProvider.getLogger("t").emit({
          eventName: "event",
          timestamp: 1,
          severityNumber: 9,
          severityText: "INFO",
          attributes: { stays: "uvwxyz", leaves: 1 },
          context: ROOT_CONTEXT,
        });
      },
    );
    expect(sink.text()).toContain('{"key":"kept","value":{"stringValue":"abc"}}');
    expect(sink.text()).toContain('{"key":"stays","value":{"stringValue":"uvw"}}');
    expect(sink.text()).toContain('"name":"last"');
    expect(sink.text()).not.toMatch(/"(gone|leaves|first)"/);
  });

  test(`${name}: an SDK that is disabled sends nothing, and hooks still work`, async () => {
    const turns: unknown[] = [];
    await using sink = await run(
      () => ({ OTEL_SDK_DISABLED: "true" }),
      (telemetry) => {
        record(telemetry);
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
