import { openHome } from "../adapters/cli-agents/home.ts";
import { runTurnspan } from "../support/cli.ts";

export type Home = ReturnType<typeof openHome>;

/** A situation of each kind and agent, none of which repeats another's calls. */
export const ALL = [
  "claude-code/subagent",
  "claude-code/fork",
  "claude-code/compact",
  "qwen-code/subagent",
  "gemini-cli/subagent",
  "codex/subagent",
  "codex/version-0.80",
] as const;

/** `turnspan cost` of a home folder, with days in UTC. */
export const cost = (home: Home, ...args: readonly string[]) =>
  runTurnspan(["cost", "--timezone", "UTC", ...args], { env: home.env, cwd: home.path });

export interface Row {
  readonly calls: number;
  readonly costUsd: number | null;
  readonly unknownPriceCalls: number;
  readonly [key: string]: unknown;
}

interface Report {
  readonly since: string | null;
  readonly timezone: string;
  readonly rows: readonly Row[];
  readonly total: Row;
  readonly read: Readonly<Record<string, unknown>>;
}

export async function costJson(home: Home, ...args: readonly string[]): Promise<Report> {
  const { out } = await cost(home, "--json", ...args);
  return JSON.parse(out);
}

interface Call {
  readonly at: string;
  readonly model?: string;
  readonly session?: string;
  readonly cwd?: string;
  readonly branch?: string;
  readonly usage?: object;
}

let ids = 0;

/** A line of Claude Code's: a call of a million input tokens where nothing else is said. */
export function call({
  at,
  model = "claude-opus-4-5",
  session = "s1",
  cwd,
  branch,
  usage,
}: Call): string {
  ids += 1;
  return `${JSON.stringify({
    type: "assistant",
    isSidechain: false,
    userType: "external",
    sessionId: session,
    cwd,
    gitBranch: branch,
    timestamp: at,
    message: { id: `msg_${ids}`, model, usage: usage ?? { input_tokens: 1e6, output_tokens: 0 } },
  })}\n`;
}

/** A home folder with these calls in one transcript. */
export function openCalls(...calls: readonly Call[]): Home {
  const home = openHome();
  home.write(".claude/projects/p/s1.jsonl", calls.map(call).join(""));
  return home;
}
