import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setImmediate as nextLoop } from "node:timers/promises";
import { expect, test } from "vitest";
import { runProcess } from "../../support/run-process.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { startConfigured } from "../configured.ts";
import { countDescriptors, countZombies, findByText, until } from "./processes.ts";

/** For what hangs; all others get as long as a busy machine may need. */
const TIMEOUT_MS = 400;
const PATIENT_MS = 60_000;
const TIME_UP = "time was up";
/** What a test waits for has to come within this; how soon it really comes the bench hook-delay measures. */
const SOON_MS = 60_000;
const TEST_MS = 120_000;
/** Sleeps that only these tests start, far longer than the tests themselves. */
const SLEEP = 300 + (process.pid % 1000) / 1000;

/** What a command does, and what a guard makes of it: a reason to stop the turn, or part of what is reported. */
interface Animal {
  readonly name: string;
  readonly command: string | readonly string[];
  readonly aborts?: string;
  readonly fails?: string | RegExp;
  readonly cwd?: string;
  /** It escapes its process group, and is looked for a little later. */
  readonly escapes?: boolean;
}

const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;

const zoo: readonly Animal[] = [
  { name: "hangs", command: `sleep ${SLEEP}`, fails: TIME_UP },
  {
    name: "ignores SIGTERM",
    command: `trap '' TERM; sleep ${SLEEP}; sleep ${SLEEP}`,
    fails: TIME_UP,
  },
  { name: "exits with 0", command: "exit 0" },
  { name: "exits with 1", command: "echo why >&2; exit 1", fails: "exit code 1: why" },
  { name: "exits with 2", command: "echo not now >&2; exit 2", aborts: "not now" },
  { name: "dies of a signal", command: "kill -SEGV $$", fails: "ended by SIGSEGV" },
  { name: "prints 100 MB", command: "head -c 100000000 /dev/zero" },
  { name: "prints 100 MB of errors", command: "head -c 100000000 /dev/zero >&2" },
  { name: "reads nothing of 1 MiB", command: "exec 0<&-; exit 0" },
  { name: "leaves a child in the background", command: `sleep ${SLEEP} & echo started` },
  {
    name: "leaves a daemon",
    command: `setsid sh -c 'sleep ${SLEEP}; sleep ${SLEEP}' >/dev/null 2>&1 & sleep 0.1`,
    escapes: true,
  },
  {
    name: "leaves a daemon that holds its output",
    command: `setsid sh -c 'sleep ${SLEEP}; sleep ${SLEEP}' & sleep 0.1`,
    escapes: true,
  },
  {
    name: "starts 200 processes",
    command: `i=0; while [ $i -lt 200 ]; do sleep ${SLEEP} & i=$((i+1)); done; wait`,
    fails: TIME_UP,
  },
  { name: "prints broken JSON", command: `echo '{"abort": tru'`, fails: "no valid JSON" },
  { name: "prints deep JSON", command: ["printf", "%s", deep] },
  {
    name: "cuts a character in two",
    command: `printf '{"abort":true,"reason":"\\303'; exit 0`,
    fails: "no valid JSON",
  },
  { name: "is not there", command: ["./no-such-program"], fails: /ENOENT/ },
  { name: "may not be executed", command: ["./not-executable"], fails: /EACCES/ },
  { name: "has no folder to run in", command: "true", cwd: "/no/such/folder", fails: /ENOENT/ },
];

test.each(zoo)(
  "a command that $name ends in time, whole, and stops nothing it may not",
  async (animal) => {
    using folder = makeTemporaryFolder({ "not-executable": "#!/bin/sh\nexit 0\n" });
    const { command, aborts, fails, escapes = false } = animal;
    const timeoutMs = fails === TIME_UP ? TIMEOUT_MS : PATIENT_MS;
    const config = {
      hooks: { beforeTurn: [{ command: command as string, timeoutMs }] },
    };
    using hooks = await startConfigured(config, { folder: folder.path });
    using session = hooks.turnspan.openSession({
      sessionKey: "zoo",
      cwd: animal.cwd ?? folder.path,
    });
    const message = "x".repeat(1024 * 1024);
    const outcome = await session.turn({ message, onBlocked: ({ reason }) => reason }, () => "ran");
    expect(outcome).toBe(aborts ?? "ran");
    const failures = hooks.findings.filter(({ type }) => type === "hook.failure");
    // The engine stops waiting at the same moment, and may say so first.
    const errors = failures.map(({ error }) =>
      String(error).replace(/no answer within .* ms/, TIME_UP),
    );
    expect(errors).toEqual(fails === undefined ? [] : [expect.stringMatching(fails)]);
    await until(() => findByText(`sleep ${SLEEP}`).length === 0, SOON_MS);
    await until(() => countZombies() === 0, SOON_MS);
    const left = hooks.log.lines.filter((line) => line.includes("processes behind"));
    expect(left).toHaveLength(escapes ? 1 : 0);
  },
  TEST_MS,
);

test("the same commands as observers delay nothing, and end in time as well", async () => {
  using folder = makeTemporaryFolder({ "not-executable": "#!/bin/sh\nexit 0\n" });
  const entries = zoo.map(({ command }) => ({ command: command as string, timeoutMs: 3000 }));
  using hooks = await startConfigured({ hooks: { afterTurn: entries } }, { folder: folder.path });
  using session = hooks.turnspan.openSession({ sessionKey: "zoo", cwd: folder.path });
  await session.turn({}, () => "ran");
  const settled = hooks.settled().then(() => "over");
  expect(await Promise.race([settled, "still running"])).toBe("still running");
  await settled;
  await until(() => findByText(`sleep ${SLEEP}`).length === 0, SOON_MS);
  await until(() => countZombies() === 0, SOON_MS);
});

test("100 MB of output, three times, take less than 32 MB of memory", async () => {
  const program = path.resolve(import.meta.dirname, "../../faults/programs/command-output.ts");
  const { code, stdout } = await runProcess(process.execPath, [program]);
  expect([code, Number(stdout)]).toEqual([0, expect.any(Number)]);
  expect(Number(stdout)).toBeLessThan(32 * 1024 * 1024);
});

test("500 commands leave no descriptor, no zombie and no process behind", async () => {
  const entries = ["true", "exit 1", "head -c 100000 /dev/zero", `sleep ${SLEEP} &`];
  using hooks = await startConfigured({
    hooks: { beforeTurn: entries.map((command) => ({ command })) },
  });
  using session = hooks.turnspan.openSession({ sessionKey: "zoo", cwd: "/tmp" });
  await session.turn({}, () => "warm-up");
  const before = countDescriptors();
  for (let turn = 0; turn < 125; turn += 1) await session.turn({}, () => "ran");
  await until(() => findByText(`sleep ${SLEEP}`).length === 0, SOON_MS);
  await until(() => countDescriptors() <= before, SOON_MS);
  await until(() => countZombies() === 0, SOON_MS);
}, 300_000);

test("a naive runner leaves the processes behind, and waits for their output: the tests above can fail", async () => {
  // What many programs do: signal the shell alone, and wait for its output to end.
  const text = `sleep 302.${process.pid}`;
  const child = spawn("sh", ["-c", `${text}; true`], { stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise<string>((resolve) => child.once("close", () => resolve("closed")));
  await until(() => findByText(text).some(({ parent }) => parent === child.pid), SOON_MS);
  child.kill("SIGTERM");
  await once(child, "exit");
  const [left] = findByText(text);
  expect(await Promise.race([closed, nextLoop("open")])).toBe("open");
  expect(left).toBeDefined();
  if (left !== undefined) process.kill(left.pid, "SIGKILL");
  expect(await closed).toBe("closed");
});

test("a hook's process of a program that is itself run by a hook is ended with that hook", async () => {
  const command = `setsid sh -c 'sleep ${SLEEP}; sleep ${SLEEP}' >/dev/null 2>&1 & sleep 0.1`;
  // As if a hook with this mark had started the program whose hook this is.
  const env = { PATH: process.env["PATH"], TURNSPAN_HOOK_RUN: "outer" };
  using hooks = await startConfigured(
    { hooks: { beforeTurn: [{ command: `env; ${command}` }] } },
    { env },
  );
  using session = hooks.turnspan.openSession({ sessionKey: "zoo", cwd: "/tmp" });
  await session.turn({}, () => "ran");
  expect(hooks.log.lines.join()).toMatch(/TURNSPAN_HOOK_RUN=outer\.[0-9a-f]{24}\n/);
  await until(() => findByText(`sleep ${SLEEP}`).length === 0, SOON_MS);
});

test.each([
  ["one", true],
  ["one.two", true],
  ["one.two.three", false],
])("inside of the hooks %s a program attaches hooks of its own: %s", async (marks, attaches) => {
  const env = { PATH: process.env["PATH"], TURNSPAN_HOOK_RUN: marks };
  using hooks = await startConfigured({ hooks: { afterTurn: [{ command: "true" }] } }, { env });
  expect(hooks.engine.hasListeners).toBe(attaches);
  const warned = hooks.log.lines.includes(
    "warn no configured hooks: this program runs inside of 3 hooks",
  );
  expect(warned).toBe(!attaches);
});
