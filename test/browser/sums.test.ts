import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { playRecordedSession } from "../../scripts/demo/recorded-session.ts";
import type { RecordList, SessionList, TurnList } from "../../src/server/api-types.ts";
import { makeSpan, traceRequest } from "../server/requests.ts";
import { MANY_PAGES_MS, openStage, type Stage } from "./stage.ts";

/** What the records of the sessions' ends say, in nano-dollars. */
async function sumOfRecords({ server }: Stage): Promise<number> {
  const { records } = await server.ask<RecordList>("/api/records?event=session.end&limit=1000");
  const costs = records.map(({ attributes }) =>
    Number(new Map(attributes).get("turnspan.session.cost.usd") ?? 0),
  );
  return Math.round(costs.reduce((sum, one) => sum + one, 0) * 1e9);
}

/** The money that a part of the page shows, each sum once. */
async function sumShown(parts: Locator): Promise<number> {
  const values = await parts
    .locator("data.money")
    .evaluateAll((elements) =>
      elements.map((element) => Number((element as HTMLDataElement).value)),
    );
  expect(values.length).toBeGreaterThan(0);
  return values.reduce((sum, one) => sum + one, 0);
}

const stat = ({ page }: Stage, label: string): Locator =>
  page.locator(".stat").filter({ has: page.locator(`dt:text-is("${label}")`) });

test("the cost on each page adds up to that of the records", {
  timeout: MANY_PAGES_MS,
}, async () => {
  await using stage = await openStage();
  const { page, server } = stage;
  await playRecordedSession(server.server.otlpUrl, Date.now());
  const wanted = await sumOfRecords(stage);
  expect(wanted).toBe(1_386_000);

  await stage.show("/");
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  await expect.poll(() => page.locator(".session-link").count()).toBe(sessions.length);
  expect(await sumShown(page.locator(".session-link"))).toBe(wanted);

  let bySession = 0;
  let bySegment = 0;
  let byTurn = 0;
  for (const { id } of sessions) {
    await stage.show(`/sessions/${id}`);
    bySession += await sumShown(stat(stage, "Cost"));
    bySegment += await sumShown(page.locator(".segment"));
    byTurn += await sumShown(page.locator(".turn-link"));
  }
  expect({ bySession, bySegment, byTurn }).toEqual({
    bySession: wanted,
    bySegment: wanted,
    byTurn: wanted,
  });

  let onTurnPages = 0;
  const { turns } = await server.ask<TurnList>("/api/turns?limit=500");
  for (const { id, totals } of turns.filter((turn) => turn.totals.nanoUsd > 0)) {
    await stage.show(`/turns/${id}`);
    await page.getByRole("treeitem").first().waitFor();
    const shown = await sumShown(stat(stage, "Cost"));
    expect(shown).toBe(totals.nanoUsd);
    onTurnPages += shown;
  }
  expect(onTurnPages).toBe(wanted);

  for (const by of ["day", "project", "agent", "model"]) {
    await stage.show(`/cost?by=${by}`);
    await page.locator("table").waitFor();
    expect(await sumShown(page.locator("tbody"))).toBe(wanted);
    expect(await sumShown(stat(stage, "In all"))).toBe(wanted);
  }
  // The call that was killed is in no sum, which is said.
  await page.getByText(/^1 call told no tokens/).waitFor();
});

test("calls without a known price are said, with the command that adds one", async () => {
  await using stage = await openStage();
  const { page, server } = stage;
  const call = makeSpan({
    startMs: Date.now() - 5000,
    endMs: Date.now() - 4000,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "garage",
      "gen_ai.request.model": "home grown",
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.output_tokens": 10,
    },
  });
  expect((await server.send("traces", traceRequest([call]))).status).toBe(200);
  await stage.show("/cost");
  const notice = page.locator(".notice", { hasText: "1 call without a known price" });
  await notice
    .getByText("turnspan prices add 'home grown' --provider garage --input USD --output USD")
    .waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await notice.getByRole("button", { name: "Copy the command" }).click();
  await notice.getByText("Copied").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("'home grown'");
  expect(await page.locator(".stats .unpriced").textContent()).toBe("unknown");
});
