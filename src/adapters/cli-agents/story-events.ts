import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { SessionStory, ToldTool } from "./session-story.ts";
import { callStarts, type StoryRun, StoryRuns, stopReasonOf, threadKeyOf } from "./story-runs.ts";
import type { TranscriptCall } from "./transcript.ts";

/** Order within one millisecond: begins stand before what they contain, ends after it. */
const ORDER = {
  open: 0,
  turn: 1,
  tool: 2,
  spawn: 3,
  subagent: 4,
  call: 5,
  toolEnd: 6,
  subagentEnd: 7,
  turnEnd: 8,
  close: 9,
} as const;

interface Placed {
  /** Of events at one time, those of the earlier process come first. */
  readonly segment: number;
  readonly order: number;
  readonly event: LifecycleEvent;
}

type Unplaced = Omit<Placed, "segment">;

export interface StorySession {
  readonly story: SessionStory;
  readonly calls: readonly TranscriptCall[];
  readonly project: string | undefined;
}

/** The key of a session of an agent's. */
export const sessionKeyOf = (agent: string, sessionId: string): string => `${agent}:${sessionId}`;

/** Tells a session as lifecycle events, in the order of their times; each of its calls is in one of its runs. */
export function toEvents({ story, calls, project }: StorySession): LifecycleEvent[] {
  const sessionId = story.sessionId ?? calls[0]?.sessionId;
  return sessionId === undefined ? [] : tellSession(sessionId, { story, calls, project });
}

function tellSession(sessionId: string, { story, calls, project }: StorySession): LifecycleEvent[] {
  const runs = new StoryRuns(
    story,
    sessionId,
    calls.toSorted((a, b) => a.end.time - b.end.time),
  );
  const inSegment = (run: StoryRun): Placed[] => {
    const segment = story.segments.findLastIndex(({ startedMs }) => startedMs <= run.startedMs);
    const events = runEvents(sessionId, { story, run, runs });
    return events.map((each) => ({ ...each, segment: Math.max(0, segment) }));
  };
  const placed = [
    ...segmentEvents(sessionId, { story, calls, project }, runs),
    ...runs.all.flatMap(inSegment),
  ];
  return placed
    .sort((a, b) => a.event.time - b.event.time || a.segment - b.segment || a.order - b.order)
    .map(({ event }) => event);
}

interface RunOfStory {
  readonly story: SessionStory;
  readonly run: StoryRun;
  readonly runs: StoryRuns;
}

/** Tells one run of a session as lifecycle events, in the order of their times. */
export const toRunEvents = (sessionId: string, of: RunOfStory): LifecycleEvent[] =>
  runEvents(sessionId, of)
    .sort((a, b) => a.event.time - b.event.time || a.order - b.order)
    .map(({ event }) => event);

const runEvents = (sessionId: string, { story, run, runs }: RunOfStory): Unplaced[] => [
  ...(run.subagent === undefined
    ? turnEvents(sessionId, story, run)
    : subagentEvents(sessionId, story, run, runs)),
  ...workEvents(run),
];

/** A session span for each process; it lasts as long as what began in it. */
function segmentEvents(
  sessionId: string,
  { story, project }: StorySession,
  { all }: StoryRuns,
): Placed[] {
  const first = Math.min(...all.map(({ startedMs }) => startedMs));
  const last = Math.max(...all.map(({ endedMs }) => endedMs));
  const told = story.segments.length > 0 ? story.segments : [untold(first, last)];
  if (all.length === 0) return [];
  const sessionKey = sessionKeyOf(story.agent, sessionId);
  return told.flatMap((segment, index) => {
    const next = told[index + 1]?.startedMs ?? Number.POSITIVE_INFINITY;
    const startedMs = index === 0 ? Math.min(first, segment.startedMs) : segment.startedMs;
    const within = all.filter((run) => run.startedMs >= startedMs && run.startedMs < next);
    const endedMs = Math.max(segment.lastSignMs, ...within.map((run) => run.endedMs));
    const { branch, model, permissionMode } = story;
    const open: LifecycleEvent = {
      type: "session.open",
      time: startedMs,
      sessionKey,
      sessionId,
      agentId: story.agent,
      resumedFrom: index > 0 ? sessionId : story.resumedFrom,
      project,
      branch,
      settings: { ...(model && { model }), ...(permissionMode && { permissionMode }) },
    };
    const reason = segment.isEnded ? "exit" : "transcript ended";
    const time = Math.min(endedMs, next);
    const close: LifecycleEvent = { type: "session.close", time, sessionKey, sessionId, reason };
    return [
      { segment: index, order: ORDER.open, event: open },
      { segment: index, order: ORDER.close, event: close },
    ];
  });
}

const untold = (startedMs: number, lastSignMs: number) => ({
  startedMs,
  lastSignMs,
  isEnded: false,
});

function turnEvents(sessionId: string, story: SessionStory, run: StoryRun): Unplaced[] {
  const { runId, turn } = run;
  const start: LifecycleEvent = {
    type: "run.start",
    time: run.startedMs,
    sessionKey: sessionKeyOf(story.agent, sessionId),
    sessionId,
    runId,
    agentId: story.agent,
    trigger: turn?.trigger,
    message: turn?.message,
  };
  return [
    { order: ORDER.turn, event: start },
    { order: ORDER.turnEnd, event: runEnd(run) },
  ];
}

const runEnd = (run: StoryRun): LifecycleEvent => ({
  type: "run.end",
  time: run.endedMs,
  runId: run.runId,
  ...run.end,
  stopReason: stopReasonOf(run),
  lastMessage: run.turn?.lastMessage,
});

/** The run that a subagent was spawned in: that of its tool call, else the turn that was on. */
export const subagentParent = (
  sessionId: string,
  { subagent, startedMs }: StoryRun,
  runs: StoryRuns,
): StoryRun => runs.ofTool(subagent?.toolCallId) ?? runs.turnAt(startedMs, sessionId);

/** A subagent is spawned by its tool call; one that nobody called runs on its own. */
function subagentEvents(
  sessionId: string,
  story: SessionStory,
  run: StoryRun,
  runs: StoryRuns,
): Unplaced[] {
  const { runId, subagent, startedMs } = run;
  const parent = subagentParent(sessionId, run, runs);
  const tool = parent.tools.find(({ callId }) => callId === subagent?.toolCallId);
  const parentSessionKey = sessionKeyOf(story.agent, sessionId);
  const thread = subagent === undefined ? runId : threadKeyOf(story.agent, subagent);
  const sessionKey = `${parentSessionKey}/${thread}`;
  const agentId = subagent?.type ?? "subagent";
  const spawn: LifecycleEvent = {
    type: "subagent.spawn",
    time: Math.min(tool?.startedMs ?? startedMs, startedMs),
    runId,
    sessionKey,
    agentId,
    label: subagent?.label,
    parentSessionKey,
    parentRunId: parent.runId,
    toolCallId: tool?.callId,
    detached: tool === undefined || subagent?.isDetached === true,
  };
  const start: LifecycleEvent = { type: "run.start", time: startedMs, runId, sessionKey, agentId };
  return [
    { order: ORDER.spawn, event: spawn },
    { order: ORDER.subagent, event: start },
    { order: ORDER.subagentEnd, event: runEnd(run) },
  ];
}

function workEvents(run: StoryRun): Unplaced[] {
  const startOf = callStarts(run);
  const calls = run.calls.map((call): Unplaced => {
    const durationMs = Math.max(0, call.end.time - startOf(call));
    return { order: ORDER.call, event: { ...call.end, runId: run.runId, durationMs } };
  });
  return [...calls, ...run.tools.flatMap((tool) => toolEvents(run.runId, tool))];
}

function toolEvents(runId: string, tool: ToldTool): Unplaced[] {
  const { callId, name, startedMs, endedMs, input, output, end } = tool;
  const start: LifecycleEvent = {
    type: "tool.start",
    time: startedMs,
    runId,
    callId,
    name,
    input,
  };
  const placed: Unplaced[] = [{ order: ORDER.tool, event: start }];
  if (endedMs === undefined) return placed;
  const time = Math.max(startedMs, endedMs);
  return [
    ...placed,
    { order: ORDER.toolEnd, event: { type: "tool.end", time, runId, callId, ...end, output } },
  ];
}
