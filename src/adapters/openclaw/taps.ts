import { type Fields, record, text } from "./fields.ts";
import type { HostApi } from "./host-api.ts";
import { eventName, type HostEventKind, ownTime } from "./host-events.ts";
import type { DiagnosticModule } from "./host-modules.ts";
import { findRow } from "./host-table.ts";
import { seesConversations } from "./own-config.ts";
import { hear, type SharedState } from "./shared-state.ts";

/**
 * Hooks that every plugin may have. Those that only repeat what others say, with whole conversations in
 * their payloads, are left alone.
 */
const OPEN_HOOKS = [
  "session_start",
  "session_end",
  "message_received",
  "message_sending",
  "message_sent",
  "model_call_started",
  "model_call_ended",
  "after_tool_call",
  "subagent_spawned",
  "subagent_ended",
] as const;

/** Hooks for which the operator has to let a plugin see conversations. */
const CONVERSATION_HOOKS = ["llm_output"] as const;

const AGENT_STREAMS = ["run_status", "lifecycle", "item", "tool"] as const;

/** Those whose request says who is behind them. */
const SCOPED: ReadonlySet<string> = new Set(["message_received", "session:patch"]);

/** How long a patch waits for the diagnostics of the request that made it. */
const DRAIN_MS = 1_000;

/** Listens to everything that tells of sessions and runs, but for the diagnostics. */
export function listen(api: HostApi, state: SharedState): void {
  const hooks = seesConversations(api.config) ? [...OPEN_HOOKS, ...CONVERSATION_HOOKS] : OPEN_HOOKS;
  for (const name of hooks) {
    api.on(name, (event, ctx) => {
      tell(state, "typed", name, record(event), record(ctx));
      return undefined;
    });
  }
  api.agent.events.registerAgentEventSubscription({
    id: "turnspan",
    streams: AGENT_STREAMS,
    handle: (event) => tell(state, "agent", undefined, record(event)),
  });
  const about = (family: string) => ({
    name: `turnspan-${family}`,
    description: `What Turnspan records of ${family} events`,
  });
  // The host waits for what a handler returns.
  api.registerHook(
    "session:patch",
    (event) => void tellPatch(state, record(event)),
    about("patch"),
  );
  api.registerHook(
    "session:compact:after",
    (event) => tell(state, "internal", undefined, record(event)),
    about("compaction"),
  );
  api.registerHook(
    "gateway:shutdown",
    (event) => {
      state.isStopping = true;
      tell(state, "internal", undefined, record(event));
    },
    about("shutdown"),
  );
  api.on("gateway_stop", (event, ctx) => {
    if (text(record(event)["reason"]) !== "plugin replacement") state.isStopping = true;
    tell(state, "typed", "gateway_stop", record(event), record(ctx));
    return undefined;
  });
}

/** Listens to the diagnostics; ends when what comes back is called. */
export function listenToDiagnostics(state: SharedState, module: DiagnosticModule): () => void {
  state.diagnostics = module;
  const subscribe = module.onInternalDiagnosticEvent ?? module.onDiagnosticEvent;
  const stop = subscribe?.((event) => tell(state, "diagnostic", undefined, record(event)));
  return () => stop?.();
}

/** Takes one thing the host said. The host waits for it, and must not suffer: it never throws. */
export function tell(
  state: SharedState,
  kind: HostEventKind,
  hook: string | undefined,
  event: Fields,
  ctx: Fields = {},
): void {
  try {
    const name = eventName(kind, hook, event);
    if (findRow(kind, name) === undefined) return;
    const time = ownTime(kind, event) ?? Date.now();
    const scoped = SCOPED.has(name) ? { ...ctx, trace: activeTrace(state) } : ctx;
    hear(state, { kind, name, time, event, ctx: scoped });
  } catch {
    // The lifecycle says its own troubles; what is left is a payload that cannot be read.
  }
}

/** Resolves when the host's diagnostics so far have been told, at the latest after `ms`. Never rejects. */
export async function untilTold({ diagnostics }: SharedState, ms: number): Promise<void> {
  const drained = diagnostics?.waitForDiagnosticEventsDrained?.();
  if (drained === undefined) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([drained, late]).catch(() => undefined);
  clearTimeout(timer);
}

const activeTrace = ({ diagnostics }: SharedState): unknown =>
  diagnostics?.createDiagnosticTraceContextFromActiveScope?.();

/** The gateway may tell of a request only after what was done in it. */
async function tellPatch(state: SharedState, event: Fields): Promise<void> {
  const ctx = { trace: activeTrace(state) };
  const time = ownTime("internal", event) ?? Date.now();
  await untilTold(state, DRAIN_MS);
  hear(state, { kind: "internal", name: "session:patch", time, event, ctx });
}
