/**
 * How fast transcripts are read, on one core and with what a machine's disk cache gives: a tree of files of
 * Claude Code's is made, half of its bytes tool results, and all its calls are read. Prints one line of JSON;
 * run it with `node test/bench/transcripts.ts [megabytes [megabytes a file]]`.
 */
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { setFlagsFromString } from "node:v8";
import { findTranscripts } from "../../src/adapters/cli-agents/find-transcripts.ts";
import { readSession } from "../../src/adapters/cli-agents/read-session.ts";
import { SeenCalls } from "../../src/adapters/cli-agents/seen-calls.ts";
import { MEGABYTE, writeTree } from "./transcript-tree.ts";

const [megabytes = 300, megabytesAFile = 1] = process.argv.slice(2).map(Number);

async function readTree(home: string): Promise<{ calls: number; bytes: number }> {
  const { signal } = new AbortController();
  const { sessions } = await findTranscripts({ env: { HOME: home }, paths: [], signal });
  const seen = new SeenCalls();
  let calls = 0;
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
  };
  for (const session of sessions) {
    for await (const batch of readSession(session, { seen, signal, onBytes })) {
      calls += batch.length;
    }
  }
  return { calls, bytes };
}

// As the command does it.
setFlagsFromString("--semi-space-growth-factor=1");
using home = mkdtempDisposableSync(`${tmpdir()}/turnspan-transcripts-`);
writeTree(home.path, { megabytes, megabytesAFile });
const started = performance.now();
const used = process.cpuUsage();
const { calls, bytes } = await readTree(home.path);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(used);
const cpuSeconds = (user + system) / 1e6;
console.log(
  JSON.stringify({
    megabytes: Math.round(bytes / MEGABYTE),
    calls,
    seconds: Number(seconds.toFixed(2)),
    megabytesPerCpuSecond: Math.round(bytes / MEGABYTE / cpuSeconds),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
