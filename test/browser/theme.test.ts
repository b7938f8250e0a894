import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openStage } from "./stage.ts";

const backgroundOf = (page: Page): Promise<string> =>
  page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test("the theme is the system's until one is chosen, which is kept", async () => {
  await using stage = await openStage({ theme: "light" });
  const { page } = stage;
  await stage.show("/");
  const light = await backgroundOf(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await backgroundOf(page);
  expect(dark).not.toBe(light);
  await page.getByRole("button", { name: /Change to Light/ }).click();
  expect(await backgroundOf(page)).toBe(light);
  await page.reload();
  await page.getByRole("button", { name: /Theme: Light/ }).waitFor();
  expect(await backgroundOf(page)).toBe(light);
  await page.getByRole("button", { name: /Change to Dark/ }).click();
  await page.emulateMedia({ colorScheme: "light" });
  expect(await backgroundOf(page)).toBe(dark);
  expect(stage.complaints).toEqual([]);
});
