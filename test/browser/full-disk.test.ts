import { expect, test } from "vitest";
import { makeSpan, newId, traceRequest } from "../server/requests.ts";
import { openStage, type Stage } from "./stage.ts";

const OK = 200;
const FULL = 503;
const MAX_TRIES = 300;
const HOUR_MS = 3_600_000;

/** Spans that do not compress. */
async function send({ server }: Stage): Promise<number> {
  const spans = Array.from({ length: 30 }, () =>
    makeSpan({
      startMs: Date.now(),
      attributes: {
        "gen_ai.operation.name": "chat",
        "session.id": newId(16),
        text: Math.random().toString(36).repeat(2000),
      },
    }),
  );
  return (await server.send("traces", traceRequest(spans))).status;
}

test("a full store is said on every page until there is room again", async () => {
  // The store may grow to half as much again, and nothing is removed from it meanwhile.
  await using stage = await openStage({ server: { maxBytes: 10_000_000, pruneEveryMs: HOUR_MS } });
  const { page, server } = stage;
  const full = page.getByRole("alert").filter({ hasText: "nothing new is stored" });
  await stage.show("/");
  expect(await full.count()).toBe(0);
  let status = OK;
  for (let tries = 0; status === OK && tries < MAX_TRIES; tries += 1) status = await send(stage);
  expect(status).toBe(FULL);
  await full.waitFor();
  await stage.show("/cost");
  await full.waitFor();

  // Whoever runs the server gives it more room; the open page finds out by itself.
  const uiPort = Number(new URL(server.server.uiUrl).port);
  await server.server.close();
  await using again = await openStage({ server: { dataFolder: server.folder, uiPort } });
  expect(await send(again)).toBe(OK);
  await full.waitFor({ state: "detached" });
  await expect.poll(() => page.getByRole("alert").count()).toBe(0);
});
