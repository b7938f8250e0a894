import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { startConfigured } from "./configured.ts";

const TURNS = 10_000;

/** Every fifth turn something else goes wrong in a script. */
const FAULTY = `
const faults = [
  () => { throw new RangeError("thrown"); },
  () => Promise.reject(new TypeError("rejected")),
  () => new Promise(() => {}),
  () => ({ get abort() { throw new Error("getter"); } }),
  () => { throw undefined; },
];
let calls = 0;
export default () => {
  calls += 1;
  if (calls % 5 !== 0) return undefined;
  return faults[(calls / 5) % faults.length]();
};`;

test("of 10,000 turns, a fifth of them with a fault in a script, none is broken and every fault is recorded", async () => {
  using folder = makeTemporaryFolder({ "faulty.mjs": FAULTY });
  using hooks = await startConfigured(
    { hooks: { beforeTurn: [{ script: "faulty.mjs", timeoutMs: 20 }] } },
    { folder: folder.path },
  );
  let seen = 0;
  hooks.engine.on("afterTurn", () => {
    seen += 1;
  });
  const session = hooks.turnspan.openSession({ sessionKey: "k" });
  const results: string[] = [];
  const BATCH = 500;
  for (let done = 0; done < TURNS; done += BATCH) {
    const turns = Array.from({ length: BATCH }, () => session.turn({}, () => "ran"));
    results.push(...(await Promise.all(turns)));
  }
  expect(results.every((result) => result === "ran")).toBe(true);
  expect(seen).toBe(TURNS);
  const failures = Map.groupBy(hooks.findings, ({ error }) => String(error));
  const counts = [...failures].map(([error, found]) => [error, found.length]);
  expect(counts.toSorted()).toEqual([
    ["getter", TURNS / 25],
    ["no answer within 20 ms", TURNS / 25],
    ["rejected", TURNS / 25],
    ["thrown", TURNS / 25],
    ["undefined", TURNS / 25],
  ]);
}, 600_000);

test("a configured hook that patches its own session stops at the third depth, and says so once", async () => {
  const patches: number[] = [];
  const dropped: string[] = [];
  using hooks = await startConfigured(
    { hooks: { "session:patch": [{ send: { message: "x" } }] } },
    {
      channel: {
        maxCallbackBytes: 64,
        // What a host's channel does may well change the session again.
        send: async () => {
          patches.push(patches.length);
          session.patch({ label: `patched ${patches.length}` });
        },
      },
    },
  );
  hooks.engine.connect({ drop: (reason) => void dropped.push(reason) });
  const session = hooks.turnspan.openSession({ sessionKey: "k" });
  for (let times = 0; times < 10; times += 1) session.patch({ label: `by hand ${times}` });
  await hooks.settled();
  await hooks.settled();
  expect(patches).toHaveLength(30);
  expect(dropped).toEqual(Array(10).fill("hook_depth"));
  expect(hooks.log.lines.filter((line) => line.includes("set off hooks"))).toHaveLength(1);
});
