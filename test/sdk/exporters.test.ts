import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, expect, test, vi } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { findClosedPort, startOtlpSink } from "../support/otlp-sink.ts";
import { recordOneEach } from "../support/sdk-runs.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ["http/json", (field: string) => JSON.stringify({ partialSuccess: { [field]: "3" } })],
  // Field 1, partial success, of two bytes: field 1, the number rejected, 3.
  ["http/protobuf", () => Buffer.from([0x0a, 0x02, 0x08, 0x03])],
] as const)(
  "what a receiver rejects of a request is counted, over %s",
  async (protocol, answer) => {
    const fields = {
      traces: "rejectedSpans",
      logs: "rejectedLogRecords",
      metrics: "rejectedDataPoints",
    };
    await using sink = await startOtlpSink({
      answer: (response, { signal }) => void response.end(answer(fields[signal])),
    });
    await using telemetry = await createProviders({ endpoint: sink.url, protocol });
    recordOneEach(telemetry);
    telemetry.meterProvider.getMeter("t").createCounter("c").add(1);
    await telemetry.forceFlush();
    expect(telemetry.dropped()).toEqual(
      expect.arrayContaining(
        ["traces", "logs", "metrics"].map((signal) => ({ signal, reason: "rejected", count: 3 })),
      ),
    );
  },
);

test("what is lost shows as a metric", async () => {
  await using sink = await startOtlpSink({
    answer: (response, { signal }) => {
      response.statusCode = signal === "traces" ? 400 : 200;
      response.end();
    },
  });
  await using telemetry = await createProviders({ endpoint: sink.url, protocol: "http/json" });
  const tracer = telemetry.tracerProvider.getTracer("t");
  for (let index = 0; index < 5; index += 1) tracer.startSpan("span").end();
  await telemetry.shutdown();
  expect(telemetry.dropped()).toEqual([{ signal: "traces", reason: "export_failed", count: 5 }]);
  const metric = sink.text().match(/"name":"turnspan.telemetry.dropped".*/)?.[0] ?? "";
  expect(metric).toContain('{"key":"turnspan.signal","value":{"stringValue":"traces"}}');
  expect(metric).toContain('{"key":"turnspan.reason","value":{"stringValue":"export_failed"}}');
  expect(metric).toMatch(/"asDouble":5/);
});

test("a burst of 100,000 spans: each is delivered or counted, none is lost in silence", async () => {
  await using sink = await startOtlpSink();
  await using telemetry = await createProviders({ endpoint: sink.url, metrics: false });
  const tracer = telemetry.tracerProvider.getTracer("t");
  for (let index = 0; index < 100_000; index += 1) tracer.startSpan("span").end();
  // So long that no batch is given up whose answer is on its way: that one would be delivered and counted.
  await telemetry.shutdown(60_000);
  const delivered = sink.names("traces").length;
  const dropped = telemetry.dropped().reduce((total, { count }) => total + count, 0);
  console.log(`burst of 100,000 spans in one tick: ${delivered} delivered, ${dropped} counted`);
  expect(delivered + dropped).toBe(100_000);
  expect(delivered).toBeGreaterThanOrEqual(8192);
});

test("the SDK's own processor loses most of such a burst, and says nothing: the control", async () => {
  await using sink = await startOtlpSink();
  const said: unknown[] = [];
  const say = (...words: unknown[]): void => void said.push(words);
  diag.setLogger({ error: say, warn: say, info: say, debug: () => {}, verbose: () => {} });
  const exporter = new OTLPTraceExporter({ url: `${sink.url}/v1/traces` });
  const processor = new BatchSpanProcessor({ exporter });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer("t");
  for (let index = 0; index < 100_000; index += 1) tracer.startSpan("span").end();
  await processor.shutdown();
  diag.disable();
  const delivered = sink.names("traces").length;
  console.log(
    `the same with the SDK's own processor: ${delivered} delivered, ${said.length} words`,
  );
  expect(delivered).toBeLessThan(10_000);
  expect(said).toEqual([]);
});

test("a queue of far more than 30 batches loses nothing when it is flushed", async () => {
  await using sink = await startOtlpSink();
  const batch = { maxQueueSize: 100_000 };
  await using telemetry = await createProviders({ endpoint: sink.url, metrics: false, batch });
  const tracer = telemetry.tracerProvider.getTracer("t");
  for (let index = 0; index < 100_000; index += 1) tracer.startSpan("span").end();
  expect(await telemetry.forceFlush(60_000)).toBe(true);
  expect(sink.names("traces").length).toBe(100_000);
  expect(telemetry.dropped()).toEqual([]);
});

test("a flush comes back only when the batch that was under way has arrived", async () => {
  await using sink = await startOtlpSink({
    answer: (response) => void setTimeout(() => response.end(), 200),
  });
  const batch = { maxBatchSize: 1 };
  await using telemetry = await createProviders({ endpoint: sink.url, metrics: false, batch });
  telemetry.tracerProvider.getTracer("t").startSpan("span").end();
  const began = performance.now();
  expect(await telemetry.forceFlush()).toBe(true);
  expect(performance.now() - began).toBeGreaterThan(190);
  expect(sink.names("traces")).toEqual(["span"]);
});

test("a dead exporter of one signal holds no other up", async () => {
  await using sink = await startOtlpSink();
  const dead = `http://127.0.0.1:${await findClosedPort()}/v1/traces`;
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url);
  vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", dead);
  const telemetry = await createProviders();
  recordOneEach(telemetry);
  // The dead one takes all of that time.
  await telemetry.shutdown(3000);
  expect(sink.names("logs")).toEqual(["event"]);
  expect(sink.names("metrics")).toContain("counter");
  expect(telemetry.dropped()).toEqual([{ signal: "traces", reason: "shutdown", count: 1 }]);
});

test("gRPC is the SDK's own: what it fails to send is counted", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "200");
  const endpoint = `http://127.0.0.1:${await findClosedPort()}`;
  const telemetry = await createProviders({ endpoint });
  recordOneEach(telemetry);
  await telemetry.shutdown();
  expect(telemetry.dropped()).toEqual(
    expect.arrayContaining([{ signal: "traces", reason: "export_failed", count: 1 }]),
  );
});

test("metrics can be asked for by Prometheus", async () => {
  const port = await findClosedPort();
  vi.stubEnv("OTEL_METRICS_EXPORTER", "prometheus");
  vi.stubEnv("OTEL_EXPORTER_PROMETHEUS_PORT", String(port));
  vi.stubEnv("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1");
  vi.stubEnv("OTEL_TRACES_EXPORTER", "none");
  vi.stubEnv("OTEL_LOGS_EXPORTER", "none");
  await using telemetry = await createProviders();
  telemetry.meterProvider.getMeter("t").createCounter("asked").add(2);
  const page = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(await page.text()).toMatch(/^asked_total\S* 2/m);
});

test("spans can go to Zipkin", async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push((await buffer(request)).toString());
    response.writeHead(202).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("OTEL_TRACES_EXPORTER", "zipkin");
  vi.stubEnv("OTEL_LOGS_EXPORTER", "none");
  vi.stubEnv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", `http://127.0.0.1:${port}/api/v2/spans`);
  const telemetry = await createProviders({ metrics: false });
  recordOneEach(telemetry);
  await telemetry.shutdown();
  server.closeAllConnections();
  server.close();
  expect(bodies.join()).toContain('"name":"span"');
});
