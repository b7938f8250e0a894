import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { cliAgents } from "./agents.ts";
import type { SessionFiles, TranscriptFile } from "./find-transcripts.ts";
import { readStory, type ToldSession } from "./read-story.ts";
import { SeenCalls } from "./seen-calls.ts";
import type { CliAgentId } from "./transcript.ts";

const subagentsOf = (file: string): string[] => [
  path.join(file.replace(/\.jsonl$/, ""), "subagents"),
];

/** Where else lines of the same session are, beside its own file. */
const foldersOf = {
  "claude-code": subagentsOf,
  "hawa-code": subagentsOf,
  "qwen-code": (file) => [
    path.join(path.dirname(file), "..", "subagents", path.basename(file, ".jsonl")),
  ],
  // Each start of the program has a file of its own, and subagents a folder.
  "gemini-cli": (file) => [path.dirname(file)],
  codex: () => [],
} as const satisfies Record<CliAgentId, (file: string) => readonly string[]>;

/** Reads what the transcripts of one session tell by now; undefined where there is none yet. */
export async function readLiveTranscript(
  agent: CliAgentId,
  transcriptPath: string,
  options: { readonly content: boolean; readonly signal: AbortSignal },
): Promise<ToldSession | undefined> {
  const contract = cliAgents[agent];
  const { sessionOf, file: isTranscript } = contract.transcripts;
  const slashed = (name: string): string => name.replaceAll(path.sep, "/");
  const own = sessionOf(slashed(transcriptPath));
  const beside = await Promise.all(foldersOf[agent](transcriptPath).map(listFiles));
  const names = beside.flat().filter((name) => isTranscript.test(slashed(name)));
  const same = names.filter((name) => sessionOf(slashed(name)) === own && name !== transcriptPath);
  const found = await Promise.all([transcriptPath, ...same].map(describe));
  const files = found.filter((file) => file !== undefined);
  if (files.length === 0) return undefined;
  const session: SessionFiles = {
    agent: contract,
    files: files.toSorted((a, b) => depthOf(a) - depthOf(b) || a.createdMs - b.createdMs),
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    modifiedMs: Math.max(...files.map(({ modifiedMs }) => modifiedMs)),
    createdMs: Math.min(...files.map(({ createdMs }) => createdMs)),
  };
  return readStory(session, { ...options, seen: new SeenCalls(), seenLines: new SeenCalls() });
}

const depthOf = ({ path: file }: TranscriptFile): number => file.split(path.sep).length;

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

async function describe(file: string): Promise<TranscriptFile | undefined> {
  const known = await stat(file).catch(() => undefined);
  if (known === undefined) return undefined;
  const { size: sizeBytes, mtimeMs: modifiedMs, birthtimeMs } = known;
  return { path: file, sizeBytes, modifiedMs, createdMs: Math.min(birthtimeMs, modifiedMs) };
}
