import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playRecordedSession } from "../../scripts/demo/recorded-session.ts";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { openStage, type Stage } from "./stage.ts";
import { playStory } from "./story.ts";

/** What a page shows, without what time changes by itself. */
async function readView(page: Page): Promise<object> {
  await page.locator("main .loading").waitFor({ state: "detached" });
  await page.locator("h1").first().waitFor();
  await page.waitForLoadState("networkidle");
  const text = await page.locator("main").textContent();
  const checked = await page
    .locator("input:checked")
    .evaluateAll((inputs) => inputs.map((input) => input.parentElement?.textContent));
  const chosen = await page.locator('[aria-selected="true"]').allInnerTexts();
  return { text: text?.replaceAll(/\d+ (s|min) ago|\bnow\b/g, "…"), checked, chosen };
}

/** Goes to a view with clicks; the address follows. */
const views: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "sessions that ended and hold a word": async ({ page, show }) => {
    await show("/");
    await page.getByRole("radio", { name: "Ended" }).check();
    await page.getByRole("searchbox").fill("hello");
    await page.waitForURL(/q=hello/);
  },
  "a session, newest first": async ({ page, show, server }) => {
    const { sessions } = await server.ask<SessionList>("/api/sessions");
    await show(`/sessions/${sessions.find(({ turns }) => turns > 3)?.id}`);
    await page.getByRole("radio", { name: "Newest first" }).check();
  },
  "a step of a turn": async ({ page, show, server }) => {
    const { turns } = await server.ask<TurnList>("/api/turns?state=failed");
    await show(`/turns/${turns[0]?.id}`);
    await page.getByRole("treeitem").last().click();
    await page.waitForURL(/span=/);
  },
  "cost by model of a week": async ({ page, show }) => {
    await show("/cost");
    await page.getByRole("radio", { name: "Model" }).check();
    await page.getByRole("radio", { name: "7 days" }).check();
    await page.getByRole("columnheader", { name: "Model" }).waitFor();
  },
  "errors of today": async ({ page, show }) => {
    await show("/errors");
    await page.getByRole("radio", { name: "Today" }).check();
  },
};

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  await playRecordedSession(stage.server.server.otlpUrl, Date.now());
  await playStory(stage.server.server.otlpUrl);
});
afterAll(() => stage[Symbol.asyncDispose]());

test.each(Object.entries(views))("the address of %s leads there again", async (_, goThere) => {
  const { page } = stage;
  await goThere(stage);
  const view = await readView(page);
  const address = page.url();
  expect(new URL(address).search).not.toBe("");
  await page.reload();
  expect(await readView(page)).toEqual(view);
  expect(page.url()).toBe(address);
  const other = await page.context().newPage();
  await other.goto(address);
  expect(await readView(other)).toEqual(view);
  await other.close();
  expect(stage.complaints).toEqual([]);
});
