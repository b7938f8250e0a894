import {
  cpSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findTranscripts } from "../../../src/adapters/cli-agents/find-transcripts.ts";
import { type ReadOptions, readSession } from "../../../src/adapters/cli-agents/read-session.ts";
import { SeenCalls } from "../../../src/adapters/cli-agents/seen-calls.ts";
import type { CliAgentId, TranscriptCall } from "../../../src/adapters/cli-agents/transcript.ts";

type RecordedAgent = Exclude<CliAgentId, "copilot">;

/** The folder in the home folder that each agent writes to. */
const OWN_FOLDERS = {
  "claude-code": ".claude",
  "hawa-code": ".hcode",
  "qwen-code": ".qwen",
  "gemini-cli": ".gemini",
  codex: ".codex",
} as const satisfies Record<RecordedAgent, string>;

export type Case = `${RecordedAgent}/${string}`;

/** The folder of a recorded situation; it has what the agent's own folder had. */
export const fixture = (name: Case): string =>
  fileURLToPath(new URL(`../../fixtures/cli-agents/${name}`, import.meta.url));

export interface ReadResult {
  readonly calls: readonly TranscriptCall[];
  readonly broken: ReadonlyMap<string, number>;
  readonly unreadable: readonly string[];
}

/** A home folder in which agents have left their transcripts. */
export function openHome(...cases: readonly Case[]) {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-home-"));
  const home = folder.path;
  const add = (name: Case): void => {
    const agent = name.slice(0, name.indexOf("/")) as RecordedAgent;
    cpSync(fixture(name), path.join(home, OWN_FOLDERS[agent]), { recursive: true });
  };
  for (const name of cases) add(name);
  return {
    path: home,
    env: { HOME: home },
    add,
    /** Writes a file below the home folder; its time of change can be set. */
    write(name: string, content: string | Buffer, modified?: string): string {
      const file = path.join(home, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      if (modified !== undefined) utimesSync(file, new Date(modified), new Date(modified));
      return file;
    },
    /** Gives each file the time of its last line: copies are new, and all of one moment. */
    age: () => ageFiles(home),
    read: () => readHome({ HOME: home }),
    [Symbol.dispose]: () => folder.remove(),
  };
}

function ageFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const times = readFileSync(file, "utf8").match(/2026-\d\d-\d\dT[\d:.]+Z/g) ?? [];
    const last = new Date(times.sort().at(-1) ?? 0);
    utimesSync(file, last, last);
  }
}

/** Reads all calls that transcripts under an environment, or in some places, tell of. */
export async function readHome(
  env: Readonly<Record<string, string>>,
  paths: readonly string[] = [],
): Promise<ReadResult> {
  const { signal } = new AbortController();
  const found = await findTranscripts({ env, paths, signal });
  const broken = new Map<string, number>();
  const unreadable: string[] = [];
  const options: ReadOptions = {
    seen: new SeenCalls(),
    signal,
    onBrokenLines: (file, lines) => broken.set(file, lines),
    onUnreadable: (file) => unreadable.push(file),
  };
  const calls: TranscriptCall[] = [];
  for (const session of found.sessions) {
    for await (const batch of readSession(session, options)) calls.push(...batch);
  }
  calls.sort((a, b) => a.end.time - b.end.time);
  return { calls, broken, unreadable };
}

/** One line a call, for comparing many at once. */
export const brief = ({ sessionId, subagent, end }: TranscriptCall): string => {
  const { usage } = end;
  const counts = [
    usage?.inputTokens,
    usage?.cacheReadTokens,
    usage?.cacheWriteTokens,
    usage?.outputTokens,
    usage?.reasoningTokens,
  ];
  const who = subagent === undefined ? "" : ` ${subagent}`;
  const model = end.responseModel ?? "no model";
  return `${sessionId.slice(0, 8)}${who} ${model} ${counts.map((count) => count ?? "-").join(" ")}`;
};

/** Reads all calls of some recorded situations. */
export async function readCases(...cases: readonly Case[]): Promise<ReadResult> {
  using home = openHome(...cases);
  home.age();
  return await home.read();
}
