import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cliAgents } from "../../../src/adapters/cli-agents/agents.ts";
import { timeMs } from "../../../src/adapters/cli-agents/fields.ts";
import { LiveTranscript } from "../../../src/adapters/cli-agents/live-transcript.ts";
import type { CliAgentId } from "../../../src/adapters/cli-agents/transcript.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { type Case, fixture } from "./home.ts";

const { signal } = new AbortController();

const CASES: readonly Case[] = [
  "claude-code/compact",
  "claude-code/fail500",
  "claude-code/subagent",
  "claude-code/two-tools",
  "claude-code/version-2.0",
  "codex/compact",
  "codex/fail500",
  "codex/tool",
  "gemini-cli/subagent",
  "gemini-cli/tool",
  "qwen-code/fail500",
  "qwen-code/subagent",
];

interface Line {
  readonly file: string;
  readonly text: string;
  readonly time: number;
}

const agentOf = (name: Case): CliAgentId => name.slice(0, name.indexOf("/")) as CliAgentId;

/** The files of a recorded session below its folder; the one that hooks name comes first. */
function filesOf(name: Case): string[] {
  const { file } = cliAgents[agentOf(name)].transcripts;
  return readdirSync(fixture(name), { recursive: true, encoding: "utf8" })
    .filter((each) => file.test(`/${each}`))
    .sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
}

/** All lines in the order they were written in: each at its own time, or that of the line before. */
function linesOf(name: Case): Line[] {
  const lines = filesOf(name).flatMap((file) => {
    let time = 0;
    const written = readFileSync(path.join(fixture(name), file), "utf8").match(/.*\n/g) ?? [];
    return written.map((text): Line => {
      time = Math.max(time, timeMs(JSON.parse(text).timestamp) ?? time);
      return { file, text, time };
    });
  });
  return lines.sort((a, b) => a.time - b.time);
}

function openSession(name: Case) {
  const folder = makeTemporaryFolder();
  const [own = ""] = filesOf(name);
  for (const file of readdirSync(fixture(name), { recursive: true, encoding: "utf8" })) {
    if (!/\.meta\.json$|\.project_root$/.test(file)) continue;
    folder.write(file, readFileSync(path.join(fixture(name), file), "utf8"));
  }
  const append = (file: string, bytes: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(folder.path, file)), { recursive: true });
    appendFileSync(path.join(folder.path, file), bytes);
  };
  const transcript = path.join(folder.path, own);
  const open = () => new LiveTranscript(agentOf(name), transcript, { content: true });
  return { path: transcript, append, open, [Symbol.dispose]: folder[Symbol.dispose] };
}

/** What a transcript that was never looked at before tells. */
async function readAnew(session: ReturnType<typeof openSession>) {
  const anew = session.open();
  await anew.refresh(signal);
  return anew.runs?.all();
}

test.each(CASES)(
  "%s: read as it grows, wherever it was cut, it tells what it tells as a whole",
  async (name) => {
    const lines = linesOf(name);
    using whole = openSession(name);
    for (const { file, text } of lines) whole.append(file, text);
    const told = await readAnew(whole);
    expect((told ?? []).flatMap(({ events }) => events).length).toBeGreaterThan(0);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
          minLength: lines.length,
          maxLength: lines.length,
        }),
        async (cuts) => {
          using session = openSession(name);
          const live = session.open();
          for (const [index, { file, text }] of lines.entries()) {
            const bytes = Buffer.from(text);
            const cut = Math.round((cuts[index] ?? 0) * bytes.length);
            session.append(file, bytes.subarray(0, cut));
            await live.refresh(signal);
            session.append(file, bytes.subarray(cut));
            if (index % 3 === 0) await live.refresh(signal);
          }
          await live.refresh(signal);
          expect(live.runs?.all()).toEqual(told);
        },
      ),
      { numRuns: 5 },
    );
  },
);

test("at every line it tells what is told by then", async () => {
  const name = "claude-code/subagent";
  using session = openSession(name);
  const live = session.open();
  for (const { file, text } of linesOf(name)) {
    session.append(file, text);
    expect(await live.refresh(signal)).toBe(true);
    expect(live.runs?.all()).toEqual(await readAnew(session));
  }
});

test("where nothing was written there is nothing new, and what was told stands", async () => {
  using session = openSession("codex/tool");
  const live = session.open();
  expect(await live.refresh(signal)).toBe(false);
  expect(live.runs).toBeUndefined();
  for (const { file, text } of linesOf("codex/tool")) session.append(file, text);
  expect(await live.refresh(signal)).toBe(true);
  const { runs } = live;
  expect(await live.refresh(signal)).toBe(false);
  expect(live.runs).toBe(runs);
});

/** A figure long before the end becomes another, and the file's size stays. */
function changeFigure(file: string): void {
  const content = readFileSync(file, "utf8");
  writeFileSync(file, content.replace(/"input_tokens": \d/g, '"input_tokens": 7'));
}

test("bytes that were read are not read again; one who reads all of them sees that they have changed", async () => {
  const name = "claude-code/tool";
  const lines = linesOf(name);
  using whole = openSession(name);
  for (const { file, text } of lines) whole.append(file, text);
  const told = await readAnew(whole);
  using session = openSession(name);
  const live = session.open();
  for (const { file, text } of lines.slice(0, -1)) session.append(file, text);
  await live.refresh(signal);
  changeFigure(session.path);
  const [last] = lines.slice(-1);
  session.append(last?.file ?? "", last?.text ?? "");
  expect(await live.refresh(signal)).toBe(true);
  expect(live.runs?.all()).toEqual(told);
  expect(await readAnew(session)).not.toEqual(told);
});

test.each([
  ["a shorter one", (content: string) => content.slice(0, content.indexOf("\n") + 1)],
  ["a longer one of other lines", (content: string) => content.replaceAll("msg_", "other_msg_")],
])("a transcript that became another is read anew: %s", async (_, change) => {
  using session = openSession("claude-code/tool");
  const live = session.open();
  for (const { file, text } of linesOf("claude-code/tool")) session.append(file, text);
  await live.refresh(signal);
  writeFileSync(session.path, change(readFileSync(session.path, "utf8")));
  expect(await live.refresh(signal)).toBe(true);
  expect(live.runs?.all()).toEqual(await readAnew(session));
});

test("a last line without its end counts as soon as it is whole, and once", async () => {
  const name = "codex/tool";
  const lines = linesOf(name);
  using session = openSession(name);
  const live = session.open();
  for (const { file, text } of lines.slice(0, -1)) session.append(file, text);
  const [last] = lines.slice(-1);
  const text = last?.text.trimEnd() ?? "";
  session.append(last?.file ?? "", text.slice(0, -1));
  await live.refresh(signal);
  const torn = live.runs?.all();
  session.append(last?.file ?? "", "}");
  await live.refresh(signal);
  const whole = live.runs?.all();
  expect(whole).not.toEqual(torn);
  session.append(last?.file ?? "", "\n");
  await live.refresh(signal);
  expect(live.runs?.all()).toEqual(whole);
});
