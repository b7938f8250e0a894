import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { root } from "../support/run-example.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const main = path.join(root, "src/cli/main.ts");

function start(folder: string, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, "run", "--", ...command], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: a signal for it is not one for its program.
    detached: true,
  });
  return { child, ended: once(child, "exit") };
}

test.each([
  ["SIGINT", 11],
  ["SIGTERM", 12],
  ["SIGHUP", 13],
] as const)(
  "%s that it gets alone is its program's",
  async (signal, code) => {
    using folder = makeTemporaryFolder();
    const traps = "trap 'exit 11' INT; trap 'exit 12' TERM; trap 'exit 13' HUP";
    const script = `${traps}; echo ready; while :; do sleep 0.1; done`;
    const { child, ended } = start(folder.path, ["sh", "-c", script]);
    await once(createInterface({ input: child.stdout }), "line");
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
  },
  60_000,
);

test("one that comes while what the agent did is sent ends the sending, and the exit code is the agent's", async () => {
  using folder = makeTemporaryFolder();
  // Takes everything and answers nothing.
  const silent = createServer((socket) => socket.on("error", () => undefined).resume());
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const lines = ["SessionStart", "UserPromptSubmit"].map((hook_event_name) =>
    JSON.stringify({ hook_event_name, session_id: "s", prompt_id: "p", prompt: "hi" }),
  );
  folder.write("data/capture/spool/keep", "");
  const leave = lines
    .map((line, at) => {
      const file = `data/capture/spool/1-${at}.0.event`;
      return `{ echo "turnspan 1 claude-code $PPID $TURNSPAN_RUN"; echo '${line}'; } > ${file}`;
    })
    .join("; ");
  const { child, ended } = start(folder.path, ["sh", "-c", `${leave}; exit 5`], {
    TURNSPAN_DATA: path.join(folder.path, "data"),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });
  let told = "";
  for await (const chunk of child.stderr) {
    told += chunk;
    if (told.includes("waits for the agent's last words")) child.kill("SIGINT");
    if (told.includes("interrupted; what was not sent waits")) break;
  }
  expect(await ended).toEqual([5, null]);
  silent.close();
}, 120_000);
