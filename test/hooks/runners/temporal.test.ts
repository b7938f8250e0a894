import { expect, test } from "vitest";
import { DeliveryQueue } from "../../../src/hooks/outbox/delivery-queue.ts";
import type {
  ConnectTemporal,
  TemporalAddress,
  TemporalClient,
  TemporalSignal,
  TemporalStart,
} from "../../../src/hooks/runners/temporal/client.ts";
import { type ConfiguredOptions, createTestLog, startConfigured } from "../configured.ts";
import { createManualClock } from "./manual-clock.ts";

interface Called {
  readonly signal: TemporalSignal;
  readonly start?: TemporalStart;
}

/** A Temporal client that keeps what it is called with, and fails as it is told to. */
function createTemporal(fail: (call: number) => Error | undefined = () => undefined) {
  const calls: Called[] = [];
  const addresses: TemporalAddress[] = [];
  const take = async (called: Called): Promise<void> => {
    calls.push(called);
    const error = fail(calls.length);
    if (error !== undefined) throw error;
  };
  const client: TemporalClient = {
    signal: (signal) => take({ signal }),
    signalWithStart: (signal, start) => take({ signal, start }),
  };
  const connectTemporal: ConnectTemporal = async (address) => {
    addresses.push(address);
    return client;
  };
  return { calls, addresses, connectTemporal };
}

const atEnd = (temporal: object) => ({
  hooks: { "session:end": [{ temporal: { signal: "sessionEnded", ...temporal } }] },
});

async function endSession(
  config: ReturnType<typeof atEnd>,
  metadata: Readonly<Record<string, unknown>> | undefined,
  options: ConfiguredOptions,
) {
  const hooks = await startConfigured(config, options);
  hooks.turnspan.openSession({ sessionKey: "k", metadata, agentId: "main" }).end("idle");
  await hooks.settled();
  return hooks;
}

test("the workflow that the metadata names is signalled, with the record's id in the payload", async () => {
  const temporal = createTemporal();
  using hooks = await endSession(atEnd({}), { workflowId: "w-7", note: 1 }, temporal);
  expect(hooks.findings).toEqual([]);
  expect(temporal.calls).toEqual([
    {
      signal: {
        workflowId: "w-7",
        signal: "sessionEnded",
        payload: expect.objectContaining({
          type: "session",
          action: "end",
          id: expect.stringMatching(/-session\.end-\d+$/),
          context: { stopReason: "stop", metadata: { workflowId: "w-7", note: 1 } },
          turnspan: expect.objectContaining({ reason: "idle" }),
        }),
      },
    },
  ]);
  expect(temporal.addresses).toEqual([
    { address: "127.0.0.1:7233", namespace: "default", apiKey: undefined, tls: undefined },
  ]);
});

test("with start the workflow is started where none is running", async () => {
  const temporal = createTemporal();
  const start = { workflowType: "AfterSession", taskQueue: "agents" };
  const config = atEnd({
    start,
    workflowId: "flow",
    address: "t:1",
    namespace: "n",
    apiKey: { env: "KEY" },
  });
  using hooks = await endSession(config, { flow: "w-8" }, { ...temporal, env: { KEY: "secret" } });
  expect(hooks.findings).toEqual([]);
  expect(temporal.calls).toMatchObject([{ signal: { workflowId: "w-8" }, start }]);
  expect(temporal.addresses).toEqual([
    { address: "t:1", namespace: "n", apiKey: "secret", tls: undefined },
  ]);
});

test.each([undefined, {}, { workflowId: "" }, { workflowId: 7 }, { other: "w-7" }])(
  "a session with the metadata %j has nobody waiting for it",
  async (metadata) => {
    const temporal = createTemporal();
    using hooks = await endSession(atEnd({}), metadata, temporal);
    expect([temporal.calls, temporal.addresses, hooks.findings]).toEqual([[], [], []]);
  },
);

test("of 1000 signals with 10 % errors each is applied once by a workflow that knows their ids", async () => {
  const clock = createManualClock();
  const applied = new Map<string, number>();
  // Half of the failures come after the server has taken the signal: it will see it again.
  const temporal = createTemporal((call) =>
    call % 10 === 0 ? new Error("UNAVAILABLE") : undefined,
  );
  const seen: string[] = [];
  const connectTemporal: ConnectTemporal = async (address) => {
    const client = await temporal.connectTemporal(address);
    return {
      ...client,
      signal: async (signal) => {
        const id = String((signal.payload as { readonly id?: unknown }).id);
        const sent = client.signal(signal);
        const isLost = temporal.calls.length % 20 === 0;
        if (!isLost) {
          seen.push(id);
          applied.set(id, 1);
        }
        await sent;
      },
    };
  };
  const outbox = new DeliveryQueue({ log: createTestLog(), now: clock.now, later: clock.later });
  using hooks = await startConfigured(atEnd({}), { connectTemporal, outbox, now: clock.now });
  const SESSIONS = 1000;
  for (let at = 0; at < SESSIONS; at += 1) {
    const session = hooks.turnspan.openSession({
      sessionKey: `k-${at}`,
      metadata: { workflowId: "w" },
    });
    session.end();
    await hooks.settled();
  }
  await clock.advance(3600_000, async () => {
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  });
  expect(applied.size).toBe(SESSIONS);
  expect(seen.length).toBeGreaterThan(SESSIONS);
  expect(clock.waiting()).toBe(0);
});

test("a workflow that is not there is not signalled again", async () => {
  const clock = createManualClock();
  class WorkflowNotFoundError extends Error {
    override readonly name = "WorkflowNotFoundError";
  }
  const temporal = createTemporal(() => new WorkflowNotFoundError("w-7"));
  const outbox = new DeliveryQueue({ log: createTestLog(), now: clock.now, later: clock.later });
  using hooks = await endSession(atEnd({}), { workflowId: "w-7" }, { ...temporal, outbox });
  expect(hooks.findings).toMatchObject([{ error: "the workflow was not found: w-7" }]);
  expect(clock.waiting()).toBe(0);
});

test("without the package a signal fails, and says what to install", async () => {
  using hooks = await endSession(atEnd({}), { workflowId: "w-7" }, {});
  expect(hooks.findings).toMatchObject([
    { error: "@temporalio/client is not installed: npm install @temporalio/client" },
  ]);
});
