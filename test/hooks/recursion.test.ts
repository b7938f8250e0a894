import { EventEmitter } from "node:events";
import { setImmediate as nextLoop } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTestTelemetry } from "../support/telemetry.ts";

type TestTelemetry = ReturnType<typeof startTestTelemetry>;

const recordsOf = (telemetry: TestTelemetry, name: string) =>
  telemetry.records().filter(({ eventName }) => eventName === name);

/** What is under way in hooks may set off more: nothing new for some rounds means that it is over. */
async function untilQuiet(telemetry: TestTelemetry): Promise<number> {
  let [seen, quiet] = [-1, 0];
  for (let rounds = 0; quiet < 20 && rounds < 10_000; rounds += 1) {
    await telemetry.turnspan.hooks.settled(60_000);
    await nextLoop();
    const found = telemetry.records().length;
    quiet = found === seen ? quiet + 1 : 0;
    seen = found;
  }
  return seen;
}

test("a hook that patches its session back stops at depth 3, with one record of that", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  const session = turnspan.openSession({ sessionKey: "web:42", agentId: "a" });
  let labels = 0;
  turnspan.hooks.on("session:patch", () => {
    labels += 1;
    session.patch({ label: `by hook ${labels}` });
  });
  session.patch({ label: "by hand" });
  session.patch({ label: "by hand again" });
  await untilQuiet(telemetry);
  const patches = recordsOf(telemetry, "turnspan.session.patch");
  // The one by hand, and one for each depth; then the same for the second.
  expect(patches).toHaveLength(8);
  const failures = recordsOf(telemetry, "turnspan.hook.failure");
  expect(failures.map(({ attributes }) => attributes)).toMatchObject([
    {
      "turnspan.hook.name": "session:patch",
      "error.type": "hook_depth",
      "session.id": "web:42",
      "turnspan.error.message": "not called: hooks set off hooks that set off hooks",
    },
  ]);
  const dropped = await telemetry.points("turnspan.telemetry.dropped");
  expect(dropped.map(({ value, attributes }) => [value, attributes["turnspan.reason"]])).toEqual([
    [2, "hook_depth"],
  ]);
});

test("two hooks that set off each other, after an await too, lose no change of 1,000 and come to rest", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  const ping = turnspan.openSession({ sessionKey: "ping", agentId: "a" });
  const pong = turnspan.openSession({ sessionKey: "pong", agentId: "a" });
  const calls = { ping: 0, pong: 0 };
  turnspan.hooks.on("session:patch", ({ sessionKey }) => {
    if (sessionKey !== "ping") return;
    calls.ping += 1;
    pong.patch({ label: `pong ${calls.ping}` });
  });
  turnspan.hooks.on("session:patch", async ({ sessionKey }) => {
    await nextLoop();
    if (sessionKey !== "pong") return;
    calls.pong += 1;
    ping.patch({ label: `ping ${calls.pong}` });
  });
  const BY_HAND = 1000;
  for (let at = 0; at < BY_HAND; at += 1) {
    // Of one handler no more than 1000 promises are watched at a time.
    if (at % 100 === 0) await nextLoop();
    ping.patch({ label: `by hand ${at}` });
  }
  const seen = await untilQuiet(telemetry);
  // Depth 1 and 3 are the first hook's, depth 2 the second's; a patch for each call, and one by hand.
  expect(calls).toEqual({ ping: 2 * BY_HAND, pong: BY_HAND });
  expect(recordsOf(telemetry, "turnspan.session.patch")).toHaveLength(4 * BY_HAND);
  expect(recordsOf(telemetry, "turnspan.hook.failure")).toHaveLength(1);
  await nextLoop();
  expect(telemetry.records()).toHaveLength(seen);
}, 120_000);

test("without the mark of its depth such a hook never ends: the tests above can fail", () => {
  const naive = new EventEmitter();
  naive.on("patch", () => naive.emit("patch"));
  expect(() => naive.emit("patch")).toThrow(RangeError);
});
