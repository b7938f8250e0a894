/**
 * What a line in a status bar costs: `turnspan statusline` over 100 MB of today's transcripts, with its figures kept
 * and with old ones, beside starting Node.js. Where `dist` was built it is what is run.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempDisposableSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { writeTree } from "./transcript-tree.ts";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 3 : 30;
const MEGABYTES = quick ? 10 : 100;
const root = path.resolve(import.meta.dirname, "../..");
const built = path.join(root, "dist/cli/main.js");
const main = existsSync(built) ? built : path.join(root, "src/cli/main.ts");

using home = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-statusline-"));
const data = path.join(home.path, "data");
const env = { PATH: process.env["PATH"], HOME: home.path, TURNSPAN_DATA: data };
for (const file of writeTree(home.path, { megabytes: MEGABYTES, megabytesAFile: 5 })) {
  utimesSync(file, new Date(), new Date());
}
const INPUT = JSON.stringify({ session_id: "session-0", context_window: { used_percentage: 38 } });
const figures = path.join(data, "statusline.json");

/** Time of the clock until the line is out. */
async function time(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(INPUT);
  await once(child, "exit");
  return performance.now() - started;
}

/** Makes the kept figures as old as those of a minute ago. */
function age(byMs: number): void {
  const kept = JSON.parse(readFileSync(figures, "utf8"));
  writeFileSync(figures, JSON.stringify({ ...kept, readMs: Date.now() - byMs }));
}

const BEYOND = "beyond node, ms";
const line = [main, "statusline"];
const refresh = [main, "statusline", "--refresh"];
spawnSync(process.execPath, refresh, { env });
const { tookMs } = JSON.parse(readFileSync(figures, "utf8"));
const bare: number[] = [];
const kept: number[] = [];
const old: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  bare.push(await time(["-e", "0"]));
  age(0);
  kept.push(await time(line));
  age(3_600_000);
  old.push(await time(line));
}
const rowOf = (name: string, times: readonly number[]): Row => ({
  name,
  figures: {
    "node, ms": spreadOf(bare),
    "line, ms": spreadOf(times),
    [BEYOND]: spreadOf(times.map((ms, round) => ms - (bare[round] ?? Number.NaN))),
  },
  goal: { column: BEYOND, atMost: 100 },
});
finish({
  title: `turnspan statusline over ${MEGABYTES} MB of today's transcripts`,
  notes: [
    `Reading them took ${tookMs} ms, in the background and at most every ${Math.max(10, (20 * tookMs) / 1000)} s.`,
    `Run: ${path.relative(root, main)}. Time of the clock.`,
  ],
  rows: [rowOf("figures kept", kept), rowOf("old figures, read anew in the background", old)],
});
