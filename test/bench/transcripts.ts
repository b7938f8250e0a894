/**
 * How fast transcripts are read, on one core and with what a machine's disk cache gives: a tree of files of
 * Claude Code's is made, half of its bytes tool results, and all its calls are read. Prints one line of JSON;
 * run it with `node test/bench/transcripts.ts [megabytes [megabytes a file]]`.
 */
import { closeSync, mkdirSync, mkdtempDisposableSync, openSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { findTranscripts } from "../../src/adapters/cli-agents/find-transcripts.ts";
import { readSession } from "../../src/adapters/cli-agents/read-session.ts";
import { SeenCalls } from "../../src/adapters/cli-agents/seen-calls.ts";

const MEGABYTE = 1e6;
const [megabytes = 300, megabytesAFile = 1] = process.argv.slice(2).map(Number);

const words = 'const total = items.map((item) => item.price).join("\\n"); // as it was\n';
const fill = (length: number): string => words.repeat(Math.ceil(length / words.length));
const TOOL_RESULTS = [700, 1500, 4000, 9000].map(fill);
const BLOCKS = [
  { type: "thinking", thinking: fill(700), signature: fill(700) },
  { type: "text", text: fill(400) },
  { type: "tool_use", id: "toolu", name: "Read", input: { file_path: "/home/u/app/src/a.ts" } },
];

/** The lines of one answer and the tool result after it. */
function turnLines(sessionId: string, number: number): string {
  const base = {
    parentUuid: `parent-${number}`,
    isSidechain: false,
    userType: "external",
    cwd: "/home/u/app",
    sessionId,
    gitBranch: "main",
    timestamp: new Date(1_790_000_000_000 + number * 20_000).toISOString(),
  };
  const message = {
    id: `msg_${sessionId}_${number}`,
    model: number % 5 === 0 ? "claude-sonnet-4-5-20250929" : "claude-opus-4-5-20251101",
    usage: {
      input_tokens: 3 + (number % 9),
      cache_creation_input_tokens: 1000 + number,
      cache_read_input_tokens: 20_000 + number,
      output_tokens: 200 + (number % 700),
    },
  };
  const answer = BLOCKS.map((block) => ({
    ...base,
    type: "assistant",
    requestId: `req_${sessionId}_${number}`,
    message: { ...message, content: [block] },
  }));
  const content = TOOL_RESULTS[number % TOOL_RESULTS.length];
  const result = { ...base, type: "user", message: { role: "user", content: [{ content }] } };
  const lines = [...answer, { ...result, toolUseResult: { file: { content } } }];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function writeTree(home: string): void {
  const folder = path.join(home, ".claude/projects/app");
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file * megabytesAFile < megabytes; file += 1) {
    const handle = openSync(path.join(folder, `session-${file}.jsonl`), "w");
    let bytes = 0;
    for (let number = 0; bytes < megabytesAFile * MEGABYTE; number += 1) {
      bytes += writeSync(handle, turnLines(`s${file}`, number));
    }
    closeSync(handle);
  }
}

async function readTree(home: string): Promise<{ calls: number; bytes: number }> {
  const { signal } = new AbortController();
  const { sessions } = await findTranscripts({ env: { HOME: home }, paths: [], signal });
  const seen = new SeenCalls();
  let calls = 0;
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
  };
  for (const session of sessions) {
    for await (const batch of readSession(session, { seen, signal, onBytes })) {
      calls += batch.length;
    }
  }
  return { calls, bytes };
}

// As the command does it.
setFlagsFromString("--semi-space-growth-factor=1");
using home = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-transcripts-"));
writeTree(home.path);
const started = performance.now();
const used = process.cpuUsage();
const { calls, bytes } = await readTree(home.path);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(used);
const cpuSeconds = (user + system) / 1e6;
console.log(
  JSON.stringify({
    megabytes: Math.round(bytes / MEGABYTE),
    calls,
    seconds: Number(seconds.toFixed(2)),
    megabytesPerCpuSecond: Math.round(bytes / MEGABYTE / cpuSeconds),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
