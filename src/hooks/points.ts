import type {
  LifecycleRecord,
  MessageRecord,
  RunEndRecord,
  RunStartRecord,
  SessionEndRecord,
  SessionPatchRecord,
  SessionStartRecord,
  SubagentEndRecord,
  SubagentSpawnedRecord,
} from "../lifecycle/records.ts";
import { isCompaction } from "../lifecycle/state.ts";

/** Every hook, and the record it tells of. The names stand in users' files: they never change. */
export interface HookRecords {
  readonly "session:start": SessionStartRecord;
  readonly "session:end": SessionEndRecord;
  readonly "session:patch": SessionPatchRecord;
  readonly beforeTurn: RunStartRecord;
  readonly afterTurn: RunEndRecord;
  readonly onTurnError: RunEndRecord;
  readonly onMessageReceived: MessageRecord;
  readonly onMessageSent: MessageRecord;
  readonly onSubagentSpawned: SubagentSpawnedRecord;
  readonly onSubagentFinished: SubagentEndRecord;
  readonly onSubagentKilled: SubagentEndRecord;
}

export type HookName = keyof HookRecords;

/** What each hook may do: a guard is awaited and may block the run, an observer is told. */
export const hookPoints = {
  "session:start": "observer",
  "session:end": "observer",
  "session:patch": "observer",
  beforeTurn: "guard",
  afterTurn: "observer",
  onTurnError: "observer",
  onMessageReceived: "observer",
  onMessageSent: "observer",
  onSubagentSpawned: "observer",
  onSubagentFinished: "observer",
  onSubagentKilled: "observer",
} as const satisfies Record<HookName, "guard" | "observer">;

export type GuardName = {
  [H in HookName]: (typeof hookPoints)[H] extends "guard" ? H : never;
}[HookName];

/** Hooks that another library's agent spans fire too. */
export type SpanHookName = "beforeTurn" | "afterTurn" | "onTurnError";

export const isHookName = (name: string): name is HookName => Object.hasOwn(hookPoints, name);

/**
 * The hook that a record fires, if any. `beforeTurn` fires for subagents' runs too, so that a kill
 * switch stops children; how those end is told by the subagent hooks.
 */
export function hookOf(record: LifecycleRecord): HookName | undefined {
  switch (record.type) {
    case "run.start":
      return isCompaction(record.run) ? undefined : "beforeTurn";
    case "run.end":
      return hookOfEnd(record);
    case "session.start":
      return "session:start";
    case "session.end":
      return "session:end";
    case "session.patch":
      return "session:patch";
    case "message.received":
      return "onMessageReceived";
    case "message.sent":
      return "onMessageSent";
    case "subagent.spawned":
      return "onSubagentSpawned";
    case "subagent.finished":
      return "onSubagentFinished";
    case "subagent.killed":
      return "onSubagentKilled";
    case "session.wait":
    case "run.attempt":
    case "call.start":
    case "call.end":
    case "hook.decision":
    case "hook.failure":
      return undefined;
  }
}

function hookOfEnd(record: RunEndRecord): HookName | undefined {
  if (record.run.kind !== "turn" || isCompaction(record.run)) return undefined;
  if (record.outcome === "completed") return "afterTurn";
  return record.outcome === "failed" ? "onTurnError" : undefined;
}
