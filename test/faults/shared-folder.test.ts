import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import { expect, test } from "vitest";
import { LogRecordFactory } from "../../src/audit/otlp-records.ts";
import { makeAuditFolder, makeRecord } from "../support/audit-lane.ts";
import {
  type AuditReceiver,
  createTarget,
  recordSeq,
  startAuditReceiver,
} from "../support/audit-receiver.ts";
import { listenForEnds, recoverWith } from "../support/audited-agent.ts";
import { runEmitter, startEmitter } from "../support/emitter.ts";
import { report, rounds, within } from "../support/fault-scale.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { programEnvironment } from "../support/program-environment.ts";
import { runProcess } from "../support/run-process.ts";
import { readContent } from "../support/segment-folder.ts";

const PROCESSES = [0, 1, 2, 3];
const EACH = rounds(20_000, 3000);

test(
  "four processes in one folder store all of theirs, none torn",
  within({ minutes: 5 }),
  async () => {
    await using folder = await makeAuditFolder();
    const ended = await Promise.all(
      PROCESSES.map((n) =>
        runEmitter({
          ...{
            folder: folder.path,
            urls: [],
            count: EACH,
            from: n * EACH,
            rate: 2000,
            saysAcks: false,
          },
        }),
      ),
    );
    expect(ended.map(({ stats }) => stats?.stored)).toEqual(PROCESSES.map(() => EACH));
    const contents = await folder.contents();
    const times = contents.flatMap((content) =>
      content.of("record").map(({ body }) => (body as { timestamp: number }).timestamp),
    );
    const torn = contents.reduce(
      (sum, { tornBytes, damage }) => sum + tornBytes + damage.length,
      0,
    );
    report("four processes in one folder", { records: times.length, logs: contents.length, torn });
    expect(torn).toBe(0);
    expect(new Set(times).size).toBe(PROCESSES.length * EACH);
  },
);

test(
  "four processes that ask nobody write into each other's log: the control",
  within({ minutes: 5 }),
  async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-shared-"));
    const program = path.resolve(import.meta.dirname, "programs/write-records.ts");
    const env = {
      ...programEnvironment,
      FOLDER: folder.path,
      COUNT: "40",
      SEGMENT_BYTES: "1000000",
    };
    await Promise.all(PROCESSES.map(() => runProcess(process.execPath, [program], { env })));
    const seqs = (await readContent(folder.path)).seqs();
    report("four processes without a claim", {
      records: seqs.length,
      numbers: new Set(seqs).size,
    });
    expect(new Set(seqs).size).toBeLessThan(PROCESSES.length * 40);
  },
);

test(
  "a process that is suspended keeps its log and its sessions; one that is killed does not",
  within({ minutes: 3 }),
  async () => {
    await using folder = await makeAuditFolder();
    const emitter = startEmitter({ folder: folder.path, urls: [], count: 100_000, rate: 100 });
    await emitter.opened;
    while (((await folder.contents())[0]?.seqs().length ?? 0) < 10) await sleep(10);
    emitter.process.kill("SIGSTOP");
    const { hooks } = listenForEnds();
    {
      await using other = await folder.openLane();
      await other.recover(recoverWith(hooks));
      expect(other.status()).toHaveLength(1);
      expect(await folder.writers()).toHaveLength(2);
    }
    const before = (await folder.contents()).map((content) => content.seqs().length);
    emitter.process.kill("SIGCONT");
    while (
      (await folder.contents()).every((content, n) => content.seqs().length <= (before[n] ?? 0))
    ) {
      await sleep(10);
    }
    emitter.process.kill("SIGKILL");
    await emitter.ended;
    await using heir = await folder.openLane();
    await using second = await folder.openLane();
    // Both places are somebody's again: that of the killed one too.
    expect(await folder.writers()).toHaveLength(2);
    expect([heir, second].map((lane) => lane.status()[0]?.writer).sort()).toEqual(
      (await folder.writers()).map(({ writer }) => writer),
    );
  },
);

/** How long after its acknowledgement each record was at the receiver, at most, in milliseconds. */
async function measureLag(
  receiver: AuditReceiver,
  emit: (n: number) => Promise<unknown>,
): Promise<number> {
  const ackedAt: number[] = [];
  const arrivedAt: number[] = [];
  receiver.answer = (records) => {
    for (const record of records) arrivedAt[recordSeq(record)] = performance.now();
    return { status: 200, body: "{}" };
  };
  const count = rounds(5000, 1000);
  for (let n = 0; n < count; n += 1) {
    void emit(n).then(() => (ackedAt[n] = performance.now()));
    if (n % 2 === 0) await sleep(4);
  }
  const deadline = performance.now() + 10_000;
  while (arrivedAt.filter(Boolean).length < count && performance.now() < deadline) await sleep(20);
  const now = performance.now();
  return Math.max(...ackedAt.map((at, n) => (arrivedAt[n] ?? now) - at));
}

test("a destination that hangs delays no other", within({ minutes: 3 }), async () => {
  await using folder = await makeAuditFolder();
  await using hanging = await startOtlpSink({ answer: () => {} });
  await using receiver = await startAuditReceiver();
  await using lane = await folder.openLane({
    targets: [createTarget(`${hanging.url}/v1/logs`, "dead"), createTarget(receiver.url, "alive")],
    // As it is for real receivers.
    timing: {},
  });
  const lagMs = await measureLag(receiver, (n) => lane.append(makeRecord(n)));
  report("two destinations, one dead", { longestLagMs: lagMs.toFixed(0) });
  // One second on a machine that does nothing else; ten where it waits for the dead one.
  expect(lagMs).toBeLessThan(9000);
});

test(
  "one queue for two destinations makes the living one wait for the dead: the control",
  within({ minutes: 3 }),
  async () => {
    await using hanging = await startOtlpSink({ answer: () => {} });
    await using receiver = await startAuditReceiver();
    const targets = [createTarget(`${hanging.url}/v1/logs`), createTarget(receiver.url)];
    const factory = new LogRecordFactory("control");
    let queue: Promise<unknown> = Promise.resolve();
    using stop = new DisposableStack();
    const stopped = new AbortController();
    stop.defer(() => stopped.abort());
    const lagMs = await measureLag(receiver, async (n) => {
      const record = factory.create({ seq: n, record: makeRecord(n), owner: undefined });
      const body = JsonLogsSerializer.serializeRequest([record]) ?? new Uint8Array();
      queue = queue.then(async () => {
        for (const { post } of targets) {
          const timeout = AbortSignal.timeout(10_000);
          await post(body, AbortSignal.any([timeout, stopped.signal])).catch(() => {});
        }
      });
    });
    report("one queue for two destinations, one dead", { longestLagMs: lagMs.toFixed(0) });
    expect(lagMs).toBeGreaterThan(9000);
  },
);
