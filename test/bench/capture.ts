/** What a hook of a CLI agent takes beyond starting `/bin/true`: time that the agent waits for each event. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  captureFolder,
  writeCaptureScripts,
} from "../../src/adapters/cli-agents/capture-script.ts";
import { PostedHooks } from "../../src/cli/commands/posted-hooks.ts";
import { startServer } from "../../src/server/server.ts";
import { startUp } from "../support/up-process.ts";
import { roundsFor, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const ROUNDS = 300;
const WARM_UP = 20;
const BEYOND = "ms beyond /bin/true";
const EVENT = JSON.stringify({
  ...{ session_id: "9345ed04-061e-4ed4-a0f9-47393cc61898", hook_event_name: "PreToolUse" },
  ...{ tool_name: "Bash", tool_input: { command: "echo ".repeat(400) } },
});

let prompts = 0;

/** Starts a program, gives it the event, waits for its end. */
function run(program: string, args: readonly string[], event = EVENT): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.on("error", () => undefined);
    child.stdin.end(event);
    child.stdout.resume();
    child.once("error", reject).once("close", () => resolve());
  });
}

/** A session and a first prompt of it: what a guard is asked of. */
function prompt(): string {
  prompts += 1;
  const about = { session_id: "9345ed04-061e-4ed4-a0f9-47393cc61898", prompt_id: `p-${prompts}` };
  return JSON.stringify({
    ...about,
    hook_event_name: "UserPromptSubmit",
    prompt: "x".repeat(1800),
  });
}

/** Posts the event and reads the answer, on a connection that is kept as agents keep theirs. */
function post(url: string, agent: Agent, event = EVENT): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    request(url, { method: "POST", agent, headers }, (response) => {
      response.resume().once("end", resolve);
    })
      .once("error", reject)
      .end(event);
  });
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
}

/** In pairs, and each first in every other round: a busy machine hits both alike. */
async function measure(name: string, work: () => Promise<void>, goal: boolean): Promise<Row> {
  const floor: number[] = [];
  const own: number[] = [];
  const rounds = roundsFor(ROUNDS);
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const order = [
      async () => floor.push(await timeOf(() => run("/bin/true", []))),
      async () => own.push(await timeOf(work)),
    ];
    for (const step of round % 2 === 0 ? order : order.toReversed()) await step();
    if (round < 0) floor.length = own.length = 0;
  }
  return {
    name,
    figures: {
      "/bin/true, ms": spreadOf(floor),
      "hook, ms": spreadOf(own),
      [BEYOND]: spreadOf(own.map((ms, round) => ms - (floor[round] ?? Number.NaN))),
    },
    ...(goal && { goal: { column: BEYOND, atMost: 5 } }),
  };
}

using folder = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-capture-"));
await writeCaptureScripts(folder.path);
const script = (name: string): string => path.join(captureFolder(folder.path), name);
const posted = new PostedHooks(folder.path);
await using server = await startServer({
  ...{ dataFolder: folder.path, port: 0, uiPort: 0 },
  takeHook: posted.take,
});
const connections = new Agent({ keepAlive: true });
const url = `${server.otlpUrl}/turnspan/hooks/claude-code`;
const asked = path.join(folder.path, "asked");
await writeCaptureScripts(asked);
const config = path.join(folder.path, ".config/turnspan/config.json");
mkdirSync(path.dirname(config), { recursive: true });
const budget = { per: "day", usd: 1_000_000 };
writeFileSync(config, JSON.stringify({ hooks: { beforeTurn: [{ budget }] } }));
const up = await startUp(asked, [], { HOME: folder.path, PATH: process.env["PATH"] });
const askUrl = `${up.otlpUrl}/turnspan/hooks/claude-code?ask`;
const askScript = path.join(captureFolder(asked), "capture.cjs");
const rows = [
  await measure("sh", () => run("sh", [script("capture.sh"), "claude-code", "1"]), true),
  await measure("http", () => post(url, connections), true),
  await measure(
    "node, where there is no sh",
    () => run("node", [script("capture.cjs"), "codex"]),
    false,
  ),
  await measure(
    "node, a prompt that waits for a budget",
    () => run("node", [askScript, "claude-code", String(process.pid), "open"], prompt()),
    false,
  ),
  await measure(
    "http, a prompt that waits for a budget",
    () => post(askUrl, connections, prompt()),
    false,
  ),
];
await up.end("SIGTERM");
connections.destroy();
finish({
  title: "Capture of a hook's event of 2 kB",
  notes: [`Time of the clock, in pairs with /bin/true, ${roundsFor(ROUNDS)} of each.`],
  rows,
});
