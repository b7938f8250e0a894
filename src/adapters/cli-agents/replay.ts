import type { LifecycleEvent } from "../../lifecycle/events.ts";
import { agentHooks } from "./agent-hooks.ts";
import { cliAgents } from "./agents.ts";
import { type Fields, isFields, record, timeMs } from "./fields.ts";
import { findTranscripts } from "./find-transcripts.ts";
import { type HookMoment, readMoment } from "./hook-moment.ts";
import { HookSessions } from "./hook-sessions.ts";
import { joinSessions } from "./join-sessions.ts";
import { readStory } from "./read-story.ts";
import { SeenCalls } from "./seen-calls.ts";
import { ToldRuns } from "./told-runs.ts";
import type { CliAgentId } from "./transcript.ts";

export interface AgentReplayOptions {
  readonly agent: CliAgentId;
  /** The time of the first line, where the lines carry none: each further one is a millisecond later. */
  readonly startMs: number;
  readonly content: boolean;
  /** Transcripts of the same sessions, which tell what hooks do not. */
  readonly transcripts: readonly string[];
  readonly signal: AbortSignal;
  readonly onBrokenLine: (broken: { readonly line: number; readonly reason: string }) => void;
}

/** A line, or why its reader could not hand it over. */
type RecordedLine = string | { readonly skipped: string };

/** Plays recorded hooks of a CLI agent. It holds the recording: its lines may be in any order of their times. */
export class AgentReplay {
  readonly #options: AgentReplayOptions;
  readonly #times = new Map<string, number>();
  readonly report = { lines: 0, brokenLines: 0, duplicates: 0, releasedEarly: 0 };

  constructor(options: AgentReplayOptions) {
    this.#options = options;
  }

  async *events(
    lines: AsyncIterable<RecordedLine> | Iterable<RecordedLine>,
  ): AsyncGenerator<LifecycleEvent> {
    const told = await readTold(this.#options);
    const moments: HookMoment[] = [];
    for await (const line of lines) {
      this.report.lines += 1;
      if (line === "") continue;
      const moment = typeof line === "string" ? this.#read(line) : undefined;
      if (moment === undefined) this.#reject(typeof line === "string" ? undefined : line.skipped);
      else moments.push(moment);
    }
    const events: LifecycleEvent[] = [];
    const sessions = new HookSessions((_, event) => void events.push(event));
    for (const moment of moments.sort((a, b) => a.timeMs - b.timeMs)) {
      const known = told.get(moment.sessionId);
      if (known !== undefined) sessions.sessionOf(moment).complete(known);
      sessions.take(moment);
      yield* events.splice(0);
    }
    const { danglingEnd } = agentHooks[this.#options.agent];
    const isUntold = danglingEnd.outcome === "failed";
    for (const session of sessions.all) session.close(isUntold ? danglingEnd : undefined);
    yield* events;
  }

  #reject(skipped: string | undefined): void {
    this.report.brokenLines += 1;
    const reason = skipped ?? "no hook's payload: it needs session_id and hook_event_name";
    this.#options.onBrokenLine({ line: this.report.lines, reason });
  }

  /** A payload as it is, with the headers it came with, or as capture kept it. */
  #read(line: string): HookMoment | undefined {
    const value = parseFields(line);
    if (value === undefined) return undefined;
    const body = value["payload"] ?? value["body"] ?? value;
    const { agent, content } = this.#options;
    return readMoment(record(body), {
      ...{ agent, content, hooks: agentHooks[agent] },
      receivedMs: timeMs(value["receivedMs"]) ?? this.#timeOf(line),
    });
  }

  #timeOf(line: string): number {
    const known = this.#times.get(line) ?? this.#options.startMs + this.#times.size;
    this.#times.set(line, known);
    return known;
  }
}

function parseFields(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What transcripts tell, by session. */
async function readTold({
  agent,
  transcripts: paths,
  content,
  signal,
}: AgentReplayOptions): Promise<ReadonlyMap<string, ToldRuns>> {
  const told = new Map<string, ToldRuns>();
  if (paths.length === 0) return told;
  const found = await findTranscripts({ env: {}, paths, signal });
  const seen = { seen: new SeenCalls(), seenLines: new SeenCalls() };
  for (const session of await joinSessions(found.sessions, signal)) {
    if (session.agent !== cliAgents[agent]) continue;
    const read = await readStory(session, { ...seen, content, signal });
    const { sessionId } = read.story;
    if (sessionId !== undefined) told.set(sessionId, new ToldRuns(read));
  }
  return told;
}
