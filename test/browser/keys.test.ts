import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { TurnList } from "../../src/server/api-types.ts";
import { openStage } from "./stage.ts";
import { playStory } from "./story.ts";

const pathOf = (page: Page): string => new URL(page.url()).pathname;

async function chord(page: Page, keys: string): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

test("chords go to the pages, / searches, and ? tells of all keys", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  await stage.show("/");
  const session = page.getByRole("link", { name: /Where is my order/ });
  await session.waitFor();
  for (const [keys, heading] of [
    ["gc", "Cost"],
    ["ge", "Errors"],
    ["gs", "Sessions"],
  ] as const) {
    await chord(page, keys);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }
  await page.keyboard.press("/");
  await page.keyboard.type("nothing is called so");
  await page.getByText("No session is like that").waitFor();
  await page.getByRole("searchbox").fill("");
  await session.waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  for (const label of ["Next session", "Search", "Go to Cost"]) {
    await help.getByText(label, { exact: true }).waitFor();
  }
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  expect(stage.complaints).toEqual([]);
});

test("in a turn, keys go from step to step and to the turns beside it, and close and find steps", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  const { turns } = await stage.server.ask<TurnList>("/api/turns?state=failed");
  await stage.show(`/turns/${turns[0]?.id}`);
  const steps = page.getByRole("treeitem");
  await expect.poll(() => steps.count()).toBe(3);
  const chosen = page.getByRole("treeitem", { selected: true });
  await page.keyboard.press("j");
  await expect.poll(() => chosen.textContent()).toContain("claude-sonnet-4-5");
  await page.keyboard.press("k");
  await expect.poll(() => chosen.textContent()).toContain("support");
  await page.keyboard.press("[");
  await expect.poll(() => steps.count()).toBe(1);
  await page.keyboard.press("]");
  await expect.poll(() => steps.count()).toBe(3);
  await page.keyboard.press("/");
  await page.keyboard.type("cancel_order");
  await expect.poll(() => steps.count()).toBe(2);
  await page.keyboard.press("Escape");
  await page.keyboard.press("h");
  await page.getByRole("heading", { name: "Turn 1", level: 1 }).waitFor();
  await page.keyboard.press("l");
  await page.getByRole("heading", { name: "Turn 2", level: 1 }).waitFor();
  expect(stage.complaints).toEqual([]);
});

test("single keys do nothing where they were switched off, nor while a text is typed", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  await stage.show("/");
  await page.getByRole("searchbox").pressSequentially("gc?");
  expect(pathOf(page)).toBe("/");
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("checkbox", { name: /Single keys/ }).uncheck();
  await page.getByRole("button", { name: "Close" }).click();
  await chord(page, "gc");
  expect(pathOf(page)).toBe("/");
  await page.reload();
  await page.getByRole("button", { name: "Keys" }).waitFor();
  await chord(page, "gc");
  expect(pathOf(page)).toBe("/");
});
