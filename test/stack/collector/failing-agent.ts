// An agent that takes ten turns a second. A line on standard input, `fail` or `work`, says how the next ones end.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startTelemetry } from "../../../src/sdk/start.ts";

const telemetry = await startTelemetry({ serviceName: "alerted", exitGuard: false });
const session = telemetry.turnspan.openSession({ sessionKey: "alerts", agentId: "support" });
const state = { isFailing: false, isOver: false };

createInterface({ input: process.stdin })
  .on("line", (line) => {
    state.isFailing = line === "fail";
  })
  .on("close", () => {
    state.isOver = true;
  });

const work = (): Promise<void> =>
  state.isFailing ? Promise.reject(new RangeError("as told")) : Promise.resolve();

while (!state.isOver) {
  await session.turn({}, work).catch(() => {});
  await sleep(100);
}
await telemetry.shutdown();
