import { spawn } from "node:child_process";
import { open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { buffer, text as readText } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { record, text } from "../../adapters/cli-agents/fields.ts";
import { findDataFolder } from "../../base/data-folder.ts";
import { makeOwnFolder } from "../../base/files.ts";
import { formatCost } from "../amounts.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { type Calendar, openCalendar } from "./cost-period.ts";
import { type BudgetLeft, type Figures, parseJson, readFigures } from "./statusline-figures.ts";

const usage = `Usage: turnspan statusline [--with COMMAND] [--timezone ZONE]

Prints one line for the status bar of Claude Code, which gives it a JSON object on standard input: what this
session cost, what today cost over all agents, what is left of the budget that is used up most, and how full the
context is. Set it as {"statusLine": {"type": "command", "command": "turnspan statusline"}}.

  --with COMMAND    your own status line: it gets the same input, and what it prints stands before ours
  --timezone ZONE   whose day it is (default: this machine's)
  --refresh         read all figures anew, and print nothing
  -h, --help        print this

Figures are read from transcripts in the background, every ten seconds at most: a line shows those that were read
last. Exit code: 0.
`;

const options = {
  with: { type: "string" },
  timezone: { type: "string" },
  refresh: { type: "boolean", default: false },
} as const;

/** Figures are read again after this, and after so many times what reading them took. */
const FRESH_MS = 10_000;
const REST_SHARE = 20;
/** Without any figures the first ones are waited for, no longer than a status bar would. */
const FIRST_MS = 1500;
const POLL_MS = 50;
/** Whoever reads figures and has not ended by now has died. */
const MOST_REFRESH_MS = 300_000;
/** The agent writes its object at once. */
const INPUT_MS = 1000;

const isFresh = ({ readMs, tookMs }: Figures, nowMs: number): boolean =>
  nowMs - readMs < Math.max(FRESH_MS, tookMs * REST_SHARE);

/** The figures of the day, read anew where what was kept of them is old: in the background if there is one. */
async function findFigures(calendar: Calendar, cli: CliContext): Promise<Figures | undefined> {
  const folder = findDataFolder(cli.env);
  const kept = await readKept(folder, calendar, cli);
  if (kept !== undefined && isFresh(kept, cli.now())) return kept;
  if (folder === undefined || cli.startDetached === undefined) {
    const { refreshFigures } = await import("./statusline-refresh.ts");
    return refreshFigures(calendar, folder, cli);
  }
  if (await claimRefresh(folder)) {
    cli.startDetached(["statusline", "--refresh", "--timezone", calendar.timezone]);
  }
  return kept ?? waitForFigures(folder, calendar, cli);
}

async function readKept(
  folder: string | undefined,
  { timezone, dayOf }: Calendar,
  cli: CliContext,
) {
  const kept = folder === undefined ? undefined : await readFigures(folder);
  return kept?.timezone === timezone && kept.day === dayOf(cli.now()) ? kept : undefined;
}

async function waitForFigures(folder: string, calendar: Calendar, cli: CliContext) {
  for (let waitedMs = 0; waitedMs < FIRST_MS; waitedMs += POLL_MS) {
    await sleep(POLL_MS);
    const figures = await readKept(folder, calendar, cli);
    if (figures !== undefined) return figures;
  }
  return undefined;
}

const claimFile = (dataFolder: string): string => path.join(dataFolder, "statusline.reading");

/** Only one process reads at a time, however many status bars there are. */
async function claimRefresh(dataFolder: string): Promise<boolean> {
  const file = claimFile(dataFolder);
  await makeOwnFolder(dataFolder);
  const known = await stat(file).catch(() => undefined);
  if (known !== undefined && Date.now() - known.mtimeMs > MOST_REFRESH_MS) await rm(file);
  return open(file, "wx").then(
    async (handle) => {
      await handle.close();
      return true;
    },
    () => false,
  );
}

async function refresh(calendar: Calendar, cli: CliContext): Promise<void> {
  const folder = findDataFolder(cli.env);
  const { refreshFigures } = await import("./statusline-refresh.ts");
  try {
    await refreshFigures(calendar, folder, cli);
  } finally {
    if (folder !== undefined) await rm(claimFile(folder), { force: true });
  }
}

/** What the agent gives; nothing where a person runs it at a terminal and gives nothing. */
async function readInput(cli: CliContext): Promise<Buffer> {
  const stdin = cli.stdin ?? process.stdin;
  const done = new AbortController();
  const read = buffer(stdin).catch(() => Buffer.alloc(0));
  const late = sleep(INPUT_MS, Buffer.alloc(0), { signal: done.signal });
  try {
    return await Promise.race([read, late.catch(() => Buffer.alloc(0))]);
  } finally {
    done.abort();
    // A terminal that is still read from would keep the process.
    if ("destroy" in stdin) stdin.destroy();
  }
}

/** What the user's own status line prints; nothing where it fails. */
async function readOther(
  command: string | undefined,
  input: Buffer,
  cli: CliContext,
): Promise<string> {
  if (command === undefined) return "";
  const child = spawn(command, {
    ...{ shell: true, cwd: cli.cwd, env: { ...cli.env } },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return (await readText(child.stdout).catch(() => "")).trimEnd();
}

/** What Claude Code tells, as far as it is looked at. */
interface Input {
  readonly sessionId: string | undefined;
  readonly folder: string | undefined;
  readonly contextPercent: number | undefined;
}

function parseInput(content: string): Input {
  const input = record(parseJson(content));
  const used = record(input["context_window"])["used_percentage"];
  return {
    sessionId: text(input["session_id"]),
    folder: text(record(input["workspace"])["project_dir"]) ?? text(input["cwd"]),
    contextPercent: typeof used === "number" ? used : undefined,
  };
}

const AGENT = "claude-code";

/** Whether a budget is this session's: its own, its agent's, its project's or the day's. */
function isOwn({ owner }: BudgetLeft, { sessionId, folder }: Input): boolean {
  return owner.split(", ").every((part, index, parts) => {
    const [scope = "", ...rest] = part.split(" ");
    const value = rest.join(" ");
    if (scope === "agent") return value === AGENT;
    if (scope === "project") return value === folder;
    // A session is named by its key and, behind a comma, by its id.
    if (scope === "session") return parts[index + 1] === `${sessionId})`;
    return true;
  });
}

function costTexts(input: Input, figures: Figures): string[] {
  const { sessions, budgets, nanoUsd, unknownCalls } = figures;
  const own = sessions[input.sessionId ?? ""];
  const unknown = unknownCalls === 0 ? "" : ` + ${unknownCalls} calls of unknown price`;
  const [tightest] = budgets
    .filter((budget) => isOwn(budget, input))
    .sort((a, b) => b.share - a.share);
  return [
    ...(own === undefined ? [] : [`${formatCost(own)} session`]),
    `${formatCost(nanoUsd)}${unknown} today`,
    ...(tightest === undefined ? [] : [tightest.text]),
  ];
}

async function runStatusline(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("statusline", args, options);
  const calendar = openCalendar(values.timezone);
  if (values.refresh) {
    await refresh(calendar, cli);
    return 0;
  }
  const given = await readInput(cli);
  const input = parseInput(given.toString());
  const [other, figures] = await Promise.all([
    readOther(values.with, given, cli),
    // It is no place for an error: what cannot be told is left out.
    findFigures(calendar, cli).catch(() => undefined),
  ]);
  const { contextPercent } = input;
  const own = [
    ...(figures === undefined ? [] : costTexts(input, figures)),
    ...(contextPercent === undefined ? [] : [`${Math.round(contextPercent)} % context`]),
  ].join(" · ");
  const line = [other, printable(own)].filter((part) => part !== "").join(" · ");
  cli.stdout.write(`${line}\n`);
  return 0;
}

/** `turnspan statusline`: what it costs, where the user looks anyway. */
export const statuslineCommand: Command = {
  name: "statusline",
  summary: "one line for an agent's status bar: cost of the session and of today",
  usage,
  run: runStatusline,
};
