import { askGateway, findGateway } from "./gateway-rpc.ts";
import type { HostApi } from "./host-api.ts";
import { loadHarness } from "./host-modules.ts";
import type { RunMemory } from "./memory.ts";
import type { Observation } from "./observation.ts";

/** As many characters as `{{sessionId}}` shows; fewer would be a guess. */
const SHORT_ID = 8;

/** The run that an id stands for, or why it stands for none. */
export function findRunToStop(observation: Observation, id: string): RunMemory | string {
  // A compaction in the middle of a turn ends with it.
  const runs = observation.openRuns().filter((run) => !run.isCompaction && standsFor(run, id));
  const [run, other] = runs;
  if (run === undefined) return `Nothing is running under ${id}.`;
  if (other !== undefined) return `${id} stands for ${runs.length} runs; nothing was stopped.`;
  return run;
}

const standsFor = ({ runId, sessionId, sessionKey }: RunMemory, id: string): boolean =>
  id === runId ||
  id === sessionKey ||
  (id.length >= SHORT_ID && (runId.startsWith(id) || sessionId?.startsWith(id) === true));

/** Stops a run. Rejects with what the host says where it cannot be stopped. */
export async function stopRun(api: HostApi, run: RunMemory): Promise<void> {
  const harness = await loadHarness();
  const { sessionId, sessionKey } = run;
  if (sessionId !== undefined && (await harness?.abortAgentHarnessRun?.(sessionId)) === true)
    return;
  if (sessionKey === undefined) throw new Error(`run ${run.runId} has no session`);
  await askGateway(findGateway(api.config, process.env), "sessions.abort", { key: sessionKey });
}
