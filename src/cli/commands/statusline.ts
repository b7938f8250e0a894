import { spawn } from "node:child_process";
import path from "node:path";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { findTranscripts } from "../../adapters/cli-agents/find-transcripts.ts";
import { findDataFolder } from "../../base/data-folder.ts";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import { formatCost } from "../amounts.ts";
import { type Command, parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import type { Cell } from "./cost-ledger.ts";
import { openCalendar } from "./cost-period.ts";
import { readCosts } from "./cost-reading.ts";

const usage = `Usage: turnspan statusline [--with COMMAND] [--timezone ZONE]

Prints one line for the status bar of Claude Code, which gives it a JSON object on standard input: what this
session cost today, what today cost over all agents, and how full the context is. Set it as
{"statusLine": {"type": "command", "command": "turnspan statusline"}}.

  --with COMMAND    your own status line: it gets the same input, and what it prints stands before ours
  --timezone ZONE   whose day it is (default: this machine's)
  -h, --help        print this

Costs are read from transcripts at most every ten seconds. Exit code: 0.
`;

const options = { with: { type: "string" }, timezone: { type: "string" } } as const;

/** What Claude Code tells, as far as it is looked at. */
const Input = z.object({
  session_id: z.string().optional().catch(undefined),
  context_window: z
    .object({ used_percentage: z.number().optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
type Input = z.infer<typeof Input>;

/** Costs of a day, in nano-dollars, as they were read a moment ago. */
const DayCost = z.object({
  readMs: z.number(),
  day: z.string(),
  nanoUsd: z.number(),
  unknownCalls: z.number(),
  sessions: z.record(z.string(), z.number()),
});
type DayCost = z.infer<typeof DayCost>;

const FRESH_MS = 10_000;
/** The agent writes its object at once. */
const INPUT_MS = 1000;

function parseJson(content: string | undefined): unknown {
  try {
    return JSON.parse(content ?? "");
  } catch {
    return undefined;
  }
}

function sumDay(cells: readonly Cell[], day: string, readMs: number): DayCost {
  const sessions: Record<string, number> = {};
  let nanoUsd = 0;
  let unknownCalls = 0;
  for (const { session, amounts } of cells) {
    nanoUsd += amounts.nanoUsd;
    unknownCalls += amounts.unknownPriceCalls;
    sessions[session.sessionId] = (sessions[session.sessionId] ?? 0) + amounts.nanoUsd;
  }
  return { readMs, day, nanoUsd, unknownCalls, sessions };
}

/** The day's cost, read anew where what was kept of it is old. */
async function readDay(timezone: string | undefined, cli: CliContext): Promise<DayCost> {
  const calendar = openCalendar(timezone);
  const day = calendar.dayOf(cli.now());
  const folder = findDataFolder(cli.env);
  const file = folder && path.join(folder, "statusline.json");
  const kept = DayCost.safeParse(parseJson(file && (await readIfThere(file).catch(() => ""))));
  if (kept.success && kept.data.day === day && cli.now() - kept.data.readMs < FRESH_MS) {
    return kept.data;
  }
  const { env, signal } = cli;
  const { sessions } = await findTranscripts({ env, paths: [], signal });
  const period = { calendar, sinceMs: calendar.startOf(day) };
  const { ledger } = await readCosts(sessions, period, cli);
  const cost = sumDay(ledger.cells, day, cli.now());
  if (folder !== undefined && file !== undefined) {
    await makeOwnFolder(folder);
    await replaceFile(file, JSON.stringify(cost));
  }
  return cost;
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
  return (await text(child.stdout).catch(() => "")).trimEnd();
}

function lineOf({ session_id: id, context_window: context }: Input, day: DayCost): string {
  const own = id === undefined ? undefined : day.sessions[id];
  const unknown = day.unknownCalls === 0 ? "" : ` + ${day.unknownCalls} calls of unknown price`;
  const used = context?.used_percentage;
  return [
    ...(own === undefined ? [] : [`${formatCost(own)} session`]),
    `${formatCost(day.nanoUsd)}${unknown} today`,
    ...(used === undefined ? [] : [`${Math.round(used)} % context`]),
  ].join(" · ");
}

async function runStatusline(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions("statusline", args, options);
  const input = await readInput(cli);
  const told = Input.safeParse(parseJson(input.toString()));
  // It is no place for an error: what cannot be told is left out.
  const day = await readDay(values.timezone, cli).catch(() => undefined);
  const own = day === undefined ? "" : lineOf(told.success ? told.data : {}, day);
  const other = await readOther(values.with, input, cli);
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
