/**
 * What `turnspan cost --today` takes over a long history, and what another program takes for the same, beside
 * what both say: 98 of 100 files were last changed before today. Prints one line of JSON; run it with
 * `node test/bench/cost-today.ts [megabytes [path of ccusage]]`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { writeTree } from "./transcript-tree.ts";

const [megabytes = "1000", ccusage] = process.argv.slice(2);
const ROUNDS = 5;
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const LONG_AGO = new Date("2026-01-01T00:00:00Z");

/** The middle of some runs, in milliseconds, and what the program printed. */
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
  times.sort((a, b) => a - b);
  return { medianMs: Math.round(times[ROUNDS >> 1] ?? 0), printed };
}

using home = mkdtempDisposableSync(`${tmpdir()}/turnspan-history-`);
const files = writeTree(home.path, { megabytes: Number(megabytes), megabytesAFile: 1 });
for (const [index, file] of files.entries()) {
  if (index % 50 !== 0) utimesSync(file, LONG_AGO, LONG_AGO);
}
const today = measure(process.execPath, [main, "cost", "--today", "--json"], home.path);
const all = measure(process.execPath, [main, "cost", "--json"], home.path);
const { total } = JSON.parse(all.printed) as { total: Record<string, number> };
const other =
  ccusage === undefined ? undefined : measure(ccusage, ["daily", "--json", "--offline"], home.path);
console.log(
  JSON.stringify({
    megabytes: Number(megabytes),
    todayMs: today.medianMs,
    allMs: all.medianMs,
    total,
    ccusage: other && { allMs: other.medianMs, totals: JSON.parse(other.printed).totals },
  }),
);
