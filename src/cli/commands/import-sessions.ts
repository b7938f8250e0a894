import { createProjectFinder, type FindProject } from "../../adapters/cli-agents/find-project.ts";
import type { SessionFiles } from "../../adapters/cli-agents/find-transcripts.ts";
import {
  type ReadStoryOptions,
  readStory,
  type ToldSession,
} from "../../adapters/cli-agents/read-story.ts";
import { SeenCalls } from "../../adapters/cli-agents/seen-calls.ts";
import { SessionStory } from "../../adapters/cli-agents/session-story.ts";
import { toEvents } from "../../adapters/cli-agents/story-events.ts";
import type { CliAgentId, TranscriptCall } from "../../adapters/cli-agents/transcript.ts";
import type { ContentMode } from "../../lifecycle/content.ts";
import type { CliContext } from "../context.ts";
import { startProgress } from "../progress.ts";
import type { ImportLedger } from "./import-ledger.ts";
import { EVENTS_PER_DRAIN, type ReplayOutput } from "./replay-output.ts";

export interface ImportOptions {
  /** Sessions that are not to be sent; what they tell may still be repeated by others. */
  readonly isKnown: (session: SessionFiles) => boolean;
  readonly ledger: ImportLedger | undefined;
  readonly output: ReplayOutput;
  readonly content: ContentMode;
  readonly cli: CliContext;
}

export interface ImportedSessions {
  readonly sessionsRead: number;
  readonly sessionsKnown: number;
  readonly sessionsRunning: number;
  readonly bytesRead: number;
  readonly brokenLines: ReadonlyMap<string, number>;
  readonly unreadable: readonly string[];
}

/** A turn without an end in a session that was written to this short ago still runs. */
const RUNNING_MS = 600_000;

/** Sends all sessions that are not known, each whole. */
export async function importSessions(
  sessions: readonly SessionFiles[],
  options: ImportOptions,
): Promise<ImportedSessions> {
  const fresh = sessions.filter((session) => !options.isKnown(session));
  const agents = new Set(fresh.map(({ agent }) => agent.id));
  // Lines that a fork repeats are told apart only where those they are of were read before.
  const toRead = sessions.filter(({ agent }) => agents.has(agent.id));
  const isFresh = new Set(fresh);
  const importer = new Importer(
    options,
    toRead.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  for (const session of toRead) await importer.read(session, isFresh.has(session));
  await importer.end();
  return importer.report(sessions.length - fresh.length);
}

class Importer {
  readonly #options: ImportOptions;
  readonly #reading: ReadStoryOptions;
  readonly #progress;
  readonly #findProject: FindProject = createProjectFinder();
  readonly #brokenLines = new Map<string, number>();
  readonly #unreadable: string[] = [];
  #bytesRead = 0;
  #sessionsRead = 0;
  #running = 0;
  #waitingEvents = 0;
  #waiting: SessionFiles[] = [];
  /** Calls of sessions that are not read yet, or whose own transcripts are gone. */
  readonly #strays = new Map<string, TranscriptCall[]>();

  constructor(options: ImportOptions, totalBytes: number) {
    const { cli, content } = options;
    this.#options = options;
    this.#progress = startProgress(cli, "MB", 1, Math.ceil(totalBytes / 1e6));
    this.#reading = {
      seen: new SeenCalls(),
      seenLines: new SeenCalls(),
      content: content !== "none",
      signal: cli.signal,
      onBytes: (bytes) => {
        this.#bytesRead += bytes;
        this.#progress.count(Math.floor(this.#bytesRead / 1e6));
      },
      onBrokenLines: (file, lines) => this.#brokenLines.set(file, lines),
      onUnreadable: (file) => this.#unreadable.push(file),
    };
  }

  async read(session: SessionFiles, isFresh: boolean): Promise<void> {
    this.#options.cli.signal.throwIfAborted();
    const told = await readStory(session, this.#reading);
    if (!isFresh) return;
    this.#sessionsRead += 1;
    if (this.#stillRuns(session, told)) {
      this.#running += 1;
      return;
    }
    await this.#tell(session.agent.id, { ...told, calls: this.#takeOwnCalls(told) });
    this.#waiting.push(session);
  }

  async end(): Promise<void> {
    for (const calls of this.#strays.values()) {
      const [first] = calls;
      if (first === undefined) continue;
      await this.#tell(first.agent, { story: new SessionStory(first.agent), calls });
    }
    await this.#drain();
    this.#progress.end();
  }

  report(sessionsKnown: number): ImportedSessions {
    return {
      sessionsRead: this.#sessionsRead,
      sessionsKnown,
      sessionsRunning: this.#running,
      bytesRead: this.#bytesRead,
      brokenLines: this.#brokenLines,
      unreadable: this.#unreadable,
    };
  }

  /** A fork may be read before the session that it repeats: what it tells of that one is kept for it. */
  #takeOwnCalls({ story, calls }: ToldSession): readonly TranscriptCall[] {
    const own = story.sessionId ?? calls[0]?.sessionId;
    if (own === undefined) return calls;
    const mine = [...(this.#strays.get(own) ?? [])];
    this.#strays.delete(own);
    for (const call of calls) {
      if (call.sessionId === own) mine.push(call);
      else this.#strays.set(call.sessionId, [...(this.#strays.get(call.sessionId) ?? []), call]);
    }
    return mine;
  }

  async #tell(agent: CliAgentId, told: ToldSession): Promise<void> {
    const cwd = told.story.cwd ?? told.calls[0]?.cwd;
    const project = cwd === undefined ? undefined : await this.#findProject(cwd);
    const turnspan = await this.#options.output.turnspanOf(agent);
    for (const event of toEvents({ ...told, project })) {
      void turnspan.observe(event);
      this.#waitingEvents += 1;
      if (this.#waitingEvents >= EVENTS_PER_DRAIN) await this.#drain();
    }
  }

  /** Sessions count as imported when all of them has arrived, and not before. */
  async #drain(): Promise<void> {
    const whole = this.#waiting.splice(0);
    this.#waitingEvents = 0;
    await this.#options.output.drain();
    if (whole.length > 0) await this.#options.ledger?.add(whole);
  }

  #stillRuns({ modifiedMs }: SessionFiles, { story }: ToldSession): boolean {
    const { turn } = story;
    if (turn === undefined || turn.end !== undefined) return false;
    return this.#options.cli.now() - modifiedMs < RUNNING_MS;
  }
}
