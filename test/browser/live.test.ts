import { expect, test } from "vitest";
import { openStage } from "./stage.ts";
import { openTelemetry } from "./story.ts";

test("a running turn appears on open pages, and its end too", async () => {
  await using stage = await openStage();
  const { page } = stage;
  const telemetry = await openTelemetry(stage.server.server.otlpUrl);
  await stage.show("/");
  await page.getByText("Waiting for the first turn").waitFor();
  using session = telemetry.turnspan.openSession({ sessionKey: "live", agentId: "slow" });
  const finish = Promise.withResolvers<void>();
  const startedMs = performance.now();
  const running = session.turn({ message: "Take your time" }, () => finish.promise);
  const row = page.getByRole("link", { name: /Running.*live/ });
  await row.waitFor();
  console.log(
    `a running turn was seen ${Math.round(performance.now() - startedMs)} ms after it started`,
  );

  await row.click();
  const turn = page.getByRole("link", { name: /Turn 1/ });
  await turn.getByText("Running").waitFor();
  await turn.click();
  await page.getByRole("heading", { name: "Turn 1", level: 1 }).waitFor();
  await page.getByRole("treeitem", { name: /slow/ }).waitFor();
  expect(await page.locator(".step-bar.is-running").count()).toBe(1);
  finish.resolve();
  await running;
  await page.locator(".page-head").getByText("Completed").waitFor();
  await page.locator(".step-bar:not(.is-running)").waitFor();
  await telemetry.shutdown();
  expect(stage.complaints).toEqual([]);
});

test("a server that is gone is said, and when it is back the page goes on by itself", async () => {
  await using stage = await openStage();
  const { page, server } = stage;
  await stage.show("/");
  await page.getByText("Waiting for the first turn").waitFor();
  const uiPort = Number(new URL(server.server.uiUrl).port);
  await server.server.close();
  const alert = page.getByRole("alert");
  await alert.getByText("The server does not answer").waitFor();

  await using again = await openStage({ server: { dataFolder: server.folder, uiPort } });
  const telemetry = await openTelemetry(again.server.server.otlpUrl);
  using session = telemetry.turnspan.openSession({ sessionKey: "after", agentId: "again" });
  await session.turn({ message: "Still there?" }, async () => {});
  await telemetry.forceFlush(10_000);
  await page.getByRole("link", { name: /Still there/ }).waitFor();
  await alert.waitFor({ state: "detached" });
  await telemetry.shutdown();
});
