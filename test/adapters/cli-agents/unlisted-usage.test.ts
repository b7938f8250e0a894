import { expect, test } from "vitest";
import { brief, openHome } from "./home.ts";

interface Step {
  /** Input tokens of a call; minutes after ten. */
  readonly call?: number;
  readonly model?: string;
  /** Input tokens by model, as the program counts them. */
  readonly totals?: Readonly<Record<string, number>>;
}

const OPUS = "claude-opus-4-5";
const HAIKU = "claude-haiku-4-5";

const totalsLine = (totals: Readonly<Record<string, number>>): object => ({
  type: "cost-state",
  sessionId: "s1",
  modelUsage: Object.fromEntries(
    Object.entries(totals).map(([model, inputTokens]) => [model, { inputTokens, outputTokens: 0 }]),
  ),
});

const callLine = (minute: number, tokens: number, model: string): object => ({
  type: "assistant",
  isSidechain: false,
  sessionId: "s1",
  timestamp: `2026-11-21T10:${String(minute).padStart(2, "0")}:00.000Z`,
  message: { id: `msg_${minute}`, model, usage: { input_tokens: tokens, output_tokens: 0 } },
});

/** What a session's transcript gives that has these lines, a minute between two. */
async function readSteps(...steps: readonly Step[]): Promise<string[]> {
  using home = openHome();
  const lines = steps.map(({ call, model = OPUS, totals }, minute) =>
    totals === undefined ? callLine(minute, call ?? 0, model) : totalsLine(totals),
  );
  home.write(".claude/projects/p/s1.jsonl", lines.map((line) => JSON.stringify(line)).join("\n"));
  const { calls } = await home.read();
  return calls.map((call) => {
    const [, model, tokens] = brief(call).split(" ");
    const minute = new Date(call.end.time).getUTCMinutes();
    return `${minute}: ${model} ${tokens}${call.end.responseId === undefined ? " unlisted" : ""}`;
  });
}

test("calls that only the program's totals know come at the last answer before the totals", async () => {
  expect(
    await readSteps({ call: 10 }, { call: 20 }, { totals: { [OPUS]: 35, [HAIKU]: 4 } }),
  ).toEqual([`0: ${OPUS} 10`, `1: ${OPUS} 20`, `1: ${OPUS} 5 unlisted`, `1: ${HAIKU} 4 unlisted`]);
});

test("totals that go on after a resume count what is new since those before", async () => {
  const steps = [
    { call: 10 },
    { totals: { [OPUS]: 12 } },
    { call: 20 },
    { totals: { [OPUS]: 37 } },
    { totals: { [OPUS]: 37 } },
  ];
  expect(await readSteps(...steps)).toEqual([
    `0: ${OPUS} 10`,
    `0: ${OPUS} 2 unlisted`,
    `2: ${OPUS} 20`,
    `2: ${OPUS} 5 unlisted`,
  ]);
});

test("totals that begin again from nought are added to those before", async () => {
  const steps = [{ call: 10 }, { totals: { [OPUS]: 12 } }, { call: 4 }, { totals: { [OPUS]: 5 } }];
  expect(await readSteps(...steps)).toEqual([
    `0: ${OPUS} 10`,
    `0: ${OPUS} 2 unlisted`,
    `2: ${OPUS} 4`,
    `2: ${OPUS} 1 unlisted`,
  ]);
});

test("what a later call may explain is not counted before", async () => {
  const steps = [
    { call: 10 },
    { totals: { [OPUS]: 25 } },
    { call: 20 },
    { totals: { [OPUS]: 33 } },
  ];
  expect(await readSteps(...steps)).toEqual([
    `0: ${OPUS} 10`,
    `0: ${OPUS} 3 unlisted`,
    `2: ${OPUS} 20`,
  ]);
});

test("totals that know less than the transcript add nothing, of whatever model", async () => {
  const steps = [{ call: 10 }, { totals: { "us.anthropic.claude-opus-4-5-v1:0": 10, [HAIKU]: 3 } }];
  expect(await readSteps(...steps)).toEqual([`0: ${OPUS} 10`]);
});

test("a model's window in the name of its totals is no other model", async () => {
  expect(await readSteps({ call: 10 }, { totals: { [`${OPUS}[1m]`]: 10 } })).toEqual([
    `0: ${OPUS} 10`,
  ]);
});

test("a sum of calls is cut into parts that may each have been a call", async () => {
  expect(await readSteps({ call: 10 }, { totals: { [OPUS]: 500_011 } })).toEqual([
    `0: ${OPUS} 10`,
    `0: ${OPUS} 166667 unlisted`,
    `0: ${OPUS} 166667 unlisted`,
    `0: ${OPUS} 166667 unlisted`,
  ]);
});
