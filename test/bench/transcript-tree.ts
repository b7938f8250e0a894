/** A home folder with transcripts of Claude Code's, half of whose bytes are tool results. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";

export const MEGABYTE = 1e6;

interface Tree {
  readonly megabytes: number;
  readonly megabytesAFile: number;
}

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

/** Writes the files; gives back their paths. */
export function writeTree(home: string, { megabytes, megabytesAFile }: Tree): string[] {
  const folder = path.join(home, ".claude/projects/app");
  mkdirSync(folder, { recursive: true });
  const names: string[] = [];
  for (let file = 0; file * megabytesAFile < megabytes; file += 1) {
    const name = path.join(folder, `session-${file}.jsonl`);
    names.push(name);
    const handle = openSync(name, "w");
    let bytes = 0;
    for (let number = 0; bytes < megabytesAFile * MEGABYTE; number += 1) {
      bytes += writeSync(handle, turnLines(`s${file}`, number));
    }
    closeSync(handle);
  }
  return names;
}
