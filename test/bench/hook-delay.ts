/** How late a turn goes on after a command's time is up, and what a slow hook adds to a change of settings. */
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { attachConfig } from "../../src/hooks/config/attach-config.ts";
import { joinConfigs } from "../../src/hooks/config/load.ts";
import { HooksConfig, type HooksConfigInput } from "../../src/hooks/config/schema.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { roundsFor, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const TIMEOUT_MS = 300;
const LATE = "ms after its time was up";
const WORST = "worst";
const ADDED = "ms the change takes";

const quiet = { debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {
  // What hooks complain of is what they are tried with.
}

async function startHooked(hooks: HooksConfigInput["hooks"], folder: string) {
  const engine = new HookEngine({ log: quiet });
  const config = HooksConfig.parse({ hooks });
  const origin = { kind: "code", source: "bench", folder } as const;
  const loaded = joinConfigs([{ origin, text: "", config, raw: {} }]);
  const attached = await attachConfig(engine, loaded, {
    env: { PATH: process.env["PATH"] },
    stdout: process.stdout,
  });
  const turnspan = createTurnspan({ hooks: engine, onRecord: () => undefined });
  const session = turnspan.openSession({ sessionKey: "bench", cwd: folder });
  return { session, [Symbol.dispose]: () => attached[Symbol.dispose]() };
}

const hanging: Readonly<Record<string, string>> = {
  "a command that hangs": "sleep 300",
  "one that ignores SIGTERM, with its child": "trap '' TERM; sleep 300; sleep 300",
  "one that started 200 others": "i=0; while [ $i -lt 200 ]; do sleep 300 & i=$((i+1)); done; wait",
  "one whose daemon holds its output": "setsid sleep 300 & sleep 300",
};

async function measureLateness([name, command]: [string, string], folder: string): Promise<Row> {
  const beforeTurn = [{ command, timeoutMs: TIMEOUT_MS }];
  using hooked = await startHooked({ beforeTurn }, folder);
  const late: number[] = [];
  for (let round = 0; round < roundsFor(20); round += 1) {
    const beganAt = performance.now();
    await hooked.session.turn({}, () => undefined);
    late.push(performance.now() - beganAt - TIMEOUT_MS);
  }
  const figures = { [LATE]: spreadOf(late), [WORST]: Math.max(...late) };
  return { name, figures, goal: { column: WORST, atMost: 500 } };
}

async function measureChange(folder: string): Promise<Row> {
  writeFileSync(
    path.join(folder, "slow.mjs"),
    "export default () => new Promise((resolve) => setTimeout(resolve, 5000));",
  );
  const entries = [{ script: "slow.mjs" }, { command: "sleep 5" }];
  using hooked = await startHooked({ "session:patch": entries }, folder);
  const times: number[] = [];
  for (let round = 0; round < roundsFor(200); round += 1) {
    const beganAt = performance.now();
    hooked.session.patch({ label: String(round) });
    times.push(performance.now() - beganAt);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    name: "a change of settings that two 5 s hooks are told of",
    figures: { [ADDED]: spreadOf(times) },
    goal: { column: ADDED, atMost: 5 },
  };
}

using folder = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-bench-"));
const rows: Row[] = [];
for (const entry of Object.entries(hanging)) rows.push(await measureLateness(entry, folder.path));
rows.push(await measureChange(folder.path));
finish({
  title: "Hooks that take too long",
  notes: [`Commands are guards with a timeout of ${TIMEOUT_MS} ms. Time of the clock.`],
  rows,
});
