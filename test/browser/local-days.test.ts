import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { CostReport } from "../../src/server/api-report-types.ts";
import { makeSpan, traceRequest } from "../server/requests.ts";
import { openStage, type Stage } from "./stage.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** India is ahead of UTC by five and a half hours, all year round. */
const INDIA_AHEAD_MS = 330 * MINUTE_MS;

/** The midnight in India with which yesterday began there. */
const yesterdayInIndia = (): number => {
  const indianMs = Date.now() + INDIA_AHEAD_MS;
  return indianMs - (indianMs % DAY_MS) - DAY_MS - INDIA_AHEAD_MS;
};

/** A call some minutes before or after a moment, of 1,000,000 tokens. */
const callAt = (ms: number, session: string): object =>
  makeSpan({
    startMs: ms,
    endMs: ms + 1000,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": "claude-sonnet-4-5",
      "gen_ai.usage.input_tokens": 100_000,
      "session.id": session,
    },
  });

async function sendTwoCalls({ server }: Stage): Promise<void> {
  const midnight = yesterdayInIndia();
  const calls = [
    callAt(midnight - 20 * MINUTE_MS, "before midnight"),
    callAt(midnight + 20 * MINUTE_MS, "after midnight"),
  ];
  expect((await server.send("traces", traceRequest(calls))).status).toBe(200);
}

/** The days of the cost table that have calls, each with its number of calls. */
async function readDays(page: Page): Promise<string[]> {
  const rows = page.locator("tbody tr");
  await rows.first().waitFor();
  return rows.evaluateAll((all) =>
    all.map((row) => `${row.children[0]?.textContent}: ${row.children[3]?.textContent}`),
  );
}

/** Two calls around a midnight of India, which is the afternoon of one day in New York. */
test.each([
  ["Asia/Kolkata", 2],
  ["America/New_York", 1],
] as const)("days are those of the one who looks: %s sees %i", async (timeZone, wanted) => {
  await using stage = await openStage({ timeZone });
  const { page } = stage;
  await sendTwoCalls(stage);
  await stage.show("/cost");
  const days = await readDays(page);
  expect(days.map((day) => day.split(": ")[1])).toEqual(wanted === 2 ? ["1", "1"] : ["2"]);
  if (timeZone === "Asia/Kolkata") expect(days[0]).toBe("Yesterday: 1");

  await stage.show("/");
  await page.getByRole("link", { name: /after midnight/ }).waitFor();
  const headings = await page.locator(".sessions-day").allTextContents();
  expect(headings).toEqual(days.map((day) => day.split(": ")[0]));

  // The API is asked for days of that zone, not for those of the server.
  const report = await stage.server.ask<CostReport>(`/api/cost?by=day&tz=${timeZone}`);
  expect(report.rows.filter(({ totals }) => totals.modelCalls > 0)).toHaveLength(wanted);
});
