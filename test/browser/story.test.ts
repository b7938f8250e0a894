import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openStage } from "./stage.ts";
import { FAILED_TURN_NANO_USD, FAILURE, playStory } from "./story.ts";

const failedTurn = (page: Page) => page.getByRole("link", { name: /Turn 2.*Failed/ });

async function expectExplained(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Turn 2", level: 1 }).waitFor();
  const why = page.getByRole("alert");
  await why.getByText("Failed: OrderError").waitFor();
  expect(await why.textContent()).toContain(FAILURE);
  expect(await why.textContent()).toContain("The step that failed: cancel_order");
  const cost = page.locator(".stat", { hasText: "Cost" }).locator("data");
  expect(await cost.getAttribute("value")).toBe(String(FAILED_TURN_NANO_USD));
  const settings = await page.locator(".story-settings").textContent();
  expect(settings).toContain("changed from claude-haiku-4-5 to claude-sonnet-4-5 by operator op-3");
}

async function expectWhoSetTheModel(page: Page): Promise<void> {
  const segment = page.locator(".segment", { hasText: "claude-sonnet-4-5" });
  await segment.waitFor();
  expect(await segment.textContent()).toContain("set by operator op-3");
}

test("with the mouse: the session, the failed turn, why, what it cost, and who changed the model", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  await stage.show("/");
  await page.getByRole("link", { name: /Where is my order/ }).click();
  await failedTurn(page).click();
  await expectExplained(page);
  await page.getByRole("button", { name: "cancel_order" }).click();
  const details = page.getByRole("complementary", { name: "The chosen step" });
  await details.getByText("OrderError").first().waitFor();
  await details.getByText('"order": 7').waitFor();
  await page.getByRole("link", { name: "All of the session" }).click();
  await expectWhoSetTheModel(page);
  expect(stage.complaints).toEqual([]);
});

test("with the keyboard alone: the same", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  await stage.show("/");
  await page.getByRole("link", { name: /Where is my order/ }).waitFor();
  const press = (key: string): Promise<void> => page.keyboard.press(key);
  await press("j");
  await press("Enter");
  await failedTurn(page).waitFor();
  await press("j");
  await press("j");
  await press("Enter");
  await expectExplained(page);
  await press("e");
  const details = page.getByRole("complementary", { name: "The chosen step" });
  await details.getByRole("heading", { name: "cancel_order" }).waitFor();
  await press("u");
  await expectWhoSetTheModel(page);
  await press("g");
  await press("c");
  await page.getByRole("heading", { name: "Cost", level: 1 }).waitFor();
  await press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  expect(stage.complaints).toEqual([]);
});

test("single keys do nothing where they were switched off, nor while a text is typed", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  await stage.show("/");
  await page.getByRole("searchbox").pressSequentially("gc?");
  expect(new URL(page.url()).pathname).toBe("/");
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("checkbox", { name: /Single keys/ }).uncheck();
  await page.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  expect(new URL(page.url()).pathname).toBe("/");
});
