import { spawn } from "node:child_process";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a command and passes this process's signals on to it.
 *
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, output: string }>} how it ended, and what it
 *   wrote to streams that were piped
 */
export function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the whole process group: the child already has it.
      if (signal === "SIGINT" && hasTerminal()) return;
      child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);

    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    const done = () => {
      for (const signal of FORWARDED) process.removeListener(signal, forward);
    };
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("close", (code, signal) => {
      done();
      resolve({ code, signal, output: Buffer.concat(chunks).toString() });
    });
  });
}

function hasTerminal() {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
}
