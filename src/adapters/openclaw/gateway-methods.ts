import { record, text } from "./fields.ts";
import type { GatewayRequest, HostApi } from "./host-api.ts";
import { agentOf } from "./runs.ts";
import { observationOf, type SharedState } from "./shared-state.ts";
import { readStatus } from "./status.ts";

/** Methods of the gateway's that programs may call. */
export function registerMethods(api: HostApi, state: SharedState): void {
  api.registerGatewayMethod("turnspan.session.metadata", (request) => setMetadata(state, request), {
    scope: "operator.write",
  });
  api.registerGatewayMethod(
    "turnspan.status",
    async ({ params, respond }) => {
      await observationOf(state);
      const { runId, flush } = record(params);
      respond(true, await readStatus(api, state, { runId: text(runId), flush: flush === true }));
    },
    { scope: "operator.read" },
  );
}

/** Gives a session what its end is to say: how a waiting workflow is found. */
async function setMetadata(state: SharedState, { params, respond }: GatewayRequest): Promise<void> {
  const { sessionKey, metadata, endsWith } = record(params);
  const problem = findProblem(sessionKey, metadata, endsWith);
  const key = text(sessionKey);
  const observation = await observationOf(state);
  if (problem !== undefined || key === undefined) {
    respond(false, undefined, { code: "INVALID_REQUEST", message: problem ?? "no sessionKey" });
    return;
  }
  if (observation === undefined) {
    respond(false, undefined, { code: "UNAVAILABLE", message: "Turnspan is not running" });
    return;
  }
  observation.observe({
    type: "session.open",
    time: Date.now(),
    sessionKey: key,
    agentId: agentOf(key),
    metadata: record(metadata),
    endsWith: endsWith === "turn" ? "turn" : undefined,
  });
  respond(true, { ok: true });
}

function findProblem(
  sessionKey: unknown,
  metadata: unknown,
  endsWith: unknown,
): string | undefined {
  if (text(sessionKey) === undefined) return "sessionKey: expected the key of a session";
  if (record(metadata) !== metadata) return "metadata: expected an object";
  if (endsWith !== undefined && endsWith !== "turn") return 'endsWith: expected "turn" or nothing';
  return undefined;
}
