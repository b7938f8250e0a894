import { afterEach, expect, test, vi } from "vitest";
import { resolveTelemetry } from "../../src/sdk/config.ts";
import { readEndpoint, showEndpoint } from "../../src/sdk/endpoint.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { recordOneEach, sdkStarts } from "../support/sdk-runs.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ["http://h:4318", "http://h:4318/v1/traces"],
  ["http://h/base/", "http://h/base/v1/traces"],
  ["https://h/base?key=a%20b#top", "https://h/base/v1/traces?key=a%20b"],
  ["https://h/?key=1", "https://h/v1/traces?key=1"],
])("the signal's path is added to %s: %s", (text, url) => {
  expect(readEndpoint(text, "v1/traces")).toEqual({ url });
});

test("an own endpoint is taken as it is, and what is no http URL is none", () => {
  expect(readEndpoint("https://h/mine?key=1")).toEqual({ url: "https://h/mine?key=1" });
  for (const text of ["collector:4318", "ftp://h", "h", ""]) {
    expect(readEndpoint(text)).toBeUndefined();
  }
});

test.each([
  ["http://me:s%3Acret@h", "me:s:cret"],
  ["http://me@h", "me:"],
  ["http://:s@h", ":s"],
  ["http://me:100%@h", "me:100%"],
])("name and password of %s become a header", (text, pair) => {
  const Authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  expect(readEndpoint(text, "v1/logs")).toEqual({
    url: "http://h/v1/logs",
    headers: { Authorization },
  });
});

test.each([
  ["http://me:secret@h:4318/v1/traces?key=secret#secret", "http://h:4318/v1/traces"],
  ["http://h/", "http://h"],
  ["htt p://me:secret@h/x?key=secret", "htt p://h/x"],
  ["https//me:secret@h:99999?secret", "https//h:99999"],
])("nothing secret is shown of %s", (text, shown) => {
  expect(showEndpoint(text)).toBe(shown);
});

for (const [name, start] of Object.entries(sdkStarts)) {
  test(`${name}: name and password in an address are sent as Basic authorization`, async () => {
    await using sink = await startOtlpSink();
    vi.stubEnv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", sink.url.replace("//", "//you:own@"));
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `${sink.url.replace("//", "//me:secret@")}?k=v`);
    const telemetry = await start({ exitGuard: false });
    recordOneEach(telemetry);
    await telemetry.shutdown();
    expect(sink.requests).toHaveLength(3);
    for (const { headers, path } of sink.requests) {
      const pair = path === "/" ? "you:own" : "me:secret";
      expect(headers.authorization).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
    }
    const urls = telemetry.config.exporters.traces.map((target) => "url" in target && target.url);
    expect(urls).toEqual([`${sink.url}/v1/traces?k=v`]);
  });
}

test("name and password do not go with gRPC, and are not dropped in silence", () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
  expect(() => resolveTelemetry({ endpoint: "http://me:secret@h:4317" })).toThrow(
    "endpoint: name and password do not go with gRPC",
  );
});
