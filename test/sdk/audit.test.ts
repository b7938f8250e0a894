import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { CodedError } from "../../src/base/errors.ts";
import type { TelemetryOptions } from "../../src/sdk/config.ts";
import type { TelemetryParts } from "../../src/sdk/prepare.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { makeAuditFolder, until } from "../support/audit-lane.ts";
import { type AuditReceiver, recordSeq, startAuditReceiver } from "../support/audit-receiver.ts";
import { copyAsCrashed } from "../support/audited-agent.ts";
import { findClosedPort } from "../support/otlp-sink.ts";

type Audit = NonNullable<TelemetryOptions["audit"]>;

/** Telemetry whose records go to an audit log, and from there to a receiver. */
function start(
  folder: string,
  receiver: AuditReceiver,
  { audit = {}, ...parts }: { audit?: Audit } & TelemetryParts = {},
) {
  const destination = { name: "test", url: receiver.url, protocol: "http/json" } as const;
  return createProviders({
    ...parts,
    serviceName: "shop",
    endpoint: receiver.url.replace("/v1/logs", ""),
    protocol: "http/json",
    metrics: false,
    audit: { folder, destinations: [destination], ...audit },
  });
}

test("records go through the audit log and not through the logger, once each", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  {
    await using telemetry = await start(folder.path, receiver);
    using session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
    await session.turn({}, () => {});
    expect(telemetry.audit()[0]?.open).toBe(1);
  }
  expect(receiver.accepted.map(({ eventName }) => eventName)).toEqual([
    "session.start",
    "turnspan.turn.start",
    "turnspan.turn.end",
    "session.end",
  ]);
  expect(receiver.accepted.map(recordSeq)).toEqual([0, 1, 2, 3]);
  expect(receiver.accepted[0]?.resource).toMatchObject({ "service.name": "shop" });
  expect(receiver.ids()).toHaveLength(4);
});

test("without a destination of its own the audit log goes where logs go", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const { destinations: _, ...audit } = { folder: folder.path, destinations: undefined };
  await using telemetry = await createProviders({
    endpoint: receiver.url.replace("/v1/logs", ""),
    protocol: "http/json",
    metrics: false,
    audit,
  });
  telemetry.turnspan.openSession({ sessionKey: "k" });
  expect(await telemetry.forceFlush()).toBe(true);
  expect(receiver.accepted.map(({ eventName }) => eventName)).toEqual(["session.start"]);
  expect(telemetry.audit()[0]?.deliveries[0]?.destination).toBe("otlp");
});

test("with a dead receiver the end is quick, and the next start delivers everything", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const dead = { ...receiver, url: `http://127.0.0.1:${await findClosedPort()}/v1/logs` };
  {
    await using telemetry = await start(folder.path, dead);
    using session = telemetry.turnspan.openSession({ sessionKey: "k" });
    await session.turn({}, () => {});
  }
  await using telemetry = await start(folder.path, receiver);
  await until(() => receiver.accepted.length === 4);
  expect(telemetry.audit()[0]).toMatchObject({ open: 0 });
});

test("what a crash left is ended when the first session opens, for handlers attached by then", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using first = await start(folder.path, receiver);
  first.turnspan.openSession({ sessionKey: "left", metadata: { workflowId: "w" } });
  await first.forceFlush();
  const crashed = await copyAsCrashed(folder.path);

  await using second = await start(crashed, receiver);
  const ended: unknown[] = [];
  second.turnspan.hooks.on("session:end", ({ sessionKey, context }) => {
    ended.push([sessionKey, context.metadata]);
  });
  await sleep(50);
  expect(ended).toEqual([]);
  second.turnspan.openSession({ sessionKey: "new" });
  await until(() => ended.length > 0);
  expect(await second.recover()).toEqual({ writers: 0, ended: 0 });
  expect(ended).toEqual([["left", { workflowId: "w" }]]);
});

test("recover ends at once what a crash left, and counts it as abandoned", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using first = await start(folder.path, receiver);
  const session = first.turnspan.openSession({ sessionKey: "left", agentId: "a" });
  void session.turn({}, () => new Promise(() => {}));
  await first.forceFlush();
  await using second = await start(await copyAsCrashed(folder.path), receiver);
  expect(await second.recover()).toEqual({ writers: 1, ended: 2 });
  await second.forceFlush();
  const ends = receiver.accepted.filter(({ eventName }) => eventName === "turnspan.turn.end");
  expect(ends.map(({ attributes }) => attributes["turnspan.turn.outcome"])).toEqual(["abandoned"]);
  expect(ends[0]?.attributes).toMatchObject({ "turnspan.source": "recovery" });
});

test("a config's hooks hear of a crash without any session", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using first = await start(folder.path, receiver);
  first.turnspan.openSession({ sessionKey: "left" });
  await first.forceFlush();
  const crashed = await copyAsCrashed(folder.path);
  const flag = path.join(crashed, "ended");
  const command = `cat > ${flag}`;
  const config = { hooks: { SessionEnd: [{ hooks: [{ type: "command" as const, command }] }] } };
  await using _ = await start(crashed, receiver, { config });
  const { readIfThere } = await import("../../src/base/files.ts");
  while (!(await readIfThere(flag))) await sleep(10);
  expect(JSON.parse((await readIfThere(flag)) ?? "")).toMatchObject({
    session_id: "left",
    // The vocabulary of that form has no word for it; ours has.
    reason: "other",
    turnspan: { turnspan: { reason: "abandoned" } },
  });
});

test("with fail-turn a turn is blocked while records cannot be stored, before any guard is asked", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const audit = { onFull: "fail-turn", maxBytes: 3000 } as const;
  await using telemetry = await start(folder.path, receiver, { audit });
  let asked = 0;
  telemetry.turnspan.hooks.on("beforeTurn", () => {
    asked += 1;
  });
  using session = telemetry.turnspan.openSession({ sessionKey: "k" });
  const results: unknown[] = [];
  for (let n = 0; n < 20; n += 1) {
    results.push(await session.turn({}, () => "ran").catch((error: unknown) => error));
  }
  const ran = results.filter((result) => result === "ran").length;
  expect(ran).toBeGreaterThan(1);
  expect(ran).toBe(asked);
  expect(results.at(-1)).toMatchObject({
    code: "TURN_BLOCKED",
    message: expect.stringContaining("The audit log cannot be written (log_full)"),
  });
});

test("without fail-turn turns run on while records cannot be stored, and each loss is counted", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await using telemetry = await start(folder.path, receiver, { audit: { maxBytes: 3000 } });
  {
    using session = telemetry.turnspan.openSession({ sessionKey: "k" });
    for (let n = 0; n < 20; n += 1) expect(await session.turn({}, () => n)).toBe(n);
  }
  await telemetry.shutdown();
  const [lost] = telemetry.dropped().filter(({ signal }) => signal === "audit");
  expect(lost?.reason).toBe("log_full");
  const stored = receiver.accepted.filter(({ eventName }) => eventName !== "turnspan.audit.gap");
  // One session's start and end, and two records a turn.
  expect(stored.length + (lost?.count ?? 0)).toBe(42);
});

test("a folder that cannot be used is said at the start, with its name", async () => {
  const started = createProviders({ metrics: false, audit: { folder: "/dev/null/audit" } });
  await expect(started).rejects.toThrow(CodedError);
  await expect(started).rejects.toMatchObject({
    code: "AUDIT_FOLDER_UNUSABLE",
    message: expect.stringContaining("/dev/null/audit"),
  });
});

test("options of the audit log are checked with all others", async () => {
  const audit = { mode: "eventually", retentionDays: -1 } as unknown as Audit;
  await expect(createProviders({ audit, serviceName: "" })).rejects.toThrow(
    /serviceName[\s\S]*audit\.mode[\s\S]*audit\.retentionDays/,
  );
});
