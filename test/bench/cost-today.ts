/**
 * What `turnspan cost --today` takes over a long history, and what ccusage takes for all of it, beside what
 * both say: 98 of 100 files were last changed before today. CCUSAGE is the path of ccusage's command.
 */
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { roundsFor, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { writeTree } from "./transcript-tree.ts";

const MEGABYTES = roundsFor(1000);
const ROUNDS = 5;
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const LONG_AGO = new Date("2026-01-01T00:00:00Z");

/** Time of some runs, and what the program printed. */
function measure(command: string, args: readonly string[], home: string) {
  const times: number[] = [];
  let printed = "";
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    const env = { ...process.env, HOME: home, CLAUDE_CONFIG_DIR: `${home}/.claude`, TZ: "UTC" };
    const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8" });
    times.push(performance.now() - began);
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
    printed = stdout;
  }
  return { ms: spreadOf(times), printed };
}

/** What both programs should agree on. */
function tokensOf(total: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  return names.map((name) => String(total[name])).join(" ");
}

function measureOther(home: string): Row[] {
  const command = process.env["CCUSAGE"];
  if (command === undefined) return [];
  const { ms, printed } = measure(command, ["daily", "--json", "--offline"], home);
  const { totals } = JSON.parse(printed) as { totals: Record<string, number> };
  const tokens = tokensOf(totals, ["outputTokens", "cacheReadTokens", "cacheCreationTokens"]);
  const usd = (totals["totalCost"] ?? Number.NaN).toFixed(2);
  return [{ name: "ccusage daily, all of it", figures: { ms, "output, cache": tokens, usd } }];
}

using home = mkdtempDisposableSync(`${tmpdir()}/turnspan-history-`);
const files = writeTree(home.path, { megabytes: MEGABYTES, megabytesAFile: 1 });
for (const [index, file] of files.entries()) {
  if (index % 50 !== 0) utimesSync(file, LONG_AGO, LONG_AGO);
}
const today = measure(process.execPath, [main, "cost", "--today", "--json"], home.path);
const all = measure(process.execPath, [main, "cost", "--json"], home.path);
const { total } = JSON.parse(all.printed) as { total: Record<string, unknown> };
finish({
  title: `turnspan cost over ${MEGABYTES} MB of transcripts`,
  notes: [
    "Time of the clock of a command, from its start to its end; files are in the disk cache.",
  ],
  rows: [
    {
      name: "turnspan cost --today",
      figures: { ms: today.ms },
      goal: { column: "ms", atMost: 1000 },
    },
    {
      name: "turnspan cost, all of it",
      figures: {
        ms: all.ms,
        "output, cache": tokensOf(total, ["outputTokens", "cacheReadTokens", "cacheWriteTokens"]),
        usd: Number(total["costUsd"]).toFixed(2),
      },
    },
    ...measureOther(home.path),
  ],
});
