import {
  blockToolExecution,
  completeModelCall,
  completeToolExecution,
  endModelCall,
  endToolCall,
  failModelCall,
  failToolExecution,
  startItem,
  startModelCall,
  startToolCall,
  tellToolResult,
} from "./call-events.ts";
import { completeCompaction } from "./compaction.ts";
import {
  completeRun,
  endAgent,
  endLifecycle,
  endSubagent,
  failLifecycle,
  tellModelOutput,
} from "./end-events.ts";
import { type Fields, text } from "./fields.ts";
import type { HostEvent, HostEventKind } from "./host-events.ts";
import type { Memory } from "./memory.ts";
import {
  prepareTurn,
  retryRun,
  seeRequest,
  seeRun,
  spawnSubagent,
  startHarness,
  startHostRun,
  startLifecycle,
} from "./run-events.ts";
import type { Events } from "./runs.ts";
import {
  beginShutdown,
  closeSession,
  openSession,
  patchSession,
  prepareMessage,
  receiveMessage,
  sendMessage,
  stopGateway,
  stopService,
} from "./session-events.ts";

/** Order within one millisecond: begins stand before what they contain, ends after it. */
const RANK = {
  sessionStart: 0,
  message: 1,
  sign: 2,
  runStart: 3,
  attempt: 4,
  callStart: 5,
  spawn: 6,
  callEnd: 7,
  answer: 8,
  runEnd: 9,
  reply: 10,
  sessionPatch: 11,
  sessionEnd: 12,
  sessionResumed: 13,
  stop: 14,
} as const;

export interface HostEventRow {
  readonly rank: number | ((event: Fields) => number);
  readonly take: (memory: Memory, host: HostEvent) => Events;
}

type Rows = Readonly<Record<string, HostEventRow>>;

/** A session that goes on from one that ended in the same millisecond starts after that end. */
const startRank = (event: Fields): number =>
  text(event["resumedFrom"]) === undefined ? RANK.sessionStart : RANK.sessionResumed;

const typedRows: Rows = {
  session_start: { rank: startRank, take: openSession },
  session_end: { rank: RANK.sessionEnd, take: closeSession },
  message_received: { rank: RANK.message, take: receiveMessage },
  message_sending: { rank: RANK.reply, take: prepareMessage },
  message_sent: { rank: RANK.reply, take: sendMessage },
  before_agent_reply: { rank: RANK.sign, take: seeRun },
  before_model_resolve: { rank: RANK.sign, take: seeRun },
  agent_turn_prepare: { rank: RANK.runStart, take: prepareTurn },
  before_prompt_build: { rank: RANK.runStart, take: prepareTurn },
  before_agent_run: { rank: RANK.runStart, take: prepareTurn },
  llm_input: { rank: RANK.runStart, take: prepareTurn },
  model_call_started: { rank: RANK.callStart, take: startModelCall },
  model_call_ended: { rank: RANK.callEnd, take: endModelCall },
  before_tool_call: { rank: RANK.callStart, take: startToolCall },
  after_tool_call: { rank: RANK.callEnd, take: endToolCall },
  subagent_spawned: { rank: RANK.spawn, take: spawnSubagent },
  subagent_ended: { rank: RANK.runEnd, take: endSubagent },
  llm_output: { rank: RANK.answer, take: tellModelOutput },
  agent_end: { rank: RANK.runEnd, take: endAgent },
  gateway_stop: { rank: RANK.stop, take: stopGateway },
};

const internalRows: Rows = {
  "session:patch": { rank: RANK.sessionPatch, take: patchSession },
  "session:compact:after": { rank: RANK.runEnd, take: completeCompaction },
  "gateway:shutdown": { rank: RANK.stop, take: beginShutdown },
};

const agentRows: Rows = {
  "run_status:preparing_workspace": { rank: RANK.sign, take: seeRun },
  "run_status:preparing_context": { rank: RANK.sign, take: seeRun },
  "run_status:retrying": { rank: RANK.attempt, take: retryRun },
  "lifecycle:start": { rank: RANK.runStart, take: startLifecycle },
  "lifecycle:end": { rank: RANK.runEnd, take: endLifecycle },
  "lifecycle:error": { rank: RANK.runEnd, take: failLifecycle },
  "item:start": { rank: RANK.callStart, take: startItem },
  "tool:start": { rank: RANK.callStart, take: startToolCall },
  "tool:result": { rank: RANK.callEnd, take: tellToolResult },
};

const diagnosticRows: Rows = {
  "gateway.rpc": { rank: RANK.sign, take: seeRequest },
  "message.received": { rank: RANK.sign, take: seeRequest },
  "message.queued": { rank: RANK.sign, take: seeRequest },
  "session.turn.created": { rank: RANK.sign, take: seeRequest },
  "run.execution_phase": { rank: RANK.sign, take: seeRequest },
  "model.usage": { rank: RANK.sign, take: seeRequest },
  "harness.run.started": { rank: RANK.runStart, take: startHarness },
  "run.started": { rank: RANK.runStart, take: startHostRun },
  "run.completed": { rank: RANK.runEnd, take: completeRun },
  "model.call.started": { rank: RANK.callStart, take: startModelCall },
  "model.call.completed": { rank: RANK.callEnd, take: completeModelCall },
  "model.call.error": { rank: RANK.callEnd, take: failModelCall },
  "tool.execution.started": { rank: RANK.callStart, take: startToolCall },
  "tool.execution.completed": { rank: RANK.callEnd, take: completeToolExecution },
  "tool.execution.error": { rank: RANK.callEnd, take: failToolExecution },
  "tool.execution.blocked": { rank: RANK.callEnd, take: blockToolExecution },
};

const serviceRows: Rows = { stop: { rank: RANK.stop, take: stopService } };

/** Every event of the gateway's that says something of a session, run or call. Maps: names are data. */
const table = {
  typed: new Map(Object.entries(typedRows)),
  internal: new Map(Object.entries(internalRows)),
  agent: new Map(Object.entries(agentRows)),
  diagnostic: new Map(Object.entries(diagnosticRows)),
  service: new Map(Object.entries(serviceRows)),
} as const satisfies Record<HostEventKind, ReadonlyMap<string, HostEventRow>>;

export const findRow = (kind: HostEventKind, name: string): HostEventRow | undefined =>
  table[kind].get(name);

export const rankOf = (row: HostEventRow, event: Fields): number =>
  typeof row.rank === "number" ? row.rank : row.rank(event);
