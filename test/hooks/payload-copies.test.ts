import { expect, test } from "vitest";
import { copyData } from "../../src/hooks/copy-data.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

test("what handlers write into nested metadata, entries, patches and configs reaches nobody", async () => {
  await using telemetry = startTestTelemetry();
  const { hooks } = telemetry.turnspan;
  const evil = (holder: unknown): void => {
    Object.assign((holder as { nested: object }).nested, { word: "evil" });
  };
  hooks.on("session:start", ({ context }) => evil(context.metadata));
  hooks.on("session:patch", ({ context }) => {
    evil(context.sessionEntry);
    evil(context.cfg);
    evil(context.patch["permissions"]);
  });
  const seen: unknown[] = [];
  hooks.on("session:end", ({ context }) => seen.push(context.metadata));
  const metadata = { nested: { word: "good" } };
  const permissions = { nested: { word: "good" } };
  const entry = { nested: { word: "good" } };
  const cfg = { nested: { word: "good" } };
  const session = telemetry.turnspan.openSession({ sessionKey: "k", metadata });
  session.patch({ permissions }, { entry, cfg });
  session.end();
  expect([metadata, permissions, entry, cfg, ...seen]).toEqual(
    Array.from({ length: 5 }, () => ({ nested: { word: "good" } })),
  );
  const failures = telemetry.records().filter(({ eventName }) => eventName?.includes("hook"));
  expect(failures).toEqual([]);
});

test("a guard that spoils its payload still aborts, and what it did is known by its session and run", async () => {
  const findings: HookFinding[] = [];
  await using telemetry = startTestTelemetry();
  const { hooks } = telemetry.turnspan;
  hooks.connect({ report: (finding) => findings.push(finding) });
  const spoil = (payload: object): void => {
    for (const name of ["sessionKey", "runId"]) {
      Object.defineProperty(payload, name, {
        get: () => {
          throw new Error("trap");
        },
      });
    }
  };
  using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  const turn = () =>
    session.turn({ runId: "r", onBlocked: ({ reason }) => reason }, () => "let through");
  for (const guard of [
    (payload: object) => {
      spoil(payload);
      throw new Error("broken");
    },
    async (payload: object) => {
      spoil(payload);
      await Promise.resolve();
      throw new Error("broken");
    },
  ]) {
    using _ = hooks.on("beforeTurn", guard, { name: "closed", onFailure: "closed" });
    await expect(turn()).resolves.toBe('hook "closed" failed: broken');
  }
  expect(findings).toHaveLength(4);
  for (const finding of findings) expect(finding.sessionKey).toBe("k");
  expect(findings[0]?.runId).toBe("r");
});

test("a copy holds what the original holds, whatever that is", () => {
  class Host {
    readonly name = "host";
  }
  const host = new Host();
  const original: Record<string, unknown> = {
    date: new Date(5),
    map: new Map([[1, { a: 2 }]]),
    list: [1, [2, { deep: true }]],
    count: 7n,
    host,
    call: () => 1,
  };
  original["self"] = original;
  const copy = copyData(original);
  expect(copy).toEqual(original);
  expect(copy["self"]).toBe(copy);
  expect(copy["date"]).not.toBe(original["date"]);
  expect(copy["list"]).not.toBe(original["list"]);
  expect(copy["host"]).toBe(host);
  const odd = JSON.parse('{"__proto__": {"polluted": true}}');
  expect(Object.getPrototypeOf(copyData(odd))).toBe(Object.prototype);
});
