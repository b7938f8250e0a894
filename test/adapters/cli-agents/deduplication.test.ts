import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { brief, type Case, fixture, openHome, readCases } from "./home.ts";

const CASES = [
  "claude-code/version-2.0",
  "claude-code/two-tools",
  "qwen-code/subagent",
  "gemini-cli/resume",
  "gemini-cli/subagent",
  "codex/subagent",
  "codex/compact",
  "codex/fork",
  "codex/version-0.80",
] as const satisfies readonly Case[];

interface Transcript {
  /** Below the agent's folder. */
  readonly name: string;
  readonly lines: readonly string[];
}

const transcriptsOf = (name: Case): Transcript[] =>
  readdirSync(fixture(name), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl") && !file.endsWith("usage_record.jsonl"))
    .map((file) => ({
      name: file,
      lines: readFileSync(path.join(fixture(name), file), "utf8")
        .trimEnd()
        .split("\n"),
    }));

const ownFolder = (name: Case): string => `.${name.replace(/(-code|-cli)?\/.*/, "")}`;

const figures = (calls: Parameters<typeof brief>[0][]): string[] =>
  calls.map((call) => brief(call).replace(/^\S+ /, "")).sort();

/** Of each line the numbers of its copies, in the order of the file. */
const doublings = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 7 });

test.each(CASES)("%s: any lines doubled give the same calls", async (name) => {
  const { calls } = await readCases(name);
  await fc.assert(
    fc.asyncProperty(doublings, async (copies) => {
      using home = openHome(name);
      for (const { name: file, lines } of transcriptsOf(name)) {
        const doubled = lines.flatMap((line, at) =>
          Array.from({ length: copies[at % copies.length] ?? 1 }, () => line),
        );
        home.write(`${ownFolder(name)}/${file}`, `${doubled.join("\n")}\n`);
      }
      home.age();
      expect((await home.read()).calls.map(brief)).toEqual(calls.map(brief));
    }),
    { numRuns: 10 },
  );
});

/** Totals, which Codex and newer versions of Claude Code write, stand for what is before them. */
const UNORDERED = [
  "claude-code/version-2.0",
  "qwen-code/subagent",
  "gemini-cli/resume",
  "gemini-cli/subagent",
] as const satisfies readonly Case[];

test.each(UNORDERED)("%s: lines in any order after the first give the same calls", async (name) => {
  const { calls } = await readCases(name);
  const files = transcriptsOf(name);
  const orders = fc.tuple(
    ...files.map(({ lines }) =>
      fc.shuffledSubarray([...lines.keys()].slice(1), { minLength: lines.length - 1 }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(orders, async (shuffled) => {
      using home = openHome(name);
      files.forEach(({ name: file, lines }, at) => {
        const order = [0, ...(shuffled[at] ?? [])].map((line) => lines[line]);
        home.write(`${ownFolder(name)}/${file}`, `${order.join("\n")}\n`);
      });
      expect(figures([...(await home.read()).calls])).toEqual(figures([...calls]));
    }),
    { numRuns: 20 },
  );
});

test.each(CASES)("%s: copies of its files, changed at any time, add nothing", async (name) => {
  const { calls } = await readCases(name);
  const files = transcriptsOf(name);
  const times = fc.array(fc.integer({ min: 1, max: 59 }), { minLength: files.length * 2 });
  await fc.assert(
    fc.asyncProperty(times, async (minutes) => {
      using home = openHome(name);
      files.forEach(({ name: file, lines }, at) => {
        const content = `${lines.join("\n")}\n`;
        const time = (index: number): string =>
          `2026-11-21T12:${String(minutes[index]).padStart(2, "0")}:00Z`;
        const copy = file.replace(/^[^/]+\//, (folder) => `${folder}backup/`);
        home.write(`${ownFolder(name)}/${file}`, content, time(at * 2));
        home.write(`${ownFolder(name)}/${copy}`, content, time(at * 2 + 1));
      });
      expect(figures([...(await home.read()).calls])).toEqual(figures([...calls]));
    }),
    { numRuns: 10 },
  );
});

test("totals that a program wrote count once, though its session's files were copied", async () => {
  const { calls } = await readCases("claude-code/compact");
  using home = openHome("claude-code/compact");
  for (const { name, lines } of transcriptsOf("claude-code/compact")) {
    home.write(`.config/claude/${name}`, `${lines.join("\n")}\n`);
    home.write(`.claude/projects/copy-of-it/copy.jsonl`, `${lines.join("\n")}\n`);
  }
  expect(figures([...(await home.read()).calls])).toEqual(figures([...calls]));
});

/** What Claude Code writes while an answer streams: one line a block, with the counts so far. */
const streamed = (output: number, more: object = {}): string =>
  JSON.stringify({
    type: "assistant",
    isSidechain: false,
    sessionId: "s1",
    requestId: "req_1",
    timestamp: "2026-11-21T08:00:00.000Z",
    message: {
      id: "msg_1",
      model: "claude-opus-4-5",
      usage: { input_tokens: 10, output_tokens: output, cache_read_input_tokens: 5 },
    },
    ...more,
  });

test("of counts written while an answer streams, the last and greatest is taken, in whatever order", async () => {
  const lines = [9, 9, 159].map((output) => streamed(output));
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(lines, { minLength: 3 }), async (order) => {
      using home = openHome();
      home.write(".claude/projects/p/s1.jsonl", `${order.join("\n")}\n`);
      const { calls } = await home.read();
      expect(calls.map(({ end }) => end.usage?.outputTokens)).toEqual([159]);
    }),
    { numRuns: 6 },
  );
});

test("one answer's id under two requests is two calls, but for a side thread that repeats its session", async () => {
  using home = openHome();
  const other = streamed(20, { requestId: "req_2" });
  const replay = streamed(9, { requestId: "req_3", isSidechain: true });
  home.write(".claude/projects/p/s1.jsonl", `${streamed(9)}\n${other}\n`);
  home.write(".claude/projects/p/s1/subagents/agent-a.jsonl", `${replay}\n`);
  const { calls } = await home.read();
  expect(calls.map(({ end }) => end.usage?.outputTokens).sort()).toEqual([20, 9]);
});

test("calls are told apart by thousands, also those that repeat long after", async () => {
  using home = openHome();
  const NUMBER = 5000;
  const line = (number: number): string =>
    streamed(1, {
      requestId: `req_${number}`,
      message: {
        id: `msg_${number}`,
        model: "claude-opus-4-5",
        usage: { input_tokens: number, output_tokens: 1 },
      },
    });
  const lines = Array.from({ length: NUMBER }, (_, number) => line(number));
  home.write(".claude/projects/p/s1.jsonl", [...lines, ...lines].join("\n"));
  const { calls } = await home.read();
  expect(calls).toHaveLength(NUMBER);
  expect(new Set(calls.map(({ end }) => end.usage?.inputTokens)).size).toBe(NUMBER);
});
