import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import { agentHooks } from "./agent-hooks.ts";
import { isAlive } from "./agent-process.ts";
import { readBlockedTurns, writeBlockedTurns } from "./blocked-turns.ts";
import { createProjectFinder, type FindProject } from "./find-project.ts";
import type { HookMoment } from "./hook-moment.ts";
import type { HookSession } from "./hook-session.ts";
import { HookSessions } from "./hook-sessions.ts";
import { LiveTranscript } from "./live-transcript.ts";
import { takeRunShare } from "./run-note.ts";
import { type KeptMoment, Spool } from "./spool.ts";
import type { CliAgentId } from "./transcript.ts";

/** What takes the events of captured sessions. */
export interface CaptureTarget {
  /** Gives back what the guards say of an event that starts a run, where there are guards. */
  observe(agent: CliAgentId, event: LifecycleEvent): Promise<Verdict> | undefined;
  /** Lets time pass for runs that wait for late facts. */
  advance(nowMs: number): void;
  /** Resolves true when everything told so far is stored. */
  flush(): Promise<boolean>;
}

export interface CaptureOptions {
  readonly dataFolder: string;
  /** Whether prompts, answers and what tools were given and gave back are kept on this machine. */
  readonly content: boolean;
  readonly target: CaptureTarget;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Trouble that does not end the service; said once a cause. */
  readonly onTrouble: (error: unknown) => void;
}

/** How often a turn that runs is looked at in its transcript, and how much of the time that may take. */
const PROGRESS_MS = 5000;
const PROGRESS_SHARE = 20;
/** A process is given this long to write what it still has. */
const GONE_MS = 2000;
/** A session of which no process is known is over after this long without a sign. */
const IDLE_MS = 30 * 60_000;

/** The moment that tells where the transcript is: what a program that has ended says of it counts. */
const transcriptOwner = (session: HookSession, next?: HookMoment): HookMoment | undefined =>
  session.latest?.transcriptPath === undefined ? (next ?? session.latest) : session.latest;

interface Watched {
  nextReadMs: number;
  goneMs: number | undefined;
}

/**
 * Turns what capture left in the data folder into events, also what it left while nobody took it: each
 * once, at its own time. Call `tick` now and then; nothing is lost between two calls.
 */
export class CaptureService {
  readonly #options: CaptureOptions;
  readonly #spool: Spool;
  readonly #sessions: HookSessions;
  readonly #findProject: FindProject = createProjectFinder();
  readonly #watched = new WeakMap<HookSession, Watched>();
  readonly #transcripts = new WeakMap<HookSession, LiveTranscript>();
  /** Settled when nothing is taken or told. */
  #last: Promise<unknown> = Promise.resolve();
  /** Sessions that are over and not yet known to be stored. */
  #ended: HookSession[] = [];

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#spool = new Spool(options.dataFolder, options.content);
    this.#sessions = new HookSessions((agent, event) => options.target.observe(agent, event));
  }

  /** Takes what an earlier process knew, and what came while there was none. Hooks may be attached after it. */
  async restore(): Promise<void> {
    await this.#alone(async () => this.#takeAll(await this.#spool.readJournals()));
    await this.tick();
  }

  async tick(): Promise<void> {
    try {
      await this.takeNew();
      for (const session of this.#sessions.all) await this.#alone(() => this.#look(session));
      this.#options.target.advance(this.#options.now());
      await this.#forgetEnded();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.#options.onTrouble(error);
    }
  }

  /** Takes what has come since the last time: somebody may wait for it. */
  takeNew(): Promise<void> {
    return this.#alone(async () => {
      for (let kept = await this.#spool.take(); kept.length > 0; kept = await this.#spool.take()) {
        await this.#takeAll(kept);
      }
    });
  }

  /** What the guards say of the turn that a prompt has begun; undefined where there is no such turn, or no guard. */
  verdictOf(agent: CliAgentId, sessionId: string, promptId: string): Promise<Verdict> | undefined {
    return this.#sessions.verdictOf(agent, sessionId, promptId);
  }

  /** One at a time: what is told of a session is told in its order. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Whether a session of a run is open, as far as is known. */
  hasOpenSession(run: string): boolean {
    return this.#sessions.all.some(({ isOpen, latest }) => isOpen && latest?.run === run);
  }

  async #takeAll(kept: readonly KeptMoment[]): Promise<void> {
    for (const { moment } of kept) {
      const session = this.#sessions.sessionOf(moment);
      const isNext = moment.kind === "prompt" || moment.kind.startsWith("session.");
      const { tellsOnlyEnds } = agentHooks[moment.agent];
      const isWhole =
        moment.kind === "session.exit" || (moment.kind === "session.end" && tellsOnlyEnds === true);
      const endsTurn = isNext && (session.hasTurn || session.isSettling || isWhole);
      // What comes next ends what was there: it is told whole before.
      if (endsTurn || session.isDue(moment.timeMs)) await this.#read(session, moment);
      if (moment.kind === "session.start") await this.#countTurns(session, moment);
      const { cwd } = moment;
      const project = cwd === undefined ? undefined : await this.#findProject(cwd);
      const share = session.isOpenedBy(moment)
        ? await takeRunShare(this.#options.dataFolder, moment)
        : undefined;
      this.#sessions.take({ ...moment, ...share, project });
      this.#noteEnd(session);
      if (moment.kind === "blocked" && session.blockedTurns.size > 0) {
        this.#transcripts.delete(session);
        await writeBlockedTurns(this.#options.dataFolder, moment, session.blockedTurns);
      }
    }
  }

  #noteEnd(session: HookSession): void {
    const isOver = !session.isOpen && session.latest !== undefined;
    if (isOver && !this.#ended.includes(session)) this.#ended.push(session);
    if (!isOver) this.#ended = this.#ended.filter((each) => each !== session);
  }

  /** Turns without keys are numbered over all starts of the program. */
  async #countTurns(session: HookSession, moment: HookMoment): Promise<void> {
    if (agentHooks[moment.agent].hasNoIds !== true || moment.reason !== "resume") return;
    const blocked = await readBlockedTurns(this.#options.dataFolder, moment);
    for (const turn of blocked) session.blockedTurns.add(turn);
    const transcript = this.#transcriptOf(session, moment);
    await transcript?.refresh(this.#options.signal);
    if (transcript?.runs === undefined) return;
    const before = transcript.turnsBefore(moment.timeMs) + session.blockedTurns.size;
    session.complete(transcript.runs, before);
  }

  async #look(session: HookSession): Promise<void> {
    if (!session.isOpen) return;
    const nowMs = this.#options.now();
    const watched = this.#watched.get(session) ?? { nextReadMs: 0, goneMs: undefined };
    this.#watched.set(session, watched);
    if (session.isDue(nowMs)) await this.#read(session);
    else if (session.hasTurn && nowMs >= watched.nextReadMs) {
      await this.#read(session);
      session.tellProgress();
      const tookMs = this.#options.now() - nowMs;
      watched.nextReadMs = nowMs + Math.max(PROGRESS_MS, tookMs * PROGRESS_SHARE);
    }
    session.advance(nowMs);
    if (await this.#isGone(session, watched, nowMs)) {
      await this.#read(session);
      session.close();
      this.#noteEnd(session);
    }
  }

  /** `next`: what is about to be told, of a session that nothing was told of before. */
  async #read(session: HookSession, next?: HookMoment): Promise<void> {
    const transcript = this.#transcriptOf(session, transcriptOwner(session, next));
    const isNew = await transcript?.refresh(this.#options.signal);
    if (isNew && transcript?.runs !== undefined) session.complete(transcript.runs);
  }

  /** A program that goes on with a session may write to another file. */
  #transcriptOf(session: HookSession, latest: HookMoment | undefined): LiveTranscript | undefined {
    if (latest?.transcriptPath === undefined) return undefined;
    if (agentHooks[latest.agent].hasNoTranscript === true) return undefined;
    const known = this.#transcripts.get(session);
    if (known?.path === latest.transcriptPath) return known;
    const options = { content: this.#options.content, skippedTurns: session.blockedTurns };
    const transcript = new LiveTranscript(latest.agent, latest.transcriptPath, options);
    this.#transcripts.set(session, transcript);
    return transcript;
  }

  async #isGone(session: HookSession, watched: Watched, nowMs: number): Promise<boolean> {
    const { lastSignMs, latest } = session;
    if (latest?.pid === undefined) return nowMs - lastSignMs > IDLE_MS;
    if (await isAlive(latest.pid, latest.timeMs)) {
      watched.goneMs = undefined;
      return false;
    }
    watched.goneMs ??= nowMs;
    return nowMs - watched.goneMs >= GONE_MS;
  }

  /** A session that is over and stored is in no journal. */
  async #forgetEnded(): Promise<void> {
    if (this.#ended.length === 0) return;
    const ended = this.#ended;
    if (!(await this.#options.target.flush())) return;
    await this.#alone(async () => {
      for (const session of ended) {
        if (session.isOpen || session.latest === undefined) continue;
        await this.#spool.forget(session.latest);
        this.#sessions.forget(session);
      }
      this.#ended = this.#ended.filter((session) => !ended.includes(session));
    });
  }
}
