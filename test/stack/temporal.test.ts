import { type ChildProcess, spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installDependencies } from "../support/install.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { type Relay, startRelay } from "./temporal/relay.ts";
import { downloadServer, startServer } from "./temporal/server.ts";

const root = path.resolve(import.meta.dirname, "../..");
const own = path.join(import.meta.dirname, "temporal");
const TASK_QUEUE = "sessions";

/** The recipe's config, whose workflow the worker runs. Only the server's address differs here. */
const example: { readonly hooks: { readonly "session:end": readonly { temporal: object }[] } } =
  JSON.parse(readFileSync(path.join(root, "examples/hooks/temporal/turnspan.json"), "utf8"));

/** The parts of `@temporalio/client` that are called here; the package is installed by this file. */
interface Handle {
  query(name: "progress"): Promise<{ readonly signals: number; readonly ended: number }>;
  result(): Promise<{ readonly signals: number; readonly sessions: readonly string[] }>;
}
interface Workflows {
  start(type: string, options: object): Promise<Handle>;
  getHandle(id: string): Handle;
}

let workflows: Workflows;
let serverPort: number;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  // One after the other: npm begins with an empty node_modules, and the server lies there.
  await installDependencies(own);
  await downloadServer();
  const server = started.use(await startServer());
  serverPort = server.port;
  const worker = await startChild("worker.mjs", [String(server.port), TASK_QUEUE], own);
  started.defer(async () => void (await worker.end()));
  await worker.said("ready");
  const { Client, Connection } = createRequire(path.join(own, "package.json"))(
    "@temporalio/client",
  );
  const connection = await Connection.connect({ address: `127.0.0.1:${server.port}` });
  started.defer(() => connection.close());
  workflows = new Client({ connection }).workflow;
}, 600_000);

afterAll(() => started.disposeAsync(), 60_000);

interface Child {
  readonly process: ChildProcess;
  /** Waits until standard output has had this line. */
  said(line: string): Promise<void>;
  write(line: string): void;
  /** Ends standard input, and waits for the process. */
  end(): Promise<number | null>;
}

async function startChild(program: string, args: readonly string[], data: string): Promise<Child> {
  const child = spawn(process.execPath, [path.join(own, program), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TURNSPAN_DATA: data },
  });
  const lines = new Set<string>();
  createInterface({ input: child.stdout }).on("line", (line) => lines.add(line));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    process: child,
    said: (line) => until(() => Promise.resolve(lines.has(line))),
    write: (line) => void child.stdin.write(`${line}\n`),
    end: () => {
      child.stdin.end();
      return ended;
    },
  };
}

async function until(isSo: () => Promise<boolean>, withinMs = 240_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not so within ${withinMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Agents extends AsyncDisposable {
  readonly relay: Relay;
  /** One process after the other; all share their data folder. */
  start(): Promise<Child>;
  /** Whether the outbox on disk has this text. */
  isStored(text: string): boolean;
}

/** A runtime whose sessions' ends are signalled to the server, through a relay that can fail. */
async function startAgents(temporal: object = {}, entry: object = {}): Promise<Agents> {
  const relay = await startRelay(serverPort);
  const [given] = example.hooks["session:end"];
  const action = { ...given?.temporal, address: `127.0.0.1:${relay.port}`, ...temporal };
  const config = { hooks: { "session:end": [{ ...given, temporal: action, ...entry }] } };
  const folder: TemporaryFolder = makeTemporaryFolder({ "turnspan.json": config });
  return {
    relay,
    start: () => startChild("agent.ts", [path.join(folder.path, "turnspan.json")], folder.path),
    isStored: (text) => {
      const outbox = path.join(folder.path, "outbox");
      return globSync("*/*.log", { cwd: outbox }).some((file) =>
        readFileSync(path.join(outbox, file), "utf8").includes(text),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const startWorkflow = (workflowId: string, sessions: number): Promise<Handle> =>
  workflows.start("afterSessions", { workflowId, taskQueue: TASK_QUEUE, args: [sessions] });

const progressIs = (handle: Handle, signals: number) => async (): Promise<boolean> =>
  (await handle.query("progress")).signals >= signals;

test("a workflow that waits for the end of a session is signalled through its metadata, and completes", async () => {
  await using agents = await startAgents();
  const handle = await startWorkflow("waits", 1);
  const agent = await agents.start();
  agent.write("web:42 waits");
  expect(await handle.result()).toMatchObject({ signals: 1, sessions: ["web:42"] });
  expect(await agent.end()).toBe(0);
}, 300_000);

test("with start a workflow that nobody started is", async () => {
  const start = { workflowType: "afterSessions", taskQueue: TASK_QUEUE };
  await using agents = await startAgents({ start });
  const agent = await agents.start();
  agent.write("web:43 starts");
  const handle = workflows.getHandle("starts");
  // Until it is started, there is nothing to ask.
  await until(() => progressIs(handle, 1)().catch(() => false));
  expect(await handle.query("progress")).toEqual({ signals: 1, ended: 1 });
  expect(await agent.end()).toBe(0);
}, 300_000);

test("a server that is down meanwhile is signalled when it is up again", async () => {
  await using agents = await startAgents();
  const handle = await startWorkflow("down", 1);
  agents.relay.set("down");
  const agent = await agents.start();
  agent.write("web:44 down");
  await agent.said("ended web:44");
  expect(await handle.query("progress")).toEqual({ signals: 0, ended: 0 });
  agents.relay.set("up");
  expect(await handle.result()).toMatchObject({ signals: 1, sessions: ["web:44"] });
  expect(await agent.end()).toBe(0);
}, 300_000);

test("a server that is down until the process is gone is signalled by the next process", async () => {
  await using agents = await startAgents();
  const handle = await startWorkflow("gone", 1);
  agents.relay.set("down");
  const first = await agents.start();
  first.write("web:45 gone");
  await until(async () => agents.isStored("web:45"));
  first.process.kill("SIGKILL");
  await first.end();
  agents.relay.set("up");
  const second = await agents.start();
  expect(await handle.result()).toMatchObject({ signals: 1, sessions: ["web:45"] });
  expect(await second.end()).toBe(0);
}, 300_000);

test("a process that is killed between the signal and its mark signals again, and the workflow applies it once", async () => {
  await using agents = await startAgents();
  const handle = await startWorkflow("twice", 3);
  const first = await agents.start();
  first.write("web:46 twice");
  await until(progressIs(handle, 1));
  // The server takes the second signal, and its answer never comes.
  agents.relay.set("mute");
  first.write("web:47 twice");
  await until(progressIs(handle, 2));
  first.process.kill("SIGKILL");
  await first.end();
  agents.relay.set("up");
  const second = await agents.start();
  await until(progressIs(handle, 3));
  expect(await handle.query("progress")).toEqual({ signals: 3, ended: 2 });
  second.write("web:48 twice");
  expect(await handle.result()).toMatchObject({
    signals: 4,
    sessions: ["web:46", "web:47", "web:48"],
  });
  expect(await second.end()).toBe(0);
}, 300_000);

test("of 100 signals, a fifth of them without an answer and a tenth without a server, each is applied once", async () => {
  const SESSIONS = 100;
  await using agents = await startAgents({}, { timeoutMs: 2000 });
  const handle = await startWorkflow("hundred", SESSIONS);
  const agent = await agents.start();
  const end = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) agent.write(`many:${at} hundred`);
  };
  end(0, 70);
  await until(progressIs(handle, 70));
  // The server takes these, and nobody hears of it: they are signalled again.
  agents.relay.set("mute");
  end(70, 90);
  await until(progressIs(handle, 90));
  agents.relay.set("down");
  end(90, SESSIONS);
  await agent.said(`ended many:${SESSIONS - 1}`);
  agents.relay.set("up");
  const { signals, sessions } = await handle.result();
  expect(new Set(sessions)).toEqual(
    new Set(Array.from({ length: SESSIONS }, (_, at) => `many:${at}`)),
  );
  expect(sessions).toHaveLength(SESSIONS);
  // More came than were applied: a workflow that does not look at their ids would have counted too many.
  expect(signals).toBeGreaterThan(SESSIONS);
  expect(await agent.end()).toBe(0);
}, 600_000);
