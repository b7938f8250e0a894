import { expect, test } from "vitest";
import type { SessionList } from "../../../src/server/api-types.ts";
import type { Gateway } from "../../support/openclaw/gateway.ts";
import { runTurn, startGatewayPair } from "../../support/openclaw/gateway-pair.ts";
import { INSPECTED, readLiveHeapMb } from "../../support/openclaw/live-heap.ts";
import { until } from "../../support/openclaw/scene.ts";

const WARM_UP_TURNS = 20;
const TURNS = 500;
const SESSIONS = 10;
const MAX_MORE_MB = 20;

async function runTurns(gateway: Gateway, name: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await runTurn(gateway, `${name}-${done}`, `agent:main:endurance-${done % SESSIONS}`);
  }
}

/** Megabytes that stay in memory of a gateway's 500 turns. */
async function measureGrowth(gateway: Gateway): Promise<number> {
  await runTurns(gateway, "warm", WARM_UP_TURNS);
  const before = await readLiveHeapMb(gateway);
  await runTurns(gateway, "turn", TURNS);
  return (await readLiveHeapMb(gateway)) - before;
}

test("500 turns in a row leave next to nothing in memory, and every one of them ends", async () => {
  await using gateways = await startGatewayPair(INSPECTED);
  const { bare, ours, server } = gateways;
  const [bareMb, oursMb] = await Promise.all([measureGrowth(bare), measureGrowth(ours)]);
  console.info(`grown by ${oursMb.toFixed(1)} MB, without the plugin by ${bareMb.toFixed(1)} MB`);
  expect(oursMb - bareMb).toBeLessThanOrEqual(MAX_MORE_MB);

  const all = WARM_UP_TURNS + TURNS;
  const sessions = await until("all turns", async () => {
    const found = (await server.ask<SessionList>("/api/sessions?limit=200")).sessions;
    const calls = found.reduce((sum, { totals }) => sum + totals.modelCalls, 0);
    return calls >= all && found.every(({ runningTurns }) => runningTurns === 0) && found;
  });
  const sum = (key: "turns" | "failedTurns"): number =>
    sessions.reduce((total, session) => total + session[key], 0);
  expect([sum("turns"), sum("failedTurns")]).toEqual([all, 0]);
  const { payload } = await ours.client.request("turnspan.status", {});
  expect(payload).toMatchObject({ running: true, openRuns: 0, dropped: [] });
}, 1_500_000);
