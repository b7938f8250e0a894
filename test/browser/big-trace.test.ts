import { expect, test } from "vitest";
import type { ServerStatus } from "../../src/server/api-report-types.ts";
import { makeSpan, newId, traceRequest } from "../server/requests.ts";
import { openStage } from "./stage.ts";

const SPANS = 10_000;
const PER_REQUEST = 2_500;

test("a trace of 10,000 spans keeps at most 60 rows in the page while it is scrolled from end to end", async () => {
  await using stage = await openStage();
  const { page, server } = stage;
  const traceId = newId(32);
  const rootId = newId(16);
  const startMs = Date.now() - SPANS;
  const spans = Array.from({ length: SPANS }, (_, place) =>
    makeSpan({
      traceId,
      ...(place === 0 ? { spanId: rootId, endMs: startMs + SPANS } : { parentSpanId: rootId }),
      name: `step ${place}`,
      startMs: startMs + place,
    }),
  );
  for (let at = 0; at < SPANS; at += PER_REQUEST) {
    const sent = await server.send("traces", traceRequest(spans.slice(at, at + PER_REQUEST)));
    expect(sent.status).toBe(200);
  }
  await expect
    .poll(async () => (await server.ask<ServerStatus>("/api/status")).counts.spans)
    .toBe(SPANS);
  await stage.show(`/traces/${traceId}`);
  await page.getByText("10,000 spans").first().waitFor();
  await page.getByRole("treeitem").first().waitFor();

  const { most, frames } = await page.evaluate(async () => {
    const box = document.querySelector('[role="tree"]');
    if (box === null) throw new Error("there is no tree");
    const rows: number[] = [];
    const times: number[] = [];
    const step = (box.scrollHeight - box.clientHeight) / 120;
    for (let frame = 0; frame <= 120; frame += 1) {
      box.scrollTop = frame * step;
      times.push(await new Promise<number>((resolve) => requestAnimationFrame(resolve)));
      rows.push(document.querySelectorAll('[role="treeitem"]').length);
    }
    const frames = times.slice(1).map((time, place) => time - (times[place] ?? time));
    return { most: Math.max(...rows), frames };
  });
  const sorted = frames.toSorted((one, other) => one - other);
  console.log(
    `${SPANS} spans: at most ${most} rows; frames ${sorted[60]?.toFixed(1)} ms median, ${sorted.at(-1)?.toFixed(1)} ms longest`,
  );
  expect(most).toBeGreaterThan(5);
  expect(most).toBeLessThanOrEqual(60);
  await page.getByText("step 9999", { exact: true }).waitFor();

  // By keys, from the chosen first row to the end and back.
  await page.getByRole("tree").focus();
  await page.keyboard.press("End");
  await page.getByRole("treeitem", { name: /step 9999/, selected: true }).waitFor();
  await page.keyboard.press("Home");
  await page.getByRole("treeitem", { name: /step 0/, selected: true }).waitFor();
  expect(await page.getByRole("treeitem").count()).toBeLessThanOrEqual(60);
  expect(stage.complaints).toEqual([]);
});
