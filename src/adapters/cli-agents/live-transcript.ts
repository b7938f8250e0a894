import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { cliAgents } from "./agents.ts";
import { type LiveFile, LiveReading } from "./live-reading.ts";
import { ToldRuns } from "./told-runs.ts";
import type { AgentContract, CliAgentId, StoryOptions } from "./transcript.ts";

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
  copilot: () => [],
} as const satisfies Record<CliAgentId, (file: string) => readonly string[]>;

/**
 * The transcripts of a session that runs. What was read once is not read again: a look costs what was
 * written since, however long they are.
 */
export class LiveTranscript {
  readonly path: string;
  readonly #agent: AgentContract;
  readonly #options: Omit<StoryOptions, "seenLines">;
  #reading: LiveReading;
  #runs: ToldRuns | undefined;

  constructor(agent: CliAgentId, transcriptPath: string, options: Omit<StoryOptions, "seenLines">) {
    this.path = transcriptPath;
    this.#agent = cliAgents[agent];
    this.#options = options;
    this.#reading = this.#begin();
  }

  /** Reads what was written since the last time. Resolves to whether there was anything. */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const files = await this.#findFiles();
    let isNew = await this.#reading.readOn(files, signal);
    if (isNew === undefined) {
      this.#reading = this.#begin();
      isNew = await this.#reading.readOn(files, signal);
    }
    if (isNew !== true) return false;
    this.#runs = undefined;
    return true;
  }

  /** What was told by now, by the run it is of; undefined where nothing was. */
  get runs(): ToldRuns | undefined {
    if (this.#runs === undefined && !this.#reading.isEmpty) {
      this.#runs = new ToldRuns(this.#reading.told());
    }
    return this.#runs;
  }

  /** How many turns began before a time. */
  turnsBefore(timeMs: number): number {
    const { turns } = this.#reading.told().story;
    return turns.filter(({ startedMs }) => startedMs < timeMs).length;
  }

  #begin(): LiveReading {
    return new LiveReading(this.#agent, this.#options);
  }

  /** The session's own files first, in the order they were made. */
  async #findFiles(): Promise<readonly LiveFile[]> {
    const { id, transcripts } = this.#agent;
    const own = transcripts.sessionOf(slashed(this.path));
    const beside = (await Promise.all(foldersOf[id](this.path).map(listFiles))).flat();
    const same = beside.filter(
      (name) =>
        name !== this.path &&
        transcripts.file.test(slashed(name)) &&
        transcripts.sessionOf(slashed(name)) === own,
    );
    const found = await Promise.all([this.path, ...same].map(look));
    return found
      .filter((file) => file !== undefined)
      .sort((a, b) => depthOf(a) - depthOf(b) || createdOf(a) - createdOf(b));
  }
}

const slashed = (name: string): string => name.replaceAll(path.sep, "/");

const depthOf = ({ path: file }: LiveFile): number => file.split(path.sep).length;

const createdOf = ({ stats: { birthtimeMs, mtimeMs } }: LiveFile): number =>
  Math.min(birthtimeMs, mtimeMs);

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

async function look(file: string): Promise<LiveFile | undefined> {
  const stats = await stat(file).catch(() => undefined);
  return stats && { path: file, stats };
}
