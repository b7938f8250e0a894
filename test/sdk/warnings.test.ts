import { expect, test } from "vitest";
import { judgeEnvironment } from "../../src/sdk/environment.ts";
import { root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";

test.each([
  [
    { OTEL_TRACES_SAMPLER: "sometimes" },
    'OTEL_TRACES_SAMPLER: "sometimes" is ignored; allowed: always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio; used instead: parentbased_always_on',
  ],
  [
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
    'OTEL_TRACES_SAMPLER_ARG: "2" is ignored; allowed: 0 to 1; used instead: 1: every trace is sampled',
  ],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: "http" },
    'OTEL_EXPORTER_OTLP_PROTOCOL: "http" is ignored; allowed: http/json, http/protobuf, grpc; used instead: http/protobuf',
  ],
  [
    { OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "zstd" },
    'OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "zstd" is ignored; allowed: none, gzip; used instead: what counts for all signals',
  ],
  [
    { OTEL_TRACES_EXPORTER: "jaeger,otlp" },
    'OTEL_TRACES_EXPORTER: "jaeger" is ignored; allowed: otlp, console, zipkin, none; used instead: the rest of the list, or otlp',
  ],
  [
    { OTEL_SDK_DISABLED: "yes" },
    'OTEL_SDK_DISABLED: "yes" is ignored; allowed: true, false; used instead: false',
  ],
  [
    { OTEL_BSP_MAX_QUEUE_SIZE: "many" },
    'OTEL_BSP_MAX_QUEUE_SIZE: "many" is ignored; allowed: a number of 1 or more; used instead: the default',
  ],
])("%j is told of in one line", (env, line) => {
  expect(judgeEnvironment(env)).toEqual([line]);
});

test("right values, empty ones and none at all are not told of", () => {
  const right = {
    OTEL_SDK_DISABLED: " TRUE ",
    OTEL_LOG_LEVEL: "Debug",
    OTEL_TRACES_SAMPLER_ARG: "not asked for",
    OTEL_TRACES_EXPORTER: "otlp, console,",
    OTEL_METRICS_EXPORTER: "",
    OTEL_EXPORTER_OTLP_TIMEOUT: "250",
    OTEL_SPAN_EVENT_COUNT_LIMIT: "0",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "DELTA",
  };
  expect(judgeEnvironment(right)).toEqual([]);
  expect(judgeEnvironment({})).toEqual([]);
});

const START = `
import { startTelemetry } from "turnspan/sdk";
const telemetry = await startTelemetry();
console.log(telemetry.config.exporters.traces[0].protocol, telemetry.config.exporters.logs.length);
await telemetry.shutdown(1);`;

test("a program that starts with wrong variables says so once each, and goes on with the defaults", async () => {
  const args = ["--conditions=turnspan-source", "--input-type=module", "-e", START];
  const ended = await runProcess(process.execPath, args, {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon",
      OTEL_LOGS_EXPORTER: "paper",
    },
  });
  expect(ended).toMatchObject({ code: 0, stdout: "http/protobuf 1\n" });
  const warnings = ended.stderr.split("\n").filter((line) => line.includes("TurnspanWarning"));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain('OTEL_LOGS_EXPORTER: "paper" is ignored; allowed: otlp, console');
  expect(warnings[1]).toContain('OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon" is ignored');
});
