import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type DeliveryJournal, DeliveryQueue } from "../../../src/hooks/outbox/delivery-queue.ts";
import {
  type Delivery,
  DeliveryError,
  destinationOf,
  type Outbox,
  RETRY_DELAYS_MS,
} from "../../../src/hooks/outbox/outbox.ts";
import { OutboxJournal } from "../../../src/hooks/outbox/outbox-journal.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { createTestLog, startConfigured } from "../configured.ts";
import { createManualClock } from "../runners/manual-clock.ts";
import { until } from "../runners/processes.ts";
import { startReceiver } from "../runners/receiver.ts";

/** Processes of one machine, one after the other or side by side: each has an outbox in the same folder. */
function createMachine() {
  const folder = makeTemporaryFolder();
  const clock = createManualClock();
  const log = createTestLog();
  const start = async (): Promise<Outbox> => {
    const journal = await OutboxJournal.open({ folder: folder.path, log, now: clock.now });
    return new DeliveryQueue({ log, now: clock.now, later: clock.later, journal });
  };
  return { ...{ folder, clock, log, start }, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Registers a destination that fails until it is told otherwise. */
function createSink(outbox: Outbox, destination = "sink") {
  const tried: Delivery[] = [];
  const sink = { isUp: false, tried, ids: () => tried.map(({ id }) => id) };
  outbox.register(destination, async (delivery) => {
    tried.push(delivery);
    if (!sink.isUp) throw new Error("down");
  });
  return sink;
}

const post = (outbox: Outbox, id: string, destination = "sink"): Promise<void> =>
  outbox.post({ id, destination, body: `body of ${id}` }).catch(() => undefined);

const DAY_MS = 24 * 3600_000;
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
};

test("what one process could not deliver the next one does, whole and under the same id", async () => {
  using machine = createMachine();
  {
    using outbox = await machine.start();
    createSink(outbox);
    for (const id of ["a", "b"]) await post(outbox, id);
  }
  using outbox = await machine.start();
  const sink = createSink(outbox);
  sink.isUp = true;
  await outbox.resume();
  await machine.clock.advance(10_000, settle);
  expect(sink.tried).toMatchObject([
    { id: "a", body: "body of a" },
    { id: "b", body: "body of b" },
  ]);
  await machine.clock.advance(10 * DAY_MS, settle);
  expect(sink.ids()).toEqual(["a", "b"]);
});

test("an outbox without a journal forgets: the test above can fail", async () => {
  const clock = createManualClock();
  const options = { log: createTestLog(), now: clock.now, later: clock.later };
  {
    using outbox = new DeliveryQueue(options);
    createSink(outbox);
    await post(outbox, "a");
  }
  using outbox = new DeliveryQueue(options);
  const sink = createSink(outbox);
  await outbox.resume();
  await clock.advance(10 * DAY_MS, settle);
  expect(sink.ids()).toEqual([]);
});

test("nothing is sent before it is written down, nor after the outbox was disposed", async () => {
  const written = Promise.withResolvers<void>();
  const removed: string[] = [];
  const journal: DeliveryJournal = {
    add: () => written.promise,
    change: () => undefined,
    remove: (id) => void removed.push(id),
    takeLeft: async () => [],
    [Symbol.dispose]: () => undefined,
  };
  const clock = createManualClock();
  const options = { log: createTestLog(), now: clock.now, later: clock.later, journal };
  const outboxes = [new DeliveryQueue(options), new DeliveryQueue(options)];
  const sinks = outboxes.map((outbox) => Object.assign(createSink(outbox), { isUp: true }));
  const posting = outboxes.map((outbox, index) => post(outbox, `${index}`));
  await settle();
  expect(sinks.map(({ ids }) => ids())).toEqual([[], []]);
  outboxes[1]?.[Symbol.dispose]();
  written.resolve();
  await Promise.all(posting);
  expect(sinks.map(({ ids }) => ids())).toEqual([["0"], []]);
  // The other one is left to whoever reads the journal next.
  expect(removed).toEqual(["0"]);
});

test("what was delivered, or refused for ever, is not delivered again", async () => {
  using machine = createMachine();
  {
    using outbox = await machine.start();
    createSink(outbox).isUp = true;
    await post(outbox, "a");
    outbox.register("picky", () =>
      Promise.reject(new DeliveryError("never again", { next: "drop" })),
    );
    await post(outbox, "b", "picky");
  }
  using outbox = await machine.start();
  const sinks = [createSink(outbox), createSink(outbox, "picky")];
  await outbox.resume();
  await machine.clock.advance(10 * DAY_MS, settle);
  expect(sinks.map(({ ids }) => ids())).toEqual([[], []]);
});

test("what is too large to be kept is sent all the same, and that is said", async () => {
  using machine = createMachine();
  const body = "x".repeat(256 * 1024);
  {
    using outbox = await machine.start();
    const sink = createSink(outbox);
    await post(outbox, "small");
    await outbox.post({ id: "large", destination: "sink", body }).catch(() => undefined);
    expect(sink.ids()).toEqual(["small", "large"]);
  }
  expect(machine.log.lines).toEqual([
    expect.stringMatching(/^warn the outbox .* does not keep everything: record_too_large$/),
  ]);
  using outbox = await machine.start();
  const sink = createSink(outbox);
  sink.isUp = true;
  await outbox.resume();
  await machine.clock.advance(10_000, settle);
  expect(sink.ids()).toEqual(["small"]);
});

test("a restart between any two attempts keeps to the published schedule, less the attempt it counts as", async () => {
  using machine = createMachine();
  const times: number[] = [];
  const begin = machine.clock.now();
  const startProcess = async () => {
    const outbox = await machine.start();
    outbox.register("sink", async () => {
      times.push(machine.clock.now() - begin);
      throw new Error("down");
    });
    await outbox.resume();
    return outbox;
  };
  let outbox = await startProcess();
  await post(outbox, "a");
  for (let restarts = 0; restarts < 4; restarts += 1) {
    outbox[Symbol.dispose]();
    outbox = await startProcess();
    await machine.clock.advance(RETRY_DELAYS_MS[2 * restarts] ?? 0, settle);
  }
  outbox[Symbol.dispose]();
  const waits = times.map((time, index) => time - (times[index - 1] ?? 0));
  expect(waits).toEqual([0, ...[0, 2, 4, 6].map((index) => RETRY_DELAYS_MS[index])]);
});

test("what a process left while others live is taken by the next one that knows the destination", async () => {
  using machine = createMachine();
  using first = await machine.start();
  createSink(first, "one");
  await post(first, "a", "one");
  const second = await machine.start();
  createSink(second, "two");
  await post(second, "b", "two");
  second[Symbol.dispose]();
  // It lives on, and does not know where "two" leads.
  using third = await machine.start();
  const other = createSink(third, "three");
  await third.resume();
  third[Symbol.dispose]();
  using fourth = await machine.start();
  const sink = createSink(fourth, "two");
  sink.isUp = true;
  await fourth.resume();
  await machine.clock.advance(10_000, settle);
  expect([other.ids(), sink.ids()]).toEqual([[], ["b"]]);
});

test("what nobody can deliver for days is given up, and that is said", async () => {
  using machine = createMachine();
  {
    using outbox = await machine.start();
    createSink(outbox);
    await post(outbox, "a");
  }
  await machine.clock.advance(6 * DAY_MS, settle);
  using outbox = await machine.start();
  const sink = createSink(outbox);
  await outbox.resume();
  await machine.clock.advance(DAY_MS, settle);
  expect(sink.ids()).toEqual([]);
  expect(machine.log.lines).toEqual(['warn hook "sink": message a waited for days and is lost']);
});

test("the same event told twice is one delivery while the first is on its way", async () => {
  using machine = createMachine();
  using outbox = await machine.start();
  const sink = createSink(outbox);
  await post(outbox, "a");
  await post(outbox, "a");
  expect(sink.ids()).toEqual(["a"]);
});

test("an entry that leads elsewhere than before gets nothing that was meant for the other receiver", async () => {
  expect(destinationOf("entry", ["https://one.example"])).toBe(
    destinationOf("entry", ["https://one.example"]),
  );
  expect(destinationOf("entry", ["https://one.example"])).not.toBe(
    destinationOf("entry", ["https://two.example"]),
  );
  using machine = createMachine();
  await using receiver = await startReceiver();
  const http = { allow: [receiver.target, "127.0.0.1:1"] };
  const run = async (url: string): Promise<void> => {
    using outbox = await machine.start();
    const hooks = { afterTurn: [{ url, name: "metrics" }] };
    using configured = await startConfigured({ hooks, http }, { outbox, now: machine.clock.now });
    using session = configured.turnspan.openSession({ sessionKey: "k" });
    await session.turn({}, () => "done");
    await configured.settled();
    await machine.clock.advance(3600_000, async () => void (await configured.settled()));
  };
  await run("http://127.0.0.1:1/hook");
  await run(receiver.url);
  const events = receiver.received.map(({ body }) => JSON.parse(body).runId);
  expect(events).toHaveLength(1);
});

const START = path.resolve(import.meta.dirname, "../../../src/sdk/start.ts");

const STAY = "setTimeout(() => undefined, 600_000);";

/** A program whose session ends at once, and that has hooks of that. */
const program = (then: string): string => `
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startTelemetry } from ${JSON.stringify(START)};
const telemetry = await startTelemetry({ config: "turnspan.json", endpoint: "http://127.0.0.1:1" });
telemetry.turnspan.openSession({ sessionKey: "k", cwd: process.cwd() }).end();
${then}
`;
const idle = program(STAY).replace(/^telemetry.turnspan.*$/m, "");

function startProgram(folder: string, text: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    cwd: folder,
    env: { ...process.env, TURNSPAN_DATA: path.join(folder, "data") },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, ended };
}

test("a process that is killed between its request and the mark sends it again at its next start, under the same id", async () => {
  let kill = (): void => undefined;
  await using receiver = await startReceiver(() => {
    kill();
    return {};
  });
  using folder = makeTemporaryFolder({
    "turnspan.json": {
      hooks: { "session:end": [{ url: receiver.url }] },
      http: { allow: [receiver.target] },
    },
  });
  const first = startProgram(folder.path, program(STAY));
  kill = () => void first.child.kill("SIGKILL");
  expect(await first.ended).toBe(null);
  expect(receiver.received).toHaveLength(1);
  kill = () => undefined;
  const second = startProgram(folder.path, idle);
  await until(() => receiver.received.length >= 2, 60_000);
  second.child.kill("SIGKILL");
  await second.ended;
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
}, 180_000);

test("a command that a process had no time left for is run by the next one", async () => {
  const command = "[ -e started ] && cat > ended || { touch started; sleep 60; }";
  using folder = makeTemporaryFolder({
    "turnspan.json": { hooks: { "session:end": [{ command, timeoutMs: 50_000 }] } },
  });
  const first = startProgram(
    folder.path,
    program('while (!existsSync("started")) await sleep(20);'),
  );
  expect(await first.ended).toBe(0);
  const file = path.join(folder.path, "ended");
  expect([existsSync(path.join(folder.path, "started")), existsSync(file)]).toEqual([true, false]);
  const second = startProgram(folder.path, idle);
  await until(() => existsSync(file) && readFileSync(file, "utf8") !== "", 60_000);
  second.child.kill("SIGKILL");
  await second.ended;
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    hook_event_name: "SessionEnd",
    turnspan: { sessionKey: "k" },
  });
}, 180_000);
