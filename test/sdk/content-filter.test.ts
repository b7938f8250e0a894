import { afterEach, expect, test, vi } from "vitest";
import type { TelemetryOptions } from "../../src/sdk/config.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import type { Telemetry } from "../../src/sdk/telemetry.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { emitEvent } from "../support/sdk-runs.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const CONTENT = [
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
] as const;

/** Spans, span events and records full of content, as another library may write them. */
function recordContent(telemetry: Telemetry): void {
  const content = Object.fromEntries(CONTENT.map((name) => [name, "the user's words"]));
  const attributes = { ...content, "gen_ai.request.model": "m" };
  const span = telemetry.tracerProvider.getTracer("t").startSpan("span", { attributes });
  span.addEvent("said", attributes).end();
  emitEvent(telemetry, attributes);
}

const showsContent = async (
  content: TelemetryOptions["content"],
  host: string,
): Promise<boolean> => {
  await using sink = await startOtlpSink();
  const endpoint = sink.url.replace("127.0.0.1", host);
  const options = { endpoint, content, protocol: "http/json", metrics: false } as const;
  await using telemetry = await createProviders(options);
  recordContent(telemetry);
  await telemetry.shutdown();
  const text = sink.text();
  expect(text.match(/"gen_ai.request.model"/g)).toHaveLength(3);
  const shown = CONTENT.filter((name) => text.includes(name)).length;
  expect([0, CONTENT.length]).toContain(shown);
  expect(text.includes("the user's words")).toBe(shown > 0);
  return shown > 0;
};

test.each([
  ["none", "127.0.0.1", false],
  ["none", "0.0.0.0", false],
  ["local", "127.0.0.1", true],
  ["local", "localhost", true],
  // This machine as well, but not by a name that says so.
  ["local", "0.0.0.0", false],
  ["export", "127.0.0.1", true],
  ["export", "0.0.0.0", true],
] as const)("in mode %s, content reaches an exporter to %s: %s", async (mode, host, expected) => {
  expect(await showsContent(mode, host)).toBe(expected);
});

test("in mode local, the console is not shown content, and the span itself keeps it", async () => {
  vi.stubEnv("OTEL_TRACES_EXPORTER", "console");
  const printed = vi.spyOn(console, "dir").mockImplementation(() => {});
  await using telemetry = await createProviders({ content: "local", metrics: false });
  const attributes = { "gen_ai.input.messages": "the user's words" };
  const span = telemetry.tracerProvider.getTracer("t").startSpan("span", { attributes });
  span.end();
  const shown = JSON.stringify(printed.mock.calls);
  printed.mockRestore();
  expect(shown).toContain('"name":"span"');
  expect(shown).not.toContain("the user's words");
  expect(span).toMatchObject({ attributes });
});
