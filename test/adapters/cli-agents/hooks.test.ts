import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CliAgentId } from "../../../src/adapters/cli-agents/transcript.ts";
import { runTurnspan } from "../../support/cli.ts";
import { attributesOf, type OtlpSpan, readOtlpLines } from "../../support/otlp-lines.ts";
import { type Case, fixture } from "./home.ts";

const AGENTS = ["claude-code", "qwen-code", "gemini-cli", "codex", "copilot"] as const;
const folder = fileURLToPath(new URL("../../fixtures/cli-agent-hooks", import.meta.url));

type Recording = `${CliAgentId}/${string}`;

const RECORDINGS = AGENTS.flatMap((agent) =>
  readdirSync(join(folder, agent)).map((file): Recording => `${agent}/${file.slice(0, -6)}`),
);

const linesOf = (name: Recording): string[] =>
  readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");

/** `turnspan replay` of some lines. */
async function replay(name: Recording, lines = linesOf(name), ...transcripts: readonly Case[]) {
  using made = mkdtempDisposableSync(join(tmpdir(), "turnspan-hooks-"));
  const [file, out] = [join(made.path, "in.jsonl"), join(made.path, "out.jsonl")];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const [agent = ""] = name.split("/");
  const told = transcripts.flatMap((each) => ["--transcript", fixture(each)]);
  const run = await runTurnspan(["replay", "--host", agent, file, "--out", out, ...told]);
  const { spans, logs } = readOtlpLines(out);
  return { run, spans, logs };
}

const kindOf = (span: OtlpSpan): unknown => attributesOf(span)["turnspan.kind"];

/** What hangs where: a line a span, below its parent, with its outcome. */
function treeOf(spans: readonly OtlpSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const start = ({ startTimeUnixNano }: OtlpSpan): bigint => BigInt(startTimeUnixNano);
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter(
        ({ parentSpanId: id }) => (id !== undefined && ids.has(id) ? id : undefined) === parent,
      )
      .sort((a, b) => Number(start(a) - start(b)))
      .flatMap((span) => [
        `${"  ".repeat(depth)}${describe(span)}`,
        ...below(span.spanId, depth + 1),
      ]);
  return below(undefined, 0);
}

function describe(span: OtlpSpan): string {
  const attributes = attributesOf(span);
  const words = [
    attributes["turnspan.turn.outcome"] ?? attributes["turnspan.call.outcome"],
    attributes["turnspan.session.end_reason"],
    attributes["error.type"],
    attributes["turnspan.turn.trigger"],
  ];
  return [span.name, ...words.filter((word) => word !== undefined)].join(" ");
}

test.each(RECORDINGS)("%s: every span has ended and every parent is there", async (name) => {
  const { run, spans } = await replay(name);
  expect(run).toMatchObject({ code: 0, err: "" });
  const ids = new Set(spans.map(({ spanId }) => spanId));
  expect(ids.size).toBe(spans.length);
  expect(
    spans.flatMap(({ parentSpanId }) => parentSpanId ?? []).filter((id) => !ids.has(id)),
  ).toEqual([]);
  expect(spans.some((span) => kindOf(span) === "session")).toBe(true);
});

test("recordings become these trees", async () => {
  const trees: Record<string, string[]> = {};
  for (const name of RECORDINGS) trees[name] = treeOf((await replay(name)).spans);
  expect(trees).toMatchSnapshot();
});

test.each(RECORDINGS)("%s: any line doubled gives the same", async (name) => {
  const lines = linesOf(name);
  const { spans, logs } = await replay(name);
  for (const at of lines.keys()) {
    const doubled = lines.flatMap((line, index) => (index === at ? [line, line] : [line]));
    const again = await replay(name, doubled);
    expect({ spans: again.spans, logs: again.logs }).toEqual({ spans, logs });
  }
});

test.each(RECORDINGS)("%s: as captured, with times, any order gives the same", async (name) => {
  const captured = linesOf(name).map((line, index) => {
    const value = JSON.parse(line);
    const { timestamp, ...payload } = value.body ?? value;
    const receivedMs =
      timestamp === undefined ? 1_790_000_000_000 + index * 50 : Date.parse(timestamp);
    return JSON.stringify({ receivedMs, payload });
  });
  const { spans, logs } = await replay(name, captured);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(captured, { minLength: captured.length }),
      async (lines) => {
        const again = await replay(name, lines);
        expect({ spans: again.spans, logs: again.logs }).toEqual({ spans, logs });
      },
    ),
    { numRuns: 5 },
  );
});

/** Recordings of hooks with the transcripts of the same runs. */
const PAIRS: readonly (readonly [Recording, Case])[] = [
  ["claude-code/subagent", "claude-code/subagent"],
  ["claude-code/tool", "claude-code/tool"],
  ["claude-code/fail500", "claude-code/fail500"],
  ["qwen-code/tool", "qwen-code/tool"],
  ["qwen-code/fail500", "qwen-code/fail500"],
  ["gemini-cli/tool", "gemini-cli/tool"],
  ["codex/tool", "codex/tool"],
  ["codex/fail500", "codex/fail500"],
];

const idsOf = (spans: readonly OtlpSpan[], ...kinds: readonly string[]): string[] =>
  spans
    .filter((span) => kinds.includes(String(kindOf(span))))
    .map(({ traceId, spanId, parentSpanId }) => [traceId, spanId, parentSpanId].join(" "))
    .sort();

test.each(PAIRS)(
  "%s: ids from hooks are those from the transcript of the same run",
  async (hooks, told) => {
    using made = mkdtempDisposableSync(join(tmpdir(), "turnspan-hooks-"));
    const out = join(made.path, "out.jsonl");
    await runTurnspan(["import", fixture(told), "--out", out]);
    const imported = idsOf(readOtlpLines(out).spans, "turn", "tool_call", "subagent");
    const captured = idsOf((await replay(hooks)).spans, "turn", "tool_call", "subagent");
    expect(captured.length).toBeGreaterThan(0);
    expect(captured.filter((id) => !imported.includes(id))).toEqual([]);
    const both = idsOf(
      (await replay(hooks, linesOf(hooks), told)).spans,
      "turn",
      "tool_call",
      "subagent",
    );
    expect(both).toEqual(captured);
  },
);

test("Gemini CLI: one command that a subagent and a later turn run is two calls", async () => {
  using made = mkdtempDisposableSync(join(tmpdir(), "turnspan-hooks-"));
  const out = join(made.path, "out.jsonl");
  await runTurnspan(["import", fixture("gemini-cli/subagent"), "--out", out]);
  const { spans } = readOtlpLines(out);
  expect(treeOf(spans).filter((line) => line.includes("execute_tool"))).toEqual([
    "  execute_tool invoke_agent",
    "      execute_tool run_shell_command",
    "  execute_tool run_shell_command",
  ]);
});

test("Gemini CLI: one command in two turns is two calls, and its hooks tell them apart", async () => {
  const lines = linesOf("gemini-cli/tool");
  const at = lines.findIndex((line) => line.includes('"SessionEnd"'));
  const turn = lines.slice(0, at).filter((line) => !line.includes('"SessionStart"'));
  const later = turn.map((line) => line.replace(/"timestamp": ?"2026/, '"timestamp":"2027'));
  const { spans } = await replay("gemini-cli/tool", [...lines.slice(0, at), ...later]);
  const tools = spans.filter((span) => kindOf(span) === "tool_call");
  expect(new Set(tools.map((span) => attributesOf(span)["gen_ai.tool.call.id"])).size).toBe(2);
});

test("transcripts add model calls, cost and causes of failures to what hooks tell", async () => {
  const trees: Record<string, string[]> = {};
  for (const [hooks, told] of PAIRS) {
    trees[hooks] = treeOf((await replay(hooks, linesOf(hooks), told)).spans);
  }
  expect(trees).toMatchSnapshot();
});

test("what is no payload is named with its line and skipped; unknown events are signs of life", async () => {
  const lines = linesOf("claude-code/plain");
  const [first = ""] = lines;
  const unknown = first.replace('"SessionStart"', '"BrandNew"');
  const { run, spans } = await replay("claude-code/plain", [
    ...lines.slice(0, 2),
    "{oops",
    "[1]",
    unknown,
    ...lines.slice(2),
  ]);
  expect(run.code).toBe(1);
  expect(run.err).toMatch(/in\.jsonl:3: skipped: no hook's payload.*\n.*in\.jsonl:4: skipped/);
  expect(treeOf(spans)).toEqual(treeOf((await replay("claude-code/plain")).spans));
});
