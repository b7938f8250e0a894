/** What a command as a hook takes beyond starting the same command bare: time that a turn waits. */
import { spawn } from "node:child_process";
import { attachConfig } from "../../src/hooks/config/attach-config.ts";
import { joinConfigs } from "../../src/hooks/config/load.ts";
import { HooksConfig } from "../../src/hooks/config/schema.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { roundsFor, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const PROGRAM = "/bin/true";
const ROUNDS = 400;
const WARM_UP = 20;
const OVERHEAD = "ms beyond bare";

interface Pair {
  readonly name: string;
  readonly words: readonly [string, ...string[]];
  readonly command: string | [string, ...string[]];
}

const pairs: readonly Pair[] = [
  { name: "an array, without a shell", words: [PROGRAM], command: [PROGRAM] },
  { name: "a string, through sh", words: ["sh", "-c", PROGRAM], command: PROGRAM },
];

/** The least that anybody does: start it, give it its input, read what it says, wait for its end. */
function runBare([program, ...args]: readonly [string, ...string[]], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.stdout.resume();
    child.stderr.resume();
    child.once("error", reject).once("close", () => resolve());
  });
}

/** Turns of a session whose guard is the command; and the same without a guard, to be taken off. */
async function startHooked(command: Pair["command"]) {
  const engine = new HookEngine();
  const config = HooksConfig.parse({ hooks: { beforeTurn: [{ command }] } });
  const origin = { kind: "code", source: "bench", folder: "/" } as const;
  const loaded = joinConfigs([{ origin, text: "", config, raw: {} }]);
  const attached = await attachConfig(engine, loaded, { env: process.env, stdout: process.stdout });
  const turnspan = createTurnspan({ hooks: engine, onRecord: () => undefined });
  const session = turnspan.openSession({ sessionKey: "bench", cwd: "/" });
  return {
    turn: () => session.turn({ message: "what a user wrote" }, () => undefined),
    [Symbol.dispose]: () => attached[Symbol.dispose](),
  };
}

/** What one took, in milliseconds. CPU time is this process's alone: other programs disturb it little. */
interface Taken {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function timeOf(run: () => Promise<unknown>): Promise<Taken> {
  const [beganAt, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - beganAt, cpuMs: (user + system) / 1000 };
}

async function measure({ name, words, command }: Pair): Promise<Row> {
  using hooked = await startHooked(command);
  const input = JSON.stringify({ hook_event_name: "beforeTurn", message: "what a user wrote" });
  const bare: Taken[] = [];
  const hook: Taken[] = [];
  const rounds = roundsFor(ROUNDS);
  for (let round = -WARM_UP; round < rounds; round += 1) {
    // In turn, and each first in every other round: a busy machine hits both alike.
    const order = [
      async () => bare.push(await timeOf(() => runBare(words, input))),
      async () => hook.push(await timeOf(hooked.turn)),
    ];
    for (const step of round % 2 === 0 ? order : order.toReversed()) await step();
    if (round < 0) bare.length = hook.length = 0;
  }
  const all = (takens: readonly Taken[], key: keyof Taken): number[] =>
    takens.map((taken) => taken[key]);
  const beyond = (key: keyof Taken): number[] =>
    hook.map((taken, round) => taken[key] - (bare[round]?.[key] ?? Number.NaN));
  return {
    name,
    figures: {
      "bare, ms": spreadOf(all(bare, "wallMs")),
      "hook, ms": spreadOf(all(hook, "wallMs")),
      [OVERHEAD]: spreadOf(beyond("wallMs")),
      "ms of our CPU beyond bare": spreadOf(beyond("cpuMs")),
    },
    goal: { column: OVERHEAD, atMost: 5 },
  };
}

const rows: Row[] = [];
for (const pair of pairs) rows.push(await measure(pair));
finish({
  title: "A command hook beside a bare spawn",
  notes: [
    `Wall time of ${PROGRAM} as a guard: a turn waits that long. Pairs, ${roundsFor(ROUNDS)} of each.`,
    "The hook's figure includes its event as JSON, its own process group and the turn itself.",
  ],
  rows,
});
