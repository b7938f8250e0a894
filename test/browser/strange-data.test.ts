import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { logRequest, makeRecord, makeSpan, newId, traceRequest } from "../server/requests.ts";
import { MANY_PAGES_MS, NARROW, openStage, type Stage, WIDE } from "./stage.ts";

const SCRIPT = `<script>document.title = "taken"</script><img src=x onerror="document.title='taken'">`;
const LONG = "x".repeat(5_000);
const RIGHT_TO_LEFT = "\u202Eשלום عالم\u2066 turned";
const CONTROL = "\u0000\u0007\u001B[31m red";

/** A span with nothing but what it must have, and one with everything wrong that passes. */
async function sendStrangeThings({ server }: Stage): Promise<void> {
  const traceId = newId(32);
  const strange = (name: string, attributes: Record<string, string | number> = {}): object =>
    makeSpan({
      traceId,
      name,
      startMs: Date.now(),
      endMs: Date.now(),
      status: 2,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": name,
        "gen_ai.conversation.id": "strange",
        "gen_ai.agent.name": name,
        "error.type": name,
        "gen_ai.input.messages": `[{"role":${JSON.stringify(name)},"parts":[null,1,{"type":"text"},{"content":{"a":[]}}]},null,"plain"]`,
        "gen_ai.output.messages": "[not json",
        ["__proto__"]: name,
        ...attributes,
      },
    });
  const notNumbers = {
    "gen_ai.usage.input_tokens": "NaN",
    "gen_ai.usage.output_tokens": -1,
    "turnspan.cost.usd": "Infinity",
  };
  const spans = [
    strange(""),
    ...[SCRIPT, LONG, RIGHT_TO_LEFT, CONTROL].map((name) => strange(name, notNumbers)),
  ];
  const traces = await server.send("traces", traceRequest(spans, SCRIPT));
  expect(traces.status).toBe(200);
  const told = (event: string, name: string, place: number, more: Record<string, string>): object =>
    makeRecord({
      event,
      timeMs: Date.now(),
      attributes: {
        "turnspan.record.id": `${event} ${place}`,
        "session.id": `s${place}`,
        "turnspan.session.key": name,
        "gen_ai.agent.name": name,
        "turnspan.run.id": `r${place}`,
        ...more,
      },
    });
  const records = [SCRIPT, LONG, RIGHT_TO_LEFT].flatMap((name, place) => [
    told("session.start", name, place, {}),
    told("turnspan.turn.end", name, place, {
      "turnspan.turn.outcome": "failed",
      "error.type": name,
      "turnspan.error.message": name,
    }),
    told("turnspan.session.patch", name, place, {
      "turnspan.patch.actor.kind": name,
      "turnspan.patch.source": name,
    }),
    told("turnspan.hook.decision", name, place, { "turnspan.hook.reason": name }),
  ]);
  const logs = await server.send("logs", logRequest(records));
  expect(logs.status).toBe(200);
}

/** Words that a program says by mistake; not of the attributes, which are shown as they were sent. */
const findOddWords = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const main = document.querySelector("main")?.cloneNode(true) as Element;
    for (const sent of main.querySelectorAll(".attributes")) sent.remove();
    return (main.textContent ?? "").match(/NaN|Infinity|undefined|\[object/g) ?? [];
  });

/** How far the page goes past its window, in pixels. */
async function measureOverflow(page: Page): Promise<{ wide: number; narrow: number }> {
  const measure = (): Promise<number> =>
    page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return Math.max(scrollWidth - clientWidth, 0);
    });
  await page.setViewportSize(NARROW);
  const narrow = await measure();
  await page.setViewportSize(WIDE);
  return { wide: await measure(), narrow };
}

test("what others wrote is text: it runs nothing, bends nothing and breaks nothing", {
  timeout: MANY_PAGES_MS,
}, async () => {
  await using stage = await openStage();
  const { page, server } = stage;
  await sendStrangeThings(stage);
  await expect
    .poll(async () => (await server.ask<SessionList>("/api/sessions")).sessions.length)
    .toBe(4);
  const { sessions } = await server.ask<SessionList>("/api/sessions");
  const { turns } = await server.ask<TurnList>("/api/turns");
  const paths = [
    "/",
    ...sessions.map(({ id }) => `/sessions/${id}`),
    ...turns.flatMap(({ id, traceId }) => [`/turns/${id}`, `/traces/${traceId}`]),
    "/cost?by=model",
    "/cost?by=agent",
    "/errors",
  ];
  for (const path of paths) {
    await stage.show(path);
    await page.locator("main .loading").waitFor({ state: "detached" });
    for (const row of await page.getByRole("treeitem").all()) await row.click();
    expect(await page.title(), path).toContain("Turnspan");
    expect(await page.locator("main script, main img").count(), path).toBe(0);
    expect(await page.getByText("could not be drawn").count(), path).toBe(0);
    expect(await findOddWords(page), path).toEqual([]);
    expect(await measureOverflow(page), path).toEqual({ wide: 0, narrow: 0 });
  }
  expect(stage.complaints).toEqual([]);
});
