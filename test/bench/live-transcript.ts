/**
 * What a look at a long transcript costs while its session runs: the first one reads it, a further one reads
 * what was added, or nothing. Prints one line of JSON; run it with `node test/bench/live-transcript.ts [megabytes]`.
 */
import { appendFileSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { LiveTranscript } from "../../src/adapters/cli-agents/live-transcript.ts";
import { writeTree } from "./transcript-tree.ts";

const [megabytes = 200] = process.argv.slice(2).map(Number);
const LOOKS = 20;
const { signal } = new AbortController();

async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

using home = mkdtempDisposableSync(`${tmpdir()}/turnspan-live-`);
const [file = ""] = writeTree(home.path, { megabytes, megabytesAFile: megabytes });
using other = mkdtempDisposableSync(`${tmpdir()}/turnspan-live-`);
const [more = ""] = writeTree(other.path, { megabytes: 0.02, megabytesAFile: 0.02 });
const lines = readFileSync(more, "utf8").replaceAll("s0", "later");

const transcript = new LiveTranscript("claude-code", file, { content: false });
const firstMs = await time(() => transcript.refresh(signal));
const idle: number[] = [];
const grown: number[] = [];
const told: number[] = [];
for (let look = 0; look < LOOKS; look += 1) {
  idle.push(await time(() => transcript.refresh(signal)));
  appendFileSync(file, lines.replaceAll("later", `later-${look}`));
  grown.push(await time(() => transcript.refresh(signal)));
  told.push(await time(async () => transcript.runs?.find("none")));
}
console.log(
  JSON.stringify({
    megabytes,
    firstLookMs: Math.round(firstMs),
    idleLookMs: Number(median(idle).toFixed(2)),
    grownLookMs: Number(median(grown).toFixed(2)),
    tellMs: Number(median(told).toFixed(2)),
    addedKb: Math.round(lines.length / 1000),
    firstOverIdle: Math.round(firstMs / median(idle)),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024 / 1.048_576),
  }),
);
