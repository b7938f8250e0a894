import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandName } from "./commands.ts";
import { findEndpointProblem } from "./endpoint-check.ts";
import { type Fields, list, record, text } from "./fields.ts";
import { askGateway, findGateway } from "./gateway-rpc.ts";
import { type Status, statusText } from "./status.ts";

export interface CommandOptions {
  /** The host's config. */
  readonly config: unknown;
  readonly isJson: boolean;
}

interface Answer {
  readonly json: unknown;
  readonly text: string;
  readonly isGood: boolean;
}

const TURN_MS = 120_000;
const POLL_MS = 500;
const SESSION_KEY = "agent:main:turnspan-test";
const DEFAULT_UI = "http://127.0.0.1:4319";
const ID = "turnspan";

/** Runs one of `openclaw turnspan`'s commands, and prints what it says. */
export async function runCommand(name: CommandName, options: CommandOptions): Promise<void> {
  const answer = await commands[name](options);
  process.stdout.write(`${options.isJson ? JSON.stringify(answer.json) : answer.text}\n`);
  if (!answer.isGood) process.exitCode = 1;
}

const commands: Readonly<Record<CommandName, (options: CommandOptions) => Promise<Answer>>> = {
  status: showStatus,
  doctor: findProblems,
  test: runTurn,
};

async function readStatus(config: unknown, runId?: string): Promise<Status> {
  const params = runId === undefined ? {} : { runId };
  const gateway = findGateway(config, process.env);
  return (await askGateway(gateway, "turnspan.status", params)) as Status;
}

async function showStatus({ config }: CommandOptions): Promise<Answer> {
  try {
    const status = await readStatus(config);
    return { json: status, text: statusText(status), isGood: status.running };
  } catch (error) {
    const problem = unreachable(error);
    return { json: { error: problem }, text: problem, isGood: false };
  }
}

const unreachable = (error: unknown): string =>
  `The gateway does not say: ${error instanceof Error ? error.message : String(error)}. ` +
  'Is it running, with the plugin ("openclaw plugins list")?';

/** One thing that is looked at. */
interface Check {
  readonly what: string;
  /** What is wrong, and its fix; undefined where it is well. */
  readonly problem: string | undefined;
}

async function findProblems({ config }: CommandOptions): Promise<Answer> {
  const checks: Check[] = configChecks(config);
  const status = await readStatus(config).catch(unreachable);
  const isThere = typeof status !== "string";
  checks.push({ what: "the gateway answers", problem: isThere ? undefined : status });
  if (isThere) checks.push(...(await statusChecks(status, config)));
  const lines = checks.map(({ what, problem }) =>
    problem === undefined ? `ok       ${what}` : `problem  ${what}: ${problem}`,
  );
  const isGood = checks.every(({ problem }) => problem === undefined);
  return { json: { ok: isGood, checks }, text: lines.join("\n"), isGood };
}

function configChecks(config: unknown): Check[] {
  const plugins = record(record(config)["plugins"]);
  const entry = record(record(plugins["entries"])[ID]);
  const allow = list(plugins["allow"]);
  const set = (path: string): string => `openclaw config set plugins.entries.${ID}.${path} true`;
  const isAllowed = allow.length === 0 || allow.includes(ID);
  return [
    {
      what: "the plugin is enabled",
      problem: entry["enabled"] === true ? undefined : `openclaw plugins enable ${ID}`,
    },
    {
      what: "plugins.allow lets it load",
      problem: isAllowed ? undefined : `add "${ID}" to plugins.allow`,
    },
    {
      what: "it may see conversations",
      problem:
        record(entry["hooks"])["allowConversationAccess"] === true
          ? undefined
          : set("hooks.allowConversationAccess"),
    },
  ];
}

async function statusChecks(status: Status, config: unknown): Promise<Check[]> {
  const { running, endpoint, dropped } = status;
  const entry = record(record(record(record(config)["plugins"])["entries"])[ID]);
  const telemetry = record(record(entry["config"])["telemetry"]);
  const problem = endpoint && (await findEndpointProblem(endpoint, headersOf(telemetry)));
  const lost = dropped.map(({ signal, reason, count }) => `${count} ${signal} (${reason})`);
  return [
    { what: "the plugin records", problem: running ? undefined : "see the gateway's log" },
    { what: `spans arrive at ${endpoint}`, problem },
    { what: "nothing was lost", problem: lost.length === 0 ? undefined : lost.join(", ") },
  ];
}

const headersOf = ({ headers }: Fields): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(headers)).flatMap(([name, value]) => {
      const known = text(value);
      return known === undefined ? [] : [[name, known]];
    }),
  );

/** One turn in a session of its own, until it is over. */
async function runTurn({ config }: CommandOptions): Promise<Answer> {
  const runId = `turnspan-test-${randomUUID()}`;
  const gateway = findGateway(config, process.env);
  const message = "Answer with the one word OK. This is a test of the telemetry.";
  const params = { agentId: "main", sessionKey: SESSION_KEY, message, idempotencyKey: runId };
  try {
    process.stderr.write("running a turn …\n");
    await askGateway(gateway, "agent", params);
    const status = await waitForEnd(config, runId);
    return describeTurn(runId, status);
  } catch (error) {
    const problem = unreachable(error);
    return { json: { runId, error: problem }, text: problem, isGood: false };
  }
}

async function waitForEnd(config: unknown, runId: string): Promise<Status> {
  const deadline = Date.now() + TURN_MS;
  for (;;) {
    const status = await readStatus(config, runId);
    if (status.run?.ended === true || Date.now() > deadline) return status;
    await sleep(POLL_MS);
  }
}

async function describeTurn(runId: string, { run, endpoint }: Status): Promise<Answer> {
  if (run?.ended !== true) {
    const problem = `The turn ${runId} did not end within ${TURN_MS / 1000} s`;
    return { json: { runId, error: problem }, text: problem, isGood: false };
  }
  const problem = endpoint && (await findEndpointProblem(endpoint));
  const { traceId } = run;
  const link = `${DEFAULT_UI}/traces/${traceId}`;
  return {
    json: { runId, traceId, endpoint, link, problem },
    text: problem ?? `The turn is recorded as trace ${traceId}, sent to ${endpoint}.\n${link}`,
    isGood: problem === undefined,
  };
}
