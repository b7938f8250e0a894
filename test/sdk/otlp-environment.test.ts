import { afterEach, expect, test, vi } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { recordOneEach, runWithEnv, sdkStarts, stubEnv } from "../support/sdk-runs.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

for (const [name, start] of Object.entries(sdkStarts)) {
  test(`${name}: the general endpoint gets the signals' paths`, async () => {
    await using sink = await runWithEnv(start, ({ url }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/`,
    }));
    expect(sink.requests.map(({ path }) => path).toSorted()).toEqual([
      "/base/v1/logs",
      "/base/v1/metrics",
      "/base/v1/traces",
    ]);
  });

  test(`${name}: a signal's own endpoint is taken as it is`, async () => {
    await using sink = await runWithEnv(start, ({ url }) => ({
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
    await using sink = await runWithEnv(start, () => ({
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
    await using sink = await runWithEnv(start, () => ({
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
    await using sink = await runWithEnv(start, () => ({
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
    recordOneEach(telemetry);
    // The default is 10 s.
    expect(await telemetry.forceFlush(9000)).toBe(true);
    expect(telemetry.dropped().map(({ signal, reason }) => `${signal} ${reason}`)).toEqual(
      expect.arrayContaining(["traces export_failed", "logs export_failed"]),
    );
  });

  test(`${name}: temporality and histograms of metrics`, async () => {
    await using sink = await runWithEnv(
      start,
      () => ({
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION:
          "base2_exponential_bucket_histogram",
      }),
      ({ meterProvider }) => meterProvider.getMeter("t").createHistogram("h").record(3),
    );
    expect(sink.text()).toContain('"exponentialHistogram":{"aggregationTemporality":1');
  });
}
