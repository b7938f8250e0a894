import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { playRecordedSession } from "../../scripts/demo/recorded-session.ts";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { MANY_PAGES_MS, NARROW, openStage, type Stage, WIDE } from "./stage.ts";
import { playStory } from "./story.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds on a page, in short. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** The address of every page, of things that are there in each of their states. */
async function listPages({ server }: Stage): Promise<string[]> {
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  const { turns } = await server.ask<TurnList>("/api/turns");
  const longest = sessions.toSorted((one, other) => other.turns - one.turns)[0];
  const shown = ["failed", "abandoned", "cancelled", "completed"].map((state) =>
    turns.find((turn) => turn.state === state),
  );
  const subagent = turns.find(({ kind }) => kind === "subagent");
  return [
    "/",
    "/?q=nothing-is-called-so",
    `/sessions/${longest?.id}`,
    ...[...shown, subagent].flatMap((turn) => (turn === undefined ? [] : [`/turns/${turn.id}`])),
    `/traces/${turns[0]?.traceId}`,
    "/cost",
    "/cost?by=model&range=today",
    "/errors",
    "/no-such-page",
    "/sessions/0000000000000000",
  ];
}

test.each(["light", "dark"] as const)(
  "axe finds nothing on any page, %s",
  { timeout: MANY_PAGES_MS },
  async (theme) => {
    await using stage = await openStage({ theme });
    const { page } = stage;
    const found: string[] = [];
    const look = async (where: string): Promise<void> => {
      found.push(...(await findViolations(page)).map((violation) => `${where}: ${violation}`));
    };
    await stage.show("/");
    await page.getByText("Waiting for the first turn").waitFor();
    await look("the empty page");
    await playRecordedSession(stage.server.server.otlpUrl, Date.now());
    await playStory(stage.server.server.otlpUrl);
    for (const path of await listPages(stage)) {
      await page.goto(path);
      await page.locator("main .loading").waitFor({ state: "detached" });
      await page.locator("main h1, main .notice").first().waitFor();
      await look(path);
    }
    await page.setViewportSize(NARROW);
    await stage.show("/");
    await look("the narrow list");
    await page.setViewportSize(WIDE);
    await page.getByRole("button", { name: "Keys" }).click();
    await page.getByRole("dialog").waitFor();
    await look("the keys");
    expect(found).toEqual([]);
  },
);

test("axe finds what is wrong where something is", async () => {
  await using stage = await openStage();
  await stage.show("/");
  await stage.page.evaluate(() => {
    document.querySelector("main")?.append(document.createElement("input"));
  });
  expect((await findViolations(stage.page)).join()).toContain("label");
});
