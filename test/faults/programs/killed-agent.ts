/**
 * An agent that does the same every time, a step after the other, each safe on disk before the next. It
 * kills itself after the step of the number $KILL_AFTER, or, where there is none, ends what another one
 * left. It says `did <step>` for each step, `records <count>` at its end, and `end <session key> <reason>` when a `session:end`
 * handler is called.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Telemetry } from "../../../src/sdk/start.ts";
import { startTelemetry } from "../../../src/sdk/start.ts";
import { say } from "./say.ts";

const { FOLDER = "", URL: url = "", KILL_AFTER = "" } = process.env;

const telemetry: Telemetry = await startTelemetry({
  serviceName: "killed",
  metrics: false,
  endpoint: url.replace("/v1/logs", ""),
  protocol: "http/json",
  audit: { folder: FOLDER, destinations: [{ name: "test", url, protocol: "http/json" }] },
});
const { turnspan } = telemetry;
turnspan.hooks.on("session:end", ({ sessionKey, turnspan: { reason } }) => {
  say(`end ${sessionKey} ${reason}`);
});

async function untilSafe(): Promise<void> {
  while ((telemetry.audit()[0]?.log.waitingBytes ?? 0) > 0) await sleep(1);
  // Handlers are called a moment later.
  await sleep(5);
}

let steps = 0;

/** One more thing is done: it is safe, and then the process may die. */
async function step(what: string): Promise<void> {
  await untilSafe();
  say(`did ${what}`);
  steps += 1;
  if (String(steps) === KILL_AFTER) process.kill(process.pid, "SIGKILL");
}

async function work(): Promise<void> {
  const one = turnspan.openSession({ sessionKey: "one", agentId: "main" });
  await step("open one");
  const two = turnspan.openSession({ sessionKey: "two", agentId: "main" });
  await step("open two");
  await one.turn({}, async (turn) => {
    await step("begin one/0");
    one.patch({ model: "m" });
    await step("patch one");
    await turn.subagent({ agentId: "writer", label: "draft" }, () => step("spawn draft"));
    await step("finish draft");
  });
  await step("complete one/0");
  await one
    .turn({}, async () => {
      await step("begin one/1");
      throw new RangeError("as planned");
    })
    .catch(() => {});
  await step("fail one/1");
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const inTwo = two.turn({}, () => first.promise);
  await step("begin two/0");
  const inOne = one.turn({}, () => second.promise);
  await step("begin one/2");
  first.resolve();
  await inTwo;
  await step("complete two/0");
  two.end();
  await step("close two");
  second.resolve();
  await inOne;
  await step("complete one/2");
  one.end();
  await step("close one");
}

if (KILL_AFTER === "") {
  await telemetry.recover();
  await telemetry.forceFlush(60_000);
} else {
  await work();
}
say(`steps ${steps}`);
await telemetry.shutdown();
