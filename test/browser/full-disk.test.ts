import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeSpan, newId, traceRequest } from "../server/requests.ts";
import { openStage, type Stage } from "./stage.ts";

const OK = 200;
const FULL = 503;
const TRIES = 300;
const PAUSE_MS = 200;

/** Old spans that do not compress: retention lets them go. */
async function send({ server }: Stage): Promise<number> {
  const spans = Array.from({ length: 30 }, () =>
    makeSpan({
      startMs: Date.now() - 7_200_000 - Math.random() * 1e9,
      attributes: {
        "gen_ai.operation.name": "chat",
        "session.id": newId(16),
        text: Math.random().toString(36).repeat(2000),
      },
    }),
  );
  return (await server.send("traces", traceRequest(spans))).status;
}

async function sendUntil(stage: Stage, wanted: number, pauseMs: number): Promise<number> {
  let status = await send(stage);
  for (let tries = 0; status !== wanted && tries < TRIES; tries += 1) {
    await sleep(pauseMs);
    status = await send(stage);
  }
  return status;
}

test("a full store is said, and is over when there is room again", async () => {
  // The store may grow to half as much again; what is past the limit goes at the next look.
  await using stage = await openStage({ server: { maxBytes: 10_000_000, pruneEveryMs: 5_000 } });
  const { page } = stage;
  const band = page.getByRole("alert").filter({ hasText: "nothing new is stored" });
  await stage.show("/");
  expect(await band.count()).toBe(0);
  const said = band.waitFor();
  expect(await sendUntil(stage, FULL, 0)).toBe(FULL);
  await said;
  expect(await sendUntil(stage, OK, PAUSE_MS)).toBe(OK);
  await band.waitFor({ state: "detached" });
});
