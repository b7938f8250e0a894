import path from "node:path";
import { cliAgents } from "./agents.ts";
import type { Fields } from "./fields.ts";
import { readChunks } from "./file-chunks.ts";
import { LineScanner } from "./line-scanner.ts";
import type { AgentContract } from "./transcript.ts";

const HEAD_BYTES = 256 * 1024;

/** Finds whose transcript a file is: by its lines, or by its name where it has none to look at. */
export async function findOwner(
  file: string,
  signal: AbortSignal,
): Promise<AgentContract | undefined> {
  const agents: readonly AgentContract[] = Object.values(cliAgents);
  if (!file.endsWith(".jsonl")) {
    const slashed = file.replaceAll(path.sep, "/");
    return agents.find((agent) => agent.transcripts.file.test(slashed));
  }
  const lines = await readHead(file, signal).catch(() => []);
  signal.throwIfAborted();
  return agents.find((agent) => lines.some((line) => agent.transcripts.isOwnLine(line)));
}

/** Every agent's lines tell whose they are near a file's start. */
export async function readHead(file: string, signal: AbortSignal): Promise<readonly Fields[]> {
  const lines: Fields[] = [];
  const scanner = new LineScanner((line) => lines.push(line));
  for await (const chunk of readChunks({ path: file, sizeBytes: HEAD_BYTES - 1 }, signal)) {
    scanner.push(chunk);
    break;
  }
  scanner.end();
  return lines;
}
