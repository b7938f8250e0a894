#!/usr/bin/env node
import { spawn } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runCli } from "./run.ts";

// Whoever reads gigabytes makes garbage that is all young: room for it that does not grow keeps the process
// small, at no cost in time.
if (process.argv[2] === "cost") setFlagsFromString("--semi-space-growth-factor=1");

const controller = new AbortController();
const HANDED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
const isWrapper = process.argv[2] === "run";
for (const signal of isWrapper ? [] : (["SIGINT", "SIGTERM"] as const)) {
  process.once(signal, () => controller.abort(new Error("interrupted")));
}
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that went away (`| head`) is no error of ours; a full disk is not to be taken for success.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`turnspan: cannot write standard output: ${error.message}\n`);
  process.exit(2);
});
// Nobody is left to be told, and the exit code still tells.
process.stderr.on("error", () => {});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  fetch: globalThis.fetch,
  signal: controller.signal,
  startDetached: (args) => {
    const command = [...process.execArgv, process.argv[1] ?? "", ...args];
    const child = spawn(process.execPath, command, { detached: true, stdio: "ignore" });
    child.on("error", () => {});
    child.unref();
  },
  hasTerminal: [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
  ...(isWrapper && {
    onSignal: (listener) => {
      for (const signal of HANDED_ON) process.on(signal, listener);
    },
  }),
});
