import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { playRecordedSession } from "../../scripts/demo/recorded-session.ts";
import type { TurnList } from "../../src/server/api-types.ts";
import { openStage, type Stage } from "./stage.ts";
import { FAILED_TURN_NANO_USD, FAILURE, playStory } from "./story.ts";

/** What happened in a session, as its pages must tell it. */
interface Story {
  readonly play: (otlpUrl: string) => Promise<void>;
  readonly session: RegExp;
  readonly failedTurn: string;
  readonly headline: string;
  readonly reason: string;
  readonly nanoUsd: number;
  readonly change: string;
  /** The model that was set, and by whom. */
  readonly setting: readonly [model: string, actor: string];
}

const stories: Readonly<Record<string, Story>> = {
  "an agent's own session": {
    play: playStory,
    session: /Where is my order/,
    failedTurn: "Turn 2",
    headline: "Failed: OrderError",
    reason: FAILURE,
    nanoUsd: FAILED_TURN_NANO_USD,
    change: "changed from claude-haiku-4-5 to claude-sonnet-4-5 by operator op-3",
    setting: ["claude-sonnet-4-5", "set by operator op-3"],
  },
  // The gateway of that version did not tell who changed a setting: nobody is guessed.
  "the recorded OpenClaw session": {
    play: (otlpUrl) => playRecordedSession(otlpUrl, Date.now()),
    session: /My label/,
    failedTurn: "Turn 3",
    headline: "Failed: schema",
    reason: "provider rejected the request schema or tool payload",
    nanoUsd: 0,
    change: "changed from mock/mock-a to mock/mock-b by someone unknown",
    setting: ["mock/mock-b", "set by someone unknown"],
  },
};

async function openStory({ server, show, page }: Stage, story: Story): Promise<Locator> {
  await story.play(server.server.otlpUrl);
  await show("/");
  const link = page.getByRole("link", { name: story.session });
  await link.waitFor();
  return link;
}

const findFailedTurn = (page: Page, { failedTurn }: Story): Locator =>
  page.getByRole("link", { name: new RegExp(`${failedTurn}.*Failed`) });

async function expectExplained(page: Page, story: Story): Promise<void> {
  await page.getByRole("heading", { name: story.failedTurn, level: 1 }).waitFor();
  const why = page.getByRole("alert");
  await why.getByText(story.headline).waitFor();
  expect(await why.textContent()).toContain(story.reason);
  const cost = page.locator(".stat", { hasText: "Cost" }).locator("data");
  expect(await cost.getAttribute("value")).toBe(String(story.nanoUsd));
  expect(await page.locator(".story-settings").textContent()).toContain(story.change);
}

async function expectWhoSetTheModel(page: Page, { setting }: Story): Promise<void> {
  const [model, actor] = setting;
  const segment = page.locator(".segment", { hasText: model });
  await segment.waitFor();
  expect(await segment.textContent()).toContain(actor);
}

const rows = Object.entries(stories);

test.each(rows)(
  "with the mouse: %s, the failed turn, why, what it cost, and who changed the model",
  async (_, story) => {
    await using stage = await openStage();
    const { page } = stage;
    await (await openStory(stage, story)).click();
    await findFailedTurn(page, story).click();
    await expectExplained(page, story);
    await page.getByRole("link", { name: "All of the session" }).click();
    await expectWhoSetTheModel(page, story);
    expect(stage.complaints).toEqual([]);
  },
);

/** Presses a key until something has the focus. */
async function pressUntilFocused(page: Page, key: string, wanted: Locator): Promise<void> {
  const isFocused = (): Promise<boolean> =>
    wanted.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 20; presses += 1) {
    if (await isFocused()) return;
    await page.keyboard.press(key);
  }
  expect(await isFocused()).toBe(true);
}

test.each(rows)("with the keyboard alone: %s, and the same", async (_, story) => {
  await using stage = await openStage();
  const { page } = stage;
  await pressUntilFocused(page, "j", await openStory(stage, story));
  await page.keyboard.press("Enter");
  const failed = findFailedTurn(page, story);
  await failed.waitFor();
  await pressUntilFocused(page, "j", failed);
  await page.keyboard.press("Enter");
  await expectExplained(page, story);
  await page.keyboard.press("u");
  await expectWhoSetTheModel(page, story);
  expect(stage.complaints).toEqual([]);
});

test("the step that failed is chosen by a click on its name, and by a key", async () => {
  await using stage = await openStage();
  const { page } = stage;
  await playStory(stage.server.server.otlpUrl);
  const { turns } = await stage.server.ask<TurnList>("/api/turns?state=failed");
  const details = page.getByRole("complementary", { name: "The chosen step" });
  const expectTool = async (): Promise<void> => {
    await details.getByRole("heading", { name: "cancel_order" }).waitFor();
    await details.getByText("OrderError").first().waitFor();
    await details.getByText('"order": 7').waitFor();
  };
  await stage.show(`/turns/${turns[0]?.id}`);
  await page.getByText("The step that failed:").waitFor();
  await page.getByRole("button", { name: "cancel_order" }).click();
  await expectTool();
  await stage.show(`/turns/${turns[0]?.id}`);
  await page.getByRole("treeitem", { name: /cancel_order/ }).waitFor();
  await page.keyboard.press("e");
  await expectTool();
  expect(stage.complaints).toEqual([]);
});
