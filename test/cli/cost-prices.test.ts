import { expect, test } from "vitest";
import { openHome } from "../adapters/cli-agents/home.ts";
import { runTurnspan } from "../support/cli.ts";
import { call, cost, costJson, openCalls } from "./cost-home.ts";

test("a model without a price is unknown, never free, and is named with the command that adds one", async () => {
  using home = openCalls(
    { at: "2026-11-21T08:00:00Z", model: "acme 1" },
    { at: "2026-11-21T08:00:01Z" },
  );
  const { code, out } = await cost(home, "--by", "model");
  expect(code).toBe(0);
  expect(out).toMatch(/^acme 1 .* 1 unknown$/m);
  expect(out).toMatch(/^total .* \$5\.00 \+ 1 unknown$/m);
  expect(out).toContain("\n  turnspan prices add 'acme 1' --input USD --output USD\n");
  const { rows } = await costJson(home, "--by", "model");
  expect(rows.map(({ costUsd, unknownPriceCalls }) => [costUsd, unknownPriceCalls])).toEqual([
    [5, 0],
    [null, 1],
  ]);
});

test("the command that is named gives the model its price", async () => {
  using home = openCalls({ at: "2026-11-21T08:00:00Z", model: "acme-1" });
  const { out } = await cost(home);
  const [, command = ""] = /^ {2}turnspan (prices add .*)$/m.exec(out) ?? [];
  const args = command.replaceAll("USD", "7").split(" ");
  expect((await runTurnspan(args, { env: home.env })).code).toBe(0);
  expect((await costJson(home)).total).toMatchObject({ costUsd: 7, unknownPriceCalls: 0 });
});

test("what is written to the cache for an hour has the price of an hour", async () => {
  const usage = (oneHour: number) => ({
    input_tokens: 0,
    output_tokens: 0,
    cache_creation_input_tokens: 1e6,
    cache_creation: {
      ephemeral_5m_input_tokens: 1e6 - oneHour,
      ephemeral_1h_input_tokens: oneHour,
    },
  });
  const costOf = async (oneHour: number) => {
    using home = openCalls({ at: "2026-11-21T08:00:00Z", usage: usage(oneHour) });
    const { total } = await costJson(home);
    return [total["cacheWriteTokens"], total["cacheWrite1hTokens"], total.costUsd];
  };
  expect(await costOf(0)).toEqual([1e6, 0, 6.25]);
  expect(await costOf(1e6)).toEqual([1e6, 1e6, 10]);
});

test("each call is priced by the model that answered it, also where the session's model changes", async () => {
  using home = openCalls(
    { at: "2026-11-21T08:00:00Z", model: "claude-opus-4-5" },
    { at: "2026-11-21T08:01:00Z", model: "claude-haiku-4-5" },
  );
  const { rows } = await costJson(home, "--by", "model");
  expect(rows.map((row) => [row["model"], row.costUsd])).toEqual([
    ["claude-opus-4-5", 5],
    ["claude-haiku-4-5", 1],
  ]);
});

test("what a transcript says that a call cost is what it cost", async () => {
  using home = openHome();
  const line = JSON.parse(call({ at: "2025-05-01T08:00:00Z", model: "claude-2-old" }));
  home.write(".claude/projects/p/s1.jsonl", JSON.stringify({ ...line, costUSD: 0.25 }));
  expect((await costJson(home)).total).toMatchObject({ costUsd: 0.25, unknownPriceCalls: 0 });
});
