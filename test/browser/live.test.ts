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

  // Nobody reloaded the page: the list says whose turn it is, and what the next turns bring.
  await page.getByRole("link", { name: "Sessions", exact: true }).first().click();
  const listed = page.getByRole("link", { name: /Waiting for you.*Take your time/ });
  await listed.getByText("–").first().waitFor();
  await session.turn({ message: "Again" }, (again) =>
    again.modelCall({ provider: "anthropic", model: "claude-sonnet-4-5" }, (call) => {
      call.response({ usage: { inputTokens: 1000, outputTokens: 0 } });
    }),
  );
  await telemetry.forceFlush(10_000);
  await listed.locator("data[value='3000000']").waitFor();
  await listed.getByText("2 turns").waitFor();
  await telemetry.shutdown();
  expect(stage.complaints).toEqual([]);
});

test("a turn that waits for its user says so in the list and on its session's page, until it goes on", async () => {
  await using stage = await openStage();
  const { page } = stage;
  const telemetry = await openTelemetry(stage.server.server.otlpUrl);
  const { turnspan } = telemetry;
  using session = turnspan.openSession({ sessionKey: "asks", agentId: "careful" });
  const finish = Promise.withResolvers<void>();
  const running = session.turn({ message: "Delete it" }, () => finish.promise);
  const wait = (waitsFor: string | undefined): void =>
    turnspan.observe({ type: "session.wait", time: Date.now(), sessionKey: "asks", waitsFor });
  await stage.show("/");
  const listed = (state: string) => page.getByRole("link", { name: new RegExp(`${state}.*asks`) });
  await listed("Running").waitFor();
  wait("permission");
  await listed("Waiting for you").click();
  const head = page.locator(".page-head");
  await head.getByText("Waiting for you").waitFor();
  await page.getByText("waits for").waitFor();
  expect(await head.locator(".badge").getAttribute("title")).toBe("It asks for your permission");
  wait(undefined);
  await head.getByText("Running").waitFor();
  finish.resolve();
  await running;
  await head.getByText("Waiting for you").waitFor();
  expect(await page.getByText("waits for").count()).toBe(0);
  await telemetry.shutdown();
  expect(stage.complaints).toEqual([]);
});

test("settings changes and hooks' decisions appear on the open page of their session", async () => {
  await using stage = await openStage();
  const { page } = stage;
  const telemetry = await openTelemetry(stage.server.server.otlpUrl);
  const { turnspan } = telemetry;
  using _guard = turnspan.hooks.on(
    "beforeTurn",
    ({ message = "" }) =>
      message.includes("secret") ? { abort: true, reason: "not for you" } : undefined,
    { name: "keep-secrets" },
  );
  using session = turnspan.openSession({ sessionKey: "watched", agentId: "guarded" });
  await session.turn({ message: "Good morning" }, async () => {});
  await telemetry.forceFlush(10_000);
  await stage.show("/");
  await page.getByRole("link", { name: /Good morning/ }).click();
  await page.getByRole("link", { name: /Turn 1/ }).waitFor();
  session.patch({ effort: "high" }, { actor: { kind: "operator", id: "op-9" }, source: "console" });
  const change = page.locator(".moment-change");
  await change.getByText("Settings change by operator op-9, in console").waitFor();
  expect(await change.textContent()).toContain("high");
  const blocked = session.turn(
    { message: "Tell me the secret", onBlocked: ({ reason }) => reason },
    () => "never",
  );
  expect(await blocked).toBe("not for you");
  await page.getByRole("link", { name: /Turn 2.*Blocked.*keep-secrets: not for you/ }).waitFor();
  await page.locator(".moment-hook", { hasText: "keep-secrets abort: not for you" }).waitFor();
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
