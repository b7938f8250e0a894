import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runCli } from "../src/cli/run.ts";

/** Plays the recorded gateway session and says where its spans and records are. */
const recording = fileURLToPath(
  new URL("../test/fixtures/openclaw/gateway-events.jsonl", import.meta.url),
);
const folder = fileURLToPath(new URL("../.turnspan/", import.meta.url));
await mkdir(folder, { recursive: true });

process.stdout.write("A recorded session of an OpenClaw gateway, played through Turnspan:\n\n");
process.exitCode = await runCli(
  ["replay", "--host", "openclaw", recording, "--out", `${folder}recorded-session.jsonl`],
  {
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    fetch: globalThis.fetch,
    signal: new AbortController().signal,
  },
);
process.stdout.write(`\nSpans and records, as OTLP JSON lines: ${folder}recorded-session.jsonl\n`);
