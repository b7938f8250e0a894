import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { isErrno } from "../../base/files.ts";
import { cliAgents } from "./agents.ts";
import { findOwner } from "./sniff.ts";
import type { AgentContract, Environment } from "./transcript.ts";

export interface TranscriptFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** When it was made, as far as the file system tells: no later than its last change. */
  readonly createdMs: number;
}

/** The files of one session: its own, and those of its subagents. */
export interface SessionFiles {
  readonly agent: AgentContract;
  /** The session's own file first, then by time of change. */
  readonly files: readonly TranscriptFile[];
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly createdMs: number;
}

/** A folder or file that was searched, and how many transcripts lie there. */
export interface SearchedPlace {
  readonly path: string;
  /** Absent where the place was named by the user and may hold any agent's transcripts. */
  readonly agent: AgentContract | undefined;
  readonly files: number;
}

export interface FoundTranscripts {
  /** In the order they were made in: a session is read before those that were forked from it. */
  readonly sessions: readonly SessionFiles[];
  readonly places: readonly SearchedPlace[];
  /** Files in a named place that look like transcripts and are nobody's. */
  readonly foreign: readonly string[];
  /** Folders and files that could not be looked at. */
  readonly unreadable: readonly string[];
}

export interface SearchOptions {
  readonly env: Environment;
  /** Files and folders to search instead of the agents' own. */
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

const PARALLEL_STATS = 64;

/** Looks for transcripts, and at their names, sizes and times only. */
export async function findTranscripts(options: SearchOptions): Promise<FoundTranscripts> {
  const search = new Search(options.signal);
  const places =
    options.paths.length > 0
      ? await search.namedPlaces(options.paths)
      : await search.agentPlaces(options.env);
  return {
    sessions: search.sessions(),
    places,
    foreign: search.foreign.sort(),
    unreadable: search.unreadable.sort(),
  };
}

const slashed = (file: string): string => file.replaceAll(path.sep, "/");

class Search {
  readonly foreign: string[] = [];
  readonly unreadable: string[] = [];
  readonly #signal: AbortSignal;
  readonly #files = new Map<string, TranscriptFile[]>();
  readonly #agents = new Map<string, AgentContract>();
  readonly #known = new Set<string>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async agentPlaces(env: Environment): Promise<SearchedPlace[]> {
    const home = env["HOME"] || env["USERPROFILE"];
    const places: SearchedPlace[] = [];
    for (const agent of Object.values(cliAgents)) {
      for (const folder of new Set(agent.transcripts.folders(env, home))) {
        const names = await this.#list(folder);
        const own = names.filter((name) => agent.transcripts.file.test(slashed(name)));
        await this.#takeAll(own, () => agent);
        places.push({ path: folder, agent, files: own.length });
      }
    }
    return places;
  }

  async namedPlaces(paths: readonly string[]): Promise<SearchedPlace[]> {
    const places: SearchedPlace[] = [];
    for (const place of paths) {
      const names = (await this.#list(place)).filter((name) => /\.jsonl?(\.zst)?$/.test(name));
      const before = this.#known.size;
      await this.#takeAll(names, (name) => findOwner(name, this.#signal));
      places.push({ path: place, agent: undefined, files: this.#known.size - before });
    }
    return places;
  }

  sessions(): SessionFiles[] {
    const sessions = [...this.#files].flatMap(([key, files]) => {
      const agent = this.#agents.get(key);
      return agent === undefined ? [] : [toSession(agent, files)];
    });
    return sessions.sort((a, b) => a.createdMs - b.createdMs || compareFirst(a, b));
  }

  async #list(place: string): Promise<string[]> {
    const found: string[] = [];
    const folders = [place];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      this.#signal.throwIfAborted();
      for (const entry of await this.#entries(folder, place)) {
        const name = entry === undefined ? folder : path.join(folder, entry.name);
        if (entry?.isDirectory()) folders.push(name);
        else if (entry === undefined || entry.isFile()) found.push(name);
      }
    }
    return found;
  }

  /** What lies in a folder; the place itself, as `undefined`, where it is a file. */
  async #entries(folder: string, place: string): Promise<readonly (Dirent | undefined)[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (isErrno(error, "ENOTDIR") && folder === place) return [undefined];
      if (!isErrno(error, "ENOENT")) this.unreadable.push(folder);
      return [];
    }
  }

  async #takeAll(
    names: readonly string[],
    ownerOf: (name: string) => AgentContract | undefined | Promise<AgentContract | undefined>,
  ): Promise<void> {
    for (let first = 0; first < names.length; first += PARALLEL_STATS) {
      this.#signal.throwIfAborted();
      const batch = names.slice(first, first + PARALLEL_STATS);
      await Promise.all(batch.map(async (name) => this.#take(name, await ownerOf(name))));
    }
  }

  async #take(name: string, agent: AgentContract | undefined): Promise<void> {
    if (agent === undefined) {
      this.foreign.push(name);
      return;
    }
    const known = await stat(name).catch(() => undefined);
    if (known === undefined || this.#known.has(name)) return;
    this.#known.add(name);
    const key = `${agent.id} ${agent.transcripts.sessionOf(slashed(name))}`;
    const files = this.#files.get(key) ?? [];
    const { size: sizeBytes, mtimeMs: modifiedMs, birthtimeMs } = known;
    const createdMs = birthtimeMs > 0 ? Math.min(birthtimeMs, modifiedMs) : modifiedMs;
    files.push({ path: name, sizeBytes, modifiedMs, createdMs });
    this.#files.set(key, files);
    this.#agents.set(key, agent);
  }
}

/** Subagents' files lie deeper than the session's own. */
const depthOf = (file: TranscriptFile): number => slashed(file.path).split("/").length;

function toSession(agent: AgentContract, files: readonly TranscriptFile[]): SessionFiles {
  return {
    agent,
    files: files.toSorted(
      (a, b) =>
        depthOf(a) - depthOf(b) || a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1),
    ),
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    modifiedMs: Math.max(...files.map(({ modifiedMs }) => modifiedMs)),
    createdMs: Math.min(...files.map(({ createdMs }) => createdMs)),
  };
}

const firstPath = ({ files }: SessionFiles): string => files[0]?.path ?? "";

const compareFirst = (a: SessionFiles, b: SessionFiles): number =>
  firstPath(a) < firstPath(b) ? -1 : 1;
