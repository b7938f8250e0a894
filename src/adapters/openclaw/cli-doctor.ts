import { type Answer, askStatus, type CommandOptions, unreachable } from "./cli-answer.ts";
import { findEndpointProblem } from "./endpoint-check.ts";
import { list, record } from "./fields.ts";
import { entryOf, headersOf, ID, seesConversations } from "./own-config.ts";
import type { Status } from "./status.ts";

/** One thing that is looked at. */
interface Check {
  readonly what: string;
  /** What is wrong, and its fix; undefined where it is well. */
  readonly problem: string | undefined;
}

const OLDEST_HOST = "2026.9.0";

/** `openclaw turnspan doctor`: what keeps telemetry from arriving, and the fix for each. */
export async function findProblems({ config }: CommandOptions): Promise<Answer> {
  const checks: Check[] = configChecks(config);
  const status = await askStatus(config).catch(unreachable);
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
  const entry = entryOf(config);
  const allow = list(record(record(config)["plugins"])["allow"]);
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
      problem: seesConversations(config)
        ? undefined
        : `openclaw config set plugins.entries.${ID}.hooks.allowConversationAccess true`,
    },
  ];
}

async function statusChecks(status: Status, config: unknown): Promise<Check[]> {
  const { running, endpoint, dropped, hostVersion, hostApi } = status;
  const problem = endpoint && (await findEndpointProblem(endpoint, headersOf(config)));
  const lost = dropped.map(({ signal, reason, count }) => `${count} ${signal} (${reason})`);
  return [
    { what: `OpenClaw is ${hostVersion ?? "of an unknown version"}`, problem: tooOld(hostVersion) },
    { what: "the plugin records", problem: running ? undefined : "see the gateway's log" },
    { what: `telemetry goes to ${endpoint ?? "nobody"}`, problem },
    { what: "nothing was lost", problem: lost.length === 0 ? undefined : lost.join(", ") },
    {
      // Never a problem: the plugin's providers are its own, and it neither sets nor reads globals.
      what: `OpenTelemetry API of the host: ${hostApi ?? "none"}; the plugin uses its own`,
      problem: undefined,
    },
  ];
}

const partsOf = (version: string): number[] => version.split(/[.-]/, 3).map(Number);

function tooOld(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  const oldest = partsOf(OLDEST_HOST);
  const parts = partsOf(version);
  const at = parts.findIndex((part, index) => part !== oldest[index]);
  const isOlder = at !== -1 && (parts[at] ?? 0) < (oldest[at] ?? 0);
  return isOlder ? `${OLDEST_HOST} or newer is needed: npm install -g openclaw@latest` : undefined;
}
