import type { Abort } from "../../lifecycle/hand-over.ts";
import { record, text } from "./fields.ts";
import type { HookAnswer, HostApi } from "./host-api.ts";
import type { Observation } from "./observation.ts";
import { observationOf, type SharedState } from "./shared-state.ts";
import { tell, untilTold } from "./taps.ts";

/** The host blocks a turn whose hook is late: 15 s is its limit, so ours is below it. */
const HOST_TIMEOUT_MS = 15_000;
const GUARD_MS = HOST_TIMEOUT_MS - 500;
/** How long a tool call waits for what was used before it. */
const USAGE_MS = 2_000;
const DEFAULT_REASON = "aborted by hook";

/** Asks the guards before a run. Whatever goes wrong with us, the run goes on. */
export function guardRuns(api: HostApi, state: SharedState): void {
  api.on(
    "before_agent_run",
    (event, ctx) => {
      tell(state, "typed", "before_agent_run", record(event), record(ctx));
      const runId = text(record(ctx)["runId"]) ?? text(record(event)["runId"]);
      if (runId === undefined) return undefined;
      const { observation } = state;
      if (observation?.verdictOf(runId) === undefined && state.starting === undefined) {
        return undefined;
      }
      return withinTime(askGuards(state, runId));
    },
    { timeoutMs: HOST_TIMEOUT_MS },
  );
}

async function askGuards(state: SharedState, runId: string): Promise<HookAnswer | undefined> {
  const observation = await observationOf(state);
  const verdict = await observation?.verdictOf(runId);
  if (observation === undefined || verdict === undefined) return undefined;
  return block(observation, runId, verdict);
}

function block(observation: Observation, runId: string, { reason, hook }: Abort): HookAnswer {
  observation.observe({ type: "run.blocked", time: Date.now(), runId, reason, hook });
  const why = reason ?? DEFAULT_REASON;
  return { outcome: "block", reason: why, message: why };
}

async function withinTime(
  answer: Promise<HookAnswer | undefined>,
): Promise<HookAnswer | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), GUARD_MS);
  try {
    return await Promise.race([answer, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Stops a run whose budget is used up before its next tool call. */
export function guardToolCalls(api: HostApi, state: SharedState): void {
  api.on("before_tool_call", (event, ctx) => {
    const payload = record(event);
    tell(state, "typed", "before_tool_call", payload, record(ctx));
    return checkBudget(state, text(payload["runId"]) ?? text(record(ctx)["runId"]));
  });
}

/** Without a budget no tool call waits. */
function checkBudget(
  state: SharedState,
  runId: string | undefined,
): Promise<HookAnswer | undefined> | undefined {
  const configured = state.observation?.telemetry.configured;
  const hasBudget = configured?.hooks.some(({ action }) => action.type === "budget") === true;
  return hasBudget && runId !== undefined ? askBudgets(state, runId) : undefined;
}

/** What the model call before it used is told by a diagnostic, and those come late. */
async function askBudgets(state: SharedState, runId: string): Promise<HookAnswer | undefined> {
  try {
    await untilTold(state, USAGE_MS);
    const budgets = state.observation?.telemetry.configured?.budgets;
    const refusal = budgets?.check(runId, Date.now());
    if (refusal?.abort !== true) return undefined;
    return { block: true, blockReason: refusal.reason ?? DEFAULT_REASON };
  } catch {
    return undefined;
  }
}
