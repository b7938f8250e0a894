import type { Stats } from "node:fs";
import path from "node:path";
import { GrowingFile } from "./growing-file.ts";
import { LineScanner } from "./line-scanner.ts";
import { readDocument } from "./read-session.ts";
import { openSession, type ToldSession } from "./read-story.ts";
import { SeenCalls } from "./seen-calls.ts";
import type {
  AgentContract,
  StoryOptions,
  StoryReader,
  TranscriptCall,
  TranscriptReader,
} from "./transcript.ts";

/** A file of a session, as it was when it was looked at. */
export interface LiveFile {
  readonly path: string;
  readonly stats: Stats;
}

interface OpenFile {
  readonly growing: GrowingFile;
  readonly scanner: LineScanner;
}

/** One reading of the transcripts of a session that runs; it goes on where it was, file by file. */
export class LiveReading {
  readonly #agent: AgentContract;
  readonly #reader: TranscriptReader;
  readonly #story: StoryReader;
  readonly #files = new Map<string, OpenFile>();
  /** Documents are written anew for each message, and are read once. */
  readonly #documents = new Map<string, number>();
  readonly #calls: TranscriptCall[] = [];

  constructor(agent: AgentContract, options: Omit<StoryOptions, "seenLines">) {
    const seen = { seen: new SeenCalls(), seenLines: new SeenCalls() };
    const { reader, story } = openSession(agent, { ...seen, ...options });
    this.#agent = agent;
    this.#reader = reader;
    this.#story = story;
  }

  /** Nothing was there to be read. */
  get isEmpty(): boolean {
    return this.#files.size + this.#documents.size === 0;
  }

  told(): ToldSession {
    return { story: this.#story.told(), calls: [...this.#calls, ...this.#reader.rest()] };
  }

  /**
   * Reads what was added to the files since. Resolves to whether there was anything; to undefined where one
   * is no longer what was read of it, so that all is to be read anew.
   */
  async readOn(files: readonly LiveFile[], signal: AbortSignal): Promise<boolean | undefined> {
    let isNew = false;
    for (const file of files) {
      const isDocument = file.path.endsWith(".json");
      const read = isDocument ? this.#readDocument(file, signal) : this.#read(file, signal);
      // One that cannot be read tells nothing; it may be gone by now.
      const more = await read.catch(() => false);
      signal.throwIfAborted();
      if (more === undefined) return undefined;
      isNew ||= more;
    }
    return isNew;
  }

  async #read({ path: file, stats }: LiveFile, signal: AbortSignal): Promise<boolean | undefined> {
    const { growing, scanner } = this.#open(file);
    if (!growing.hasMore(stats)) return false;
    await this.#begin(file);
    const isSame = await growing.read((bytes) => {
      scanner.push(bytes);
      this.#takeSettled();
    }, signal);
    scanner.takeWhole();
    this.#takeSettled();
    return isSame ? true : undefined;
  }

  async #readDocument({ path: file, stats }: LiveFile, signal: AbortSignal) {
    const known = this.#documents.get(file);
    if (known !== undefined) return known === stats.mtimeMs ? false : undefined;
    this.#documents.set(file, stats.mtimeMs);
    await this.#begin(file);
    await readDocument({ path: file, sizeBytes: stats.size }, { reader: this.#reader, signal });
    this.#takeSettled();
    return true;
  }

  #open(file: string): OpenFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const scanner = new LineScanner((line) => this.#reader.read(line));
    const opened = { growing: new GrowingFile(file), scanner };
    this.#files.set(file, opened);
    return opened;
  }

  /** What lies beside a file may have come after its first lines. */
  async #begin(file: string): Promise<void> {
    const name = file.replaceAll(path.sep, "/");
    const facts = await this.#agent.transcripts.describeFile(name);
    this.#reader.beginFile({ ...facts, path: name });
  }

  #takeSettled(): void {
    for (const call of this.#reader.takeSettled()) this.#calls.push(call);
  }
}
