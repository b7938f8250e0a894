import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { SessionList, TurnList } from "../../../src/server/api-types.ts";
import { gatewayPaths } from "../../support/openclaw/gateway.ts";
import type { ServedCall } from "../../support/openclaw/mock-provider.ts";
import { recordingHooks, startScene, until } from "../../support/openclaw/scene.ts";
import { startTestServer } from "../../support/server.ts";

/** US dollars a million tokens. */
const PRICES = { inputPerMillion: 0.3, outputPerMillion: 1.7, cacheReadPerMillion: 0.07 };

const nanoUsdOf = (served: readonly ServedCall[]): number =>
  served.reduce((total, { usage }) => {
    if (usage === undefined) return total;
    const { promptTokens, cachedTokens, completionTokens } = usage;
    return (
      total + (promptTokens - cachedTokens) * 300 + cachedTokens * 70 + completionTokens * 1700
    );
  }, 0);

/** The user's own prices, where the gateway's user would have them. */
function writePrices(work: string): void {
  const folder = path.join(work, "home", "config", "turnspan");
  mkdirSync(folder, { recursive: true });
  const models = ["mock-a", "mock-b"].map((model) => ({ model, ...PRICES }));
  writeFileSync(path.join(folder, "prices.json"), JSON.stringify({ version: 1, prices: models }));
}

const HANGING = "agent:main:hanging";
const POOR = "agent:main:poor";

/** Beside those that write down: a guard that never answers, and a budget of less than one model call. */
function hooksIn(work: string): object {
  const script = path.join(work, "hangs.mjs");
  writeFileSync(script, "export default () => new Promise(() => {});");
  const guards = [
    { script, timeoutMs: 500, filter: { sessionKey: [HANGING] } },
    {
      name: "allowance",
      budget: { per: "session", tokens: 100 },
      filter: { sessionKey: [POOR] },
    },
  ];
  const { beforeTurn, ...others } = recordingHooks(work);
  return { ...others, beforeTurn: [...beforeTurn, ...guards] };
}

test("a wrong config keeps no gateway from starting, and a mended one counts without a restart", async () => {
  await using server = await startTestServer();
  const good = { endpoint: server.server.otlpUrl };
  await using scene = await startScene((work) => {
    writePrices(work);
    return {
      prices: false,
      turnspan: {
        telemetry: { ...good, content: "some" },
        hooks: { beforeTurn: [{ script: 5 }] },
        hoooks: {},
      },
    };
  });
  const log = await until(
    "the complaint",
    () => scene.gateway.log().includes("recording to") && scene.gateway.log(),
  );
  for (const place of ["telemetry.content", "hooks.beforeTurn[0]", "hoooks"])
    expect(log).toContain(place);
  expect(log).toContain("plugins.entries.turnspan.config");

  const file = gatewayPaths(scene.work).config;
  const config = JSON.parse(readFileSync(file, "utf8"));
  config.plugins.entries.turnspan.config = { telemetry: good, hooks: hooksIn(scene.work) };
  writeFileSync(file, JSON.stringify(config));
  await until("the mended config", () =>
    scene.gateway.log().includes(`recording to ${good.endpoint}`),
  );
  const failing = await scene.begin("MOCK500 please", "agent:main:failing");
  await scene.turn("hello");
  await scene.turn("MOCKTOOL please");
  await scene.turn("MOCKSPAWN please", "agent:main:spawn");
  await scene.turn("hello hanging", HANGING);
  await scene.turn("MOCKTOOL poor", POOR);
  await scene.hear("the child's end", ({ hookPoint }) => hookPoint === "onSubagentFinished");

  const failed = await until(
    "the failed turn",
    async () => {
      const { turns } = await server.ask<TurnList>("/api/turns");
      return turns.find(({ runId, state }) => runId === failing && state === "failed");
    },
    480_000,
  );
  expect(failed.attempts).toBeGreaterThan(1);
  const refused = scene.provider.served.filter(({ status }) => status === 500);
  expect(failed.attempts).toBe(refused.length);
  const heard = scene.heard().filter(({ runId }) => runId === failing);
  expect(heard.map(({ hookPoint }) => hookPoint)).toEqual(["beforeTurn", "onTurnError"]);

  const total = await until("all calls", async () => {
    const { sessions } = await server.ask<SessionList>("/api/sessions");
    const of = (key: "modelCalls" | "nanoUsd" | "unknownCostCalls"): number =>
      sessions.reduce((all, { totals }) => all + totals[key], 0);
    return (
      of("modelCalls") === scene.provider.served.length && {
        cost: of("nanoUsd"),
        unknown: of("unknownCostCalls"),
      }
    );
  });
  expect(total.cost).toBe(nanoUsdOf(scene.provider.served));

  const asked = (words: string): ServedCall[] =>
    scene.provider.served.filter((call) => call.asked.includes(words));
  expect(asked("hello hanging"), "a guard that hangs lets its turn run").toHaveLength(1);
  const [first, second] = asked("MOCKTOOL poor");
  expect(first?.toolResults).toEqual([]);
  expect(second?.toolResults.join(), "a tool call beyond the budget is not made").toContain(
    'budget "allowance" is used up',
  );
}, 900_000);
