import { afterEach, expect, test, vi } from "vitest";
import { CodedError } from "../../src/base/errors.ts";
import { resolveTelemetry } from "../../src/sdk/config.ts";
import { isLoopbackUrl } from "../../src/sdk/loopback.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("without options and variables, everything goes to the port for OTLP on this machine", () => {
  const config = resolveTelemetry({});
  expect(config.exporters.traces).toEqual([
    { kind: "otlp", protocol: "http/protobuf", url: "http://127.0.0.1:4318/v1/traces" },
  ]);
  expect(config).toMatchObject({
    disabled: false,
    content: "none",
    traceScope: "turn",
    sessionKeys: "plain",
    spans: "live",
    exitGuard: { signals: true, uncaughtException: false, timeoutMs: 1800 },
    metricIntervalMs: 60_000,
  });
});

test("queues hold no more than the 30 batches that OTLP lets under way", () => {
  const { traces, logs } = resolveTelemetry({}).batch;
  for (const limits of [traces, logs]) {
    expect(limits.maxQueueSize).toBeLessThanOrEqual(30 * limits.maxBatchSize);
  }
});

test("wrong options are told all at once, each with its path, and with those of the environment", () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318");
  vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "nowhere");
  const wrong = {
    protocol: "http/xml",
    content: "all",
    exitGuard: { timeoutMs: -1 },
    batch: { maxQueueSize: 1.5 },
    serviceNmae: "typo",
  };
  const start = (): unknown => resolveTelemetry(wrong as never);
  expect(start).toThrow(CodedError);
  try {
    start();
  } catch (error) {
    const { code, message } = error as CodedError;
    expect(code).toBe("TELEMETRY_OPTIONS_INVALID");
    for (const path of [
      "protocol:",
      "content:",
      "exitGuard",
      "batch.maxQueueSize:",
      'Unrecognized key: "serviceNmae"',
      "OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL",
      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: expected an http or https URL",
    ]) {
      expect(message).toContain(path);
    }
    expect(message.match(/OTEL_EXPORTER_OTLP_ENDPOINT:/g)).toHaveLength(1);
  }
});

test("what is given in code wins over the environment", () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://environment/");
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  vi.stubEnv("OTEL_BSP_MAX_QUEUE_SIZE", "7");
  const config = resolveTelemetry({
    endpoint: "https://code/base/",
    protocol: "http/json",
    batch: { maxQueueSize: 50 },
  });
  expect(config.exporters.traces).toEqual([
    { kind: "otlp", protocol: "http/json", url: "https://code/base/v1/traces" },
  ]);
  expect(config.batch.traces).toMatchObject({ maxQueueSize: 50, maxBatchSize: 50 });
});

test("values of the environment that make no sense are ignored, as OpenTelemetry wants it", () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon");
  vi.stubEnv("OTEL_TRACES_EXPORTER", "jaeger,otlp");
  vi.stubEnv("OTEL_BSP_MAX_QUEUE_SIZE", "-1");
  vi.stubEnv("OTEL_METRIC_EXPORT_INTERVAL", "soon");
  const config = resolveTelemetry({});
  expect(config.exporters.traces).toMatchObject([{ kind: "otlp", protocol: "http/protobuf" }]);
  expect(config.batch.traces.maxQueueSize).toBe(8192);
  expect(config.metricIntervalMs).toBe(60_000);
});

test("exporters are named by signal, as lists, or not wanted at all", () => {
  vi.stubEnv("OTEL_TRACES_EXPORTER", "otlp,console,otlp");
  vi.stubEnv("OTEL_LOGS_EXPORTER", "none");
  vi.stubEnv("OTEL_METRICS_EXPORTER", "prometheus");
  const { traces, logs, metrics } = resolveTelemetry({}).exporters;
  expect([traces, logs, metrics].map((list) => list.map(({ kind }) => kind))).toEqual([
    ["otlp", "console"],
    [],
    ["prometheus"],
  ]);
});

test("headers in code do not go with gRPC, and are not dropped in silence", () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  expect(() => resolveTelemetry({ headers: { authorization: "x" } })).toThrow("headers: cannot");
});

test.each([
  ["http://127.0.0.1:4318", true],
  ["http://127.9.9.9", true],
  ["http://2130706433/v1/traces", true],
  ["http://[::1]:4318", true],
  ["http://[::ffff:127.0.0.1]", true],
  ["https://localhost/", true],
  ["http://localhost.:4318", true],
  ["http://collector.localhost", true],
  ["http://0.0.0.0:4318", false],
  ["http://10.0.0.1", false],
  ["http://collector:4318", false],
  ["http://localhost.example.com", false],
  ["http://127.0.0.1.example.com", false],
  ["not a url", false],
])("%s is on this machine: %s", (url, expected) => {
  expect(isLoopbackUrl(url)).toBe(expected);
});
