import path from "node:path";
import { createProjectFinder } from "../../adapters/cli-agents/find-project.ts";
import { findTranscripts } from "../../adapters/cli-agents/find-transcripts.ts";
import type { CodedError } from "../../base/errors.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { costJson } from "./cost-json.ts";
import { type Calendar, dayBefore, openCalendar, readMoment } from "./cost-period.ts";
import { readCosts } from "./cost-reading.ts";
import { type CostReport, hasTroubles } from "./cost-report.ts";
import { allBy, type By, isBy, placeCells, sumUp, toRows, unknownPrices } from "./cost-rows.ts";
import { costText, nothingText, troubleText } from "./cost-text.ts";

const usage = `Usage: turnspan cost [--today | --week | --since DATE] [--by WHAT] [OPTIONS]

What the model calls of your CLI agents cost, from the transcripts that they keep on this machine:
Claude Code, Qwen Code, Gemini CLI, Codex. Nothing needs to be installed or running, and nothing is sent.

  --today            since midnight
  --week             the last seven days, today included
  --since DATE       since a day, such as 2026-11-01, or a time, such as 2026-11-01T09:30:00Z
                     (default: all that is there)
  --by WHAT          day (default), model, project, branch, agent or session
  --timezone ZONE    whose days they are, such as Europe/Berlin or UTC (default: this machine's)
  --path PATH        a transcript, or a folder of them, instead of the agents' own folders; repeatable
  --json             print JSON
  -h, --help         print this

A call is counted once, whatever the number of lines and files that tell of it; subagents count into their
session. Prices are API list prices, and yours where "turnspan prices add" was told one.
Exit code: 0 done, 1 nothing found or something skipped, 2 wrong use, 130 interrupted.
`;

const options = {
  today: { type: "boolean", default: false },
  week: { type: "boolean", default: false },
  since: { type: "string" },
  by: { type: "string", default: "day" },
  timezone: { type: "string" },
  path: { type: "string", multiple: true },
  json: { type: "boolean", default: false },
} as const;

interface CostRequest {
  readonly by: By;
  readonly calendar: Calendar;
  readonly sinceMs: number | undefined;
  readonly paths: readonly string[];
  readonly json: boolean;
}

const DAYS_BEFORE_TODAY_IN_WEEK = 6;

const wrong = (problem: string): CodedError => wrongUse("cost", problem);

function readRequest(args: readonly string[], cli: CliContext): CostRequest {
  const { values, positionals } = parseOptions("cost", args, options);
  const { today, week, since, by, timezone, path: paths = [], json } = values;
  if (positionals.length > 0) throw wrong(`${positionals.join(" ")} is no option`);
  if (!isBy(by)) throw wrong(`--by ${by} is not known: one of ${allBy.join(", ")}`);
  if (Number(today) + Number(week) + Number(since !== undefined) > 1) {
    throw wrong("--today, --week and --since exclude each other");
  }
  const calendar = openCalendar(timezone);
  const day = calendar.dayOf(cli.now());
  const weekAgo = dayBefore(day, DAYS_BEFORE_TODAY_IN_WEEK);
  const sinceMs = since === undefined ? undefined : readMoment("--since", since, calendar);
  const midnight = today || week ? calendar.startOf(today ? day : weekAgo) : undefined;
  return {
    by,
    calendar,
    sinceMs: sinceMs ?? midnight,
    paths: paths.map((name) => path.resolve(cli.cwd, name)),
    json,
  };
}

async function runCost(args: readonly string[], cli: CliContext): Promise<number> {
  const request = readRequest(args, cli);
  const { env, signal } = cli;
  const found = await findTranscripts({ env, paths: request.paths, signal });
  const reading = await readCosts(found.sessions, request, cli);
  const cells = await placeCells(reading.ledger.cells, createProjectFinder());
  const report: CostReport = {
    by: request.by,
    timezone: request.calendar.timezone,
    sinceMs: request.sinceMs,
    rows: toRows(cells, request.by),
    total: sumUp(cells),
    unknownPrices: unknownPrices(cells),
    places: found.places,
    filesRead: reading.filesRead,
    filesTooOld: reading.filesTooOld,
    bytesRead: reading.bytesRead,
    troubles: {
      brokenLines: reading.brokenLines,
      unreadable: [...found.unreadable, ...reading.unreadable],
      foreign: found.foreign,
    },
  };
  const isEmpty = found.sessions.length === 0;
  if (request.json) cli.stdout.write(costJson(report));
  else if (!isEmpty) cli.stdout.write(costText(report));
  cli.stderr.write(troubleText(report.troubles));
  if (isEmpty) cli.stderr.write(nothingText(found.places, " by --path"));
  return isEmpty || hasTroubles(report.troubles) ? 1 : 0;
}

export const costCommand: Command = {
  name: "cost",
  summary: "what the model calls of your CLI agents cost, from their transcripts",
  usage,
  run: runCost,
};
