/** What open sessions take of the heap, and what is left of them. Every way in a process of its own. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createTurnspan, type SessionInfo, type Turnspan } from "../../src/index.ts";
import { finish, type Row } from "./report.ts";
import { loadSdk, startStack } from "./turn/stack.ts";

const SESSIONS = 100_000;
const REPEATS = 3;

interface Found {
  /** Of each session: what its end gives back, time after time. */
  readonly bytes: readonly number[];
  /** Of the heap once all have ended, less that of before, time after time. */
  readonly leftKb: readonly number[];
}

/** What the host holds anyway. */
const infoOf = (index: number): SessionInfo => ({
  sessionKey: `agent:support:web:${index}`,
  sessionId: `0f8a5c1e-7d8e-4b7e-9a53-${index.toString(16).padStart(12, "0")}`,
  agentId: "support",
});

async function startTurnspan(way: string): Promise<{ turnspan: Turnspan; flush(): Promise<void> }> {
  if (way === "silent") return { turnspan: createTurnspan(), flush: async () => {} };
  if (way === "hooks") {
    const turnspan = createTurnspan();
    turnspan.hooks.on("session:end", () => {});
    return { turnspan, flush: async () => {} };
  }
  const { flush, ...stack } = startStack(await loadSdk("3"), { sampled: way === "sdk" });
  return { turnspan: createTurnspan(stack), flush };
}

async function heapBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed;
}

async function measure(way: string): Promise<Found> {
  const { turnspan, flush } = await startTurnspan(way);
  const infos = Array.from({ length: SESSIONS }, (_, index) => infoOf(index));
  const open = new Array<Disposable>(SESSIONS);
  // What stays once only: code, buffers, the sessions that are remembered after their end.
  await openAll(turnspan, infos, open);
  await endAll(open, flush);
  const before = await heapBytes();
  const [bytes, leftKb]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    await openAll(turnspan, infos, open);
    await flush();
    const full = await heapBytes();
    await endAll(open, flush);
    const after = await heapBytes();
    bytes.push((full - after) / SESSIONS);
    leftKb.push((after - before) / 1024);
  }
  return { bytes, leftKb };
}

async function openAll(
  turnspan: Turnspan,
  infos: readonly SessionInfo[],
  open: Disposable[],
): Promise<void> {
  for (const [index, info] of infos.entries()) {
    open[index] = turnspan.openSession(info);
    if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function endAll(open: Disposable[], flush: () => Promise<void>): Promise<void> {
  for (let index = 0; index < SESSIONS; index += 1) {
    open[index]?.[Symbol.dispose]();
    if (index % 500 === 0) await flush();
  }
  open.fill({ [Symbol.dispose]: () => {} });
  await flush();
}

function rowOf(name: string, way: string): Row {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), `--way=${way}`];
  const { bytes, leftKb }: Found = JSON.parse(execFileSync(process.execPath, args).toString());
  return {
    name,
    figures: {
      "bytes a session": Math.max(...bytes),
      "left after each time, kB": leftKb.map((kb) => kb.toFixed(0)).join(", "),
    },
    goal: { column: "bytes a session", atMost: 1200 },
  };
}

const way = process.argv.find((argument) => argument.startsWith("--way="))?.slice(6);
if (way === undefined) {
  finish({
    title: "100,000 open sessions",
    notes: [
      "Heap after a full collection, beyond what the host holds anyway: its keys and ids.",
      "After the first time all are opened and ended three times more: what is left must not grow.",
    ],
    rows: [
      rowOf("SDK 3, batch processor, a span each", "sdk"),
      rowOf("SDK 3, sampled out", "off"),
      rowOf("no SDK, hooks only", "hooks"),
      rowOf("no SDK, nobody listening", "silent"),
    ],
  });
} else {
  console.log(JSON.stringify(await measure(way)));
}
