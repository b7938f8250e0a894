import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { findDataFolder } from "../../base/data-folder.ts";
import { findServer, type RunningServer, readToken } from "../../base/running-server.ts";
import {
  type Answer,
  ask,
  askStatus,
  type CommandOptions,
  refusal,
  unreachable,
} from "./cli-answer.ts";
import { findEndpointProblem } from "./endpoint-check.ts";
import { record, text } from "./fields.ts";
import { headersOf } from "./own-config.ts";
import type { Status } from "./status.ts";

const TURN_MS = 120_000;
const ARRIVAL_MS = 15_000;
const REQUEST_MS = 5_000;
const POLL_MS = 500;
const MESSAGE = "Answer with the one word OK. This is a test of the telemetry.";

/** `openclaw turnspan test`: one turn in a session of its own, followed to where its spans go. */
export async function followTurn({ config }: CommandOptions): Promise<Answer> {
  const runId = `turnspan-test-${randomUUID()}`;
  try {
    tell("running a turn");
    const agentId = await findAgent(config);
    const sessionKey = `agent:${agentId}:turnspan-test`;
    await ask(config, "agent", { agentId, sessionKey, message: MESSAGE, idempotencyKey: runId });
    const status = await waitForEnd(config, runId);
    return await describeTurn(runId, status, headersOf(config));
  } catch (error) {
    return refusal(unreachable(error), { runId });
  }
}

/** The answer itself goes to standard output, for programs. */
const tell = (doing: string): boolean => process.stderr.write(`${doing} …\n`);

async function findAgent(config: unknown): Promise<string> {
  const agents = record(await ask(config, "agents.list", {}));
  return text(agents["defaultId"]) ?? "main";
}

async function waitForEnd(config: unknown, runId: string): Promise<Status> {
  const deadline = Date.now() + TURN_MS;
  for (;;) {
    const status = await askStatus(config, { runId });
    if (status.run?.ended === true) return askStatus(config, { runId, flush: true });
    if (Date.now() > deadline) return status;
    await sleep(POLL_MS);
  }
}

async function describeTurn(
  runId: string,
  { run, endpoint, flushed }: Status,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  if (run?.ended !== true || run.traceId === undefined) {
    return refusal(`The turn ${runId} did not end within ${TURN_MS / 1000} s.`, { runId });
  }
  const { traceId } = run;
  const known = { runId, traceId, endpoint };
  if (endpoint === undefined) return refusal("Telemetry goes to nobody: see the config.", known);
  const problem = await findEndpointProblem(endpoint, headers);
  if (problem !== undefined) return refusal(problem, known);
  if (flushed !== true) return refusal(`${endpoint} does not take what is sent.`, known);
  return (await findInViewer(endpoint, traceId, known)) ?? sentTo(endpoint, traceId, known);
}

/** A receiver that is not ours took the turn; where it shows it, only its owner knows. */
const sentTo = (endpoint: string, traceId: string, known: object): Answer => ({
  json: known,
  text: `The turn was sent to ${endpoint}, which took it. Look there for trace ${traceId}.`,
  isGood: true,
});

/** Undefined where the endpoint is not a server of Turnspan's on this machine. */
async function findInViewer(
  endpoint: string,
  traceId: string,
  known: object,
): Promise<Answer | undefined> {
  const folder = findDataFolder(process.env);
  const server = folder === undefined ? undefined : findServer(folder);
  if (folder === undefined || server === undefined) return undefined;
  if (new URL(endpoint).origin !== new URL(server.otlpUrl).origin) return undefined;
  tell("looking for it in the viewer");
  const link = `${server.uiUrl}/traces/${traceId}`;
  if (await arrives(server, traceId, readToken(folder) ?? "")) {
    return { json: { ...known, link }, text: `The turn has arrived:\n${link}`, isGood: true };
  }
  const limit = `${ARRIVAL_MS / 1000} s`;
  return refusal(`${endpoint} took the turn, but it is not at ${link} after ${limit}.`, known);
}

async function arrives(server: RunningServer, traceId: string, token: string): Promise<boolean> {
  const deadline = Date.now() + ARRIVAL_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(`${server.uiUrl}/api/traces/${traceId}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(REQUEST_MS),
    }).catch(() => undefined);
    if (answer?.ok === true) return true;
    await sleep(POLL_MS);
  }
  return false;
}
