import { expect, test } from "vitest";
import type { HookEngine } from "../../src/hooks/engine.ts";
import { makeAuditFolder } from "../support/audit-lane.ts";
import { copyAsCrashed, listenForEnds, recoverWith, startAgent } from "../support/audited-agent.ts";
import { type EntryOf, readContent } from "../support/segment-folder.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

interface Body {
  readonly eventName: string;
  readonly timestamp: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const bodyOf = ({ body }: EntryOf<"record">): Body => body as Body;

/** Names of the records of all writers, with one of their attributes. */
async function recordsIn(root: string, attribute: string): Promise<unknown[][]> {
  const { listWriters } = await import("../../src/base/writer-lock.ts");
  const bodies: Body[] = [];
  for (const writer of await listWriters(root)) {
    bodies.push(...(await readContent(`${root}/${writer}`)).of("record").map(bodyOf));
  }
  return bodies.map(({ eventName, attributes }) => [eventName, attributes[attribute]]);
}

/** A crash right now: what a new process finds, and is told by its hooks. */
async function crashAndRecover(
  folder: Awaited<ReturnType<typeof makeAuditFolder>>,
  options: { tracer?: Parameters<typeof recoverWith>[1] } = {},
) {
  const root = await copyAsCrashed(folder.path);
  const { hooks, ends } = listenForEnds();
  await using lane = await folder.openLane({ folder: root });
  const recovered = await lane.recover(recoverWith(hooks as HookEngine, options.tracer));
  return { root, ends, recovered };
}

test("what a dead process left open is ended as abandoned, at its last sign of life", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  let now = 1_700_000_000_000;
  const agent = startAgent(lane, { clock: () => (now += 1000) });
  const session = agent.openSession({
    sessionKey: "web:42",
    sessionId: "s-1",
    agentId: "support",
    agentName: "Support",
    metadata: { workflowId: "w-7" },
    project: "/srv/shop",
  });
  await session.turn({ model: "m" }, (turn) =>
    turn.modelCall({ provider: "p", model: "m" }, (call) => {
      call.response({ usage: { inputTokens: 100, outputTokens: 20 } });
    }),
  );
  void session.turn({ model: "m", channel: "web" }, () => new Promise(() => {}));
  session.patch({ model: "n" });
  const lastSign = now;
  await lane.drain(5000);

  const { root, ends, recovered } = await crashAndRecover(folder);
  expect(recovered).toEqual({ writers: 1, ended: 2 });
  const [writer] = await (await import("../../src/base/writer-lock.ts")).listWriters(root);
  const records = (await readContent(`${root}/${writer}`)).of("record").map(bodyOf);
  expect(records.map(({ eventName }) => eventName)).toEqual([
    "session.start",
    "turnspan.turn.start",
    "turnspan.turn.end",
    "turnspan.turn.start",
    "turnspan.session.patch",
    "turnspan.turn.end",
    "session.end",
  ]);
  const [turnEnd, sessionEnd] = records.slice(-2);
  expect(turnEnd).toMatchObject({
    timestamp: lastSign,
    attributes: {
      "turnspan.turn.outcome": "abandoned",
      "turnspan.turn.index": 1,
      "turnspan.turn.channel": "web",
      "error.type": "abandoned",
      "turnspan.source": "recovery",
    },
  });
  expect(sessionEnd).toMatchObject({
    timestamp: lastSign,
    attributes: {
      "turnspan.session.end_reason": "abandoned",
      "turnspan.session.stop_reason": "error",
      "turnspan.session.turns": 2,
      "turnspan.session.input_tokens": 100,
      "session.id": "s-1",
      "turnspan.project": "/srv/shop",
      "gen_ai.agent.id": "support",
    },
  });
  const ids = records.map(({ attributes }) => attributes["turnspan.record.id"]);
  expect(new Set(ids).size).toBe(records.length);
  expect(ends).toMatchObject([
    {
      sessionKey: "web:42",
      sessionId: "s-1",
      agentId: "support",
      context: { stopReason: "error", metadata: { workflowId: "w-7" } },
      turnspan: { reason: "abandoned", turns: 2 },
    },
  ]);
});

test("recovering again, in this process or the next, ends nothing twice", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  startAgent(lane).openSession({ sessionKey: "k" });
  await lane.drain(5000);
  const root = await copyAsCrashed(folder.path);
  const { hooks, ends } = listenForEnds();
  for (let process = 0; process < 3; process += 1) {
    await using next = await folder.openLane({ folder: root });
    for (let time = 0; time < 2; time += 1) await next.recover(recoverWith(hooks));
  }
  expect(ends).toHaveLength(1);
  expect(await recordsIn(root, "turnspan.session.end_reason")).toEqual([
    ["session.start", undefined],
    ["session.end", "abandoned"],
  ]);
});

test("two processes that start together end a session once between them", async () => {
  await using folder = await makeAuditFolder();
  const dead = await Promise.all([0, 1, 2].map(() => folder.openLane()));
  for (const [n, lane] of dead.entries()) {
    startAgent(lane).openSession({ sessionKey: `k${n}` });
    await lane.drain(5000);
  }
  const root = await copyAsCrashed(folder.path);
  for (const lane of dead) await lane.close();
  const { hooks, ends } = listenForEnds();
  const lanes = await Promise.all([0, 1, 2].map(() => folder.openLane({ folder: root })));
  await Promise.all(lanes.map((lane) => lane.recover(recoverWith(hooks))));
  for (const lane of lanes) await lane.close();
  expect(ends.map(({ sessionKey }) => sessionKey).sort()).toEqual(["k0", "k1", "k2"]);
});

test("a process that lives is left alone", async () => {
  await using folder = await makeAuditFolder();
  await using living = await folder.openLane();
  const session = startAgent(living).openSession({ sessionKey: "k" });
  await living.drain(5000);
  const { hooks, ends } = listenForEnds();
  await using other = await folder.openLane();
  expect(await other.recover(recoverWith(hooks))).toEqual({ writers: 0, ended: 0 });
  session.end();
  await living.drain(5000);
  expect(ends).toEqual([]);
  expect(await recordsIn(folder.path, "turnspan.session.end_reason")).toEqual([
    ["session.start", undefined],
    ["session.end", "end"],
  ]);
});

test("what a new process opens before it recovers is not ended with the old", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  startAgent(lane).openSession({ sessionKey: "k", sessionId: "old" });
  await lane.drain(5000);
  const root = await copyAsCrashed(folder.path);
  const { hooks, ends } = listenForEnds();
  await using next = await folder.openLane({ folder: root });
  const agent = startAgent(next);
  const session = agent.openSession({ sessionKey: "k", sessionId: "new" });
  await next.recover(recoverWith(hooks));
  expect(ends.map(({ sessionId }) => sessionId)).toEqual(["old"]);
  session.end();
  await next.drain(5000);
  const ended = (await recordsIn(root, "session.id")).filter(([name]) => name === "session.end");
  expect(ended).toEqual([
    ["session.end", "old"],
    ["session.end", "new"],
  ]);
});

test("a key that two dead processes had open is ended for each of them", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  startAgent(lane, { clock: () => 1000 }).openSession({ sessionKey: "k", sessionId: "first" });
  await lane.drain(5000);
  const root = await copyAsCrashed(folder.path);
  await using second = await folder.openLane({ folder: root });
  const agent = startAgent(second, { clock: () => 2000 });
  const session = agent.openSession({ sessionKey: "k", sessionId: "second" });
  void session.turn({}, () => new Promise(() => {}));
  await second.drain(5000);
  const again = await copyAsCrashed(root);
  const { hooks, ends } = listenForEnds();
  await using third = await folder.openLane({ folder: again });
  expect(await third.recover(recoverWith(hooks))).toEqual({ writers: 1, ended: 3 });
  expect(ends.map(({ sessionId }) => sessionId).sort()).toEqual(["first", "second"]);
});

test("a subagent that was running is finished as abandoned, its own session without a record", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  const session = startAgent(lane).openSession({ sessionKey: "k", agentId: "main" });
  void session.turn({}, (turn) =>
    turn.subagent({ agentId: "writer", label: "draft" }, () => new Promise(() => {})),
  );
  await lane.drain(5000);
  const { root, ends, recovered } = await crashAndRecover(folder);
  expect(recovered.ended).toBe(3);
  expect((await recordsIn(root, "turnspan.turn.outcome")).slice(-3)).toEqual([
    ["turnspan.subagent.finished", "abandoned"],
    ["turnspan.turn.end", "abandoned"],
    ["session.end", undefined],
  ]);
  expect(ends).toHaveLength(1);
});

test("spans of what was left are written, with the ids and times that the records name", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  await using telemetry = startTestTelemetry();
  const agent = startAgent(lane, { tracerProvider: telemetry.tracerProvider });
  const session = agent.openSession({ sessionKey: "k", agentId: "main" });
  void session.turn({}, () => new Promise(() => {}));
  await lane.drain(5000);
  const { root } = await crashAndRecover(folder, {
    tracer: telemetry.tracerProvider.getTracer("turnspan"),
  });
  expect(telemetry.spans().map(({ name }) => name)).toEqual(["invoke_agent main", "session main"]);
  const turn = telemetry.span("invoke_agent main");
  expect(turn.status).toMatchObject({ code: 2, message: "process died" });
  expect(turn.attributes).toMatchObject({ "turnspan.turn.outcome": "abandoned" });
  expect(await recordsIn(root, "turnspan.record.id")).toHaveLength(4);
});

test("a process that closed in order leaves nothing to recover", async () => {
  await using folder = await makeAuditFolder();
  {
    await using lane = await folder.openLane();
    using session = startAgent(lane).openSession({ sessionKey: "k" });
    await session.turn({}, () => {});
  }
  const { hooks, ends } = listenForEnds();
  await using next = await folder.openLane();
  expect(await next.recover(recoverWith(hooks))).toEqual({ writers: 0, ended: 0 });
  expect(ends).toEqual([]);
});

test("sessions stay open over many segments, and over retention that deletes all but the newest", async () => {
  await using folder = await makeAuditFolder();
  let now = 1_000_000;
  const clock = (): number => (now += 10);
  await using lane = await folder.openLane({ maxSegmentBytes: 4000, retentionMs: 1, clock });
  const agent = startAgent(lane, { clock });
  const old = agent.openSession({ sessionKey: "old", sessionId: "s-old", agentId: "a" });
  await old.turn({}, () => {});
  for (let n = 0; n < 200; n += 1) {
    using short = agent.openSession({ sessionKey: `k${n}` });
    await short.turn({}, () => {});
    await lane.drain(5000);
  }
  const root = await copyAsCrashed(folder.path);
  const { hooks, ends } = listenForEnds();
  await using next = await folder.openLane({ folder: root });
  await next.recover(recoverWith(hooks));
  expect(ends).toMatchObject([{ sessionKey: "old", turnspan: { turns: 1 } }]);
  const started = (await recordsIn(root, "session.id")).filter(
    ([name]) => name === "session.start",
  );
  expect(started.length).toBeLessThan(150);
});
