import { trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { HookEngine } from "../../src/hooks/engine.ts";
import { hasGlobalProvider } from "../../src/lifecycle/api-globals.ts";
import { findPartProblems } from "../../src/sdk/parts.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { startTelemetry } from "../../src/sdk/start.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { sdkStarts } from "../support/sdk-runs.ts";

test.each([
  ["clock", 5, "a function, got 5"],
  ["hooks", {}, "a HookEngine, got an object"],
  ["price", "free", 'a function, got "free"'],
  ["pricesFile", "", 'a text that is not empty, got ""'],
  ["append", true, "a function, got true"],
  ["onRecord", [], "a function, got an object"],
  ["source", "dream", 'one of live, replay, import, recovery, got "dream"'],
  ["host", 7, "a text that is not empty, got 7"],
  ["config", null, "a path, or what a config file would hold, got null"],
  ["actions", 1n.toString, "an object, got function"],
])("the part %s = %j is a problem with its name, and what was expected", (path, value, message) => {
  expect(findPartProblems({ [path]: value })).toEqual([{ path, message: `expected ${message}` }]);
});

for (const [name, start] of Object.entries(sdkStarts)) {
  test(`${name}: wrong parts are told at the start, with the wrong options, and nothing stays set`, async () => {
    const wrong = { clock: 5, host: 7, content: "all", exitGuard: false };
    await expect(start(wrong as never)).rejects.toMatchObject({
      code: "TELEMETRY_OPTIONS_INVALID",
      message: expect.stringMatching(
        /content: [\s\S]*host: expected[\s\S]*clock: expected a function/,
      ),
    });
    expect(hasGlobalProvider()).toBe(false);
  });

  test(`${name}: a clock that throws costs nothing of what was recorded, nor the shutdown`, async () => {
    await using sink = await startOtlpSink();
    let broken = false;
    const clock = (): number => {
      if (broken) throw new Error("no time");
      return Date.now();
    };
    const telemetry = await start({ endpoint: sink.url, exitGuard: false, metrics: false, clock });
    await telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" }).turn({}, () => "done");
    broken = true;
    await telemetry.shutdown();
    expect(sink.names("traces")).toContain("invoke_agent a");
    expect(hasGlobalProvider()).toBe(false);
  });
}

test("right parts are no problem", async () => {
  const right = { hooks: new HookEngine(), clock: Date.now, source: "replay", host: "h" } as const;
  expect(findPartProblems(right)).toEqual([]);
});

test("after a start that failed, the next one works", async () => {
  await expect(startTelemetry({ clock: 5 } as never)).rejects.toThrow("clock");
  await using telemetry = await startTelemetry({ exitGuard: false });
  expect(trace.getTracerProvider()).toHaveProperty("getDelegate");
  expect(telemetry.config.disabled).toBe(false);
  await using _beside = await createProviders({ metrics: false });
});
