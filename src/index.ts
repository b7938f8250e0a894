export { CodedError, type ErrorCode } from "./base/errors.ts";
export { HookEngine, type HookEngineOptions } from "./hooks/engine.ts";
export type { GuardAnswer, HandlerOptions, HookHandler } from "./hooks/entry.ts";
export type { HookPayloads } from "./hooks/payload.ts";
export type { HookName } from "./hooks/points.ts";
export { HookSpanProcessor } from "./hooks/span-processor.ts";
export type { ContentMode } from "./lifecycle/content.ts";
export type {
  Actor,
  ActorKind,
  Cost,
  LifecycleEvent,
  Metadata,
  Outcome,
  Settings,
  StopReason,
  Usage,
} from "./lifecycle/events.ts";
export type { Abort, Verdict } from "./lifecycle/hand-over.ts";
export type { ModelCall, ModelCallInfo, ModelResponse } from "./lifecycle/model-call.ts";
export type { WireRecord } from "./lifecycle/record-log.ts";
export type { PriceCall } from "./lifecycle/records.ts";
export type {
  MessageInfo,
  PatchInfo,
  Session,
  SessionInfo,
  TurnInfo,
} from "./lifecycle/session.ts";
export type { ToolCall, ToolCallInfo } from "./lifecycle/tool-call.ts";
export type { SubagentInfo, Turn } from "./lifecycle/turn.ts";
export { createTurnspan, type Turnspan, type TurnspanOptions } from "./turnspan.ts";
export { VERSION } from "./version.ts";
