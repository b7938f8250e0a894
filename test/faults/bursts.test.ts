import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { makeAuditFolder, readAuditFolder } from "../support/audit-lane.ts";
import { startAuditReceiver } from "../support/audit-receiver.ts";
import { runEmitter } from "../support/emitter.ts";
import { report, rounds, within } from "../support/fault-scale.ts";

const BURST = 100_000;

/** Records of the only log in a folder, and how many more it says are missing. */
async function countStored(root: string) {
  const [log] = await readAuditFolder(root);
  const inGaps = (log?.of("gap") ?? []).reduce((sum, { gap }) => sum + gap.count, 0);
  return { stored: log?.of("record").length ?? 0, inGaps };
}

test(
  "of a hundred thousand records in one tick each is stored or counted in a gap",
  within({ minutes: 5 }),
  async () => {
    await using folder = await makeAuditFolder();
    const { stats } = await runEmitter({
      ...{ folder: folder.path, urls: [], count: BURST, rate: 0, saysAcks: false },
    });
    const { stored, inGaps } = await countStored(folder.path);
    const heapMb = stats?.heapGrownMb.toFixed(0) ?? "";
    report("100,000 records in one tick", { stored, inGaps, heapMb });
    expect(stored + inGaps).toBe(BURST);
    expect(stats).toMatchObject({ stored, lost: inGaps });
    expect(stats?.heapGrownMb).toBeLessThan(200);
  },
);

test(
  "the SDK's batch processor loses nearly all of them, silently: the control",
  within({ minutes: 5 }),
  async () => {
    await using receiver = await startAuditReceiver();
    const ended = runEmitter({
      ...{
        kind: "stock",
        urls: [receiver.url],
        count: BURST,
        rate: 0,
        drainMs: 20_000,
        saysAcks: false,
      },
    });
    await ended;
    const lost = BURST - receiver.ids().length;
    report("100,000 records in one tick, the SDK's batch processor", { lost });
    expect(lost).toBeGreaterThan(BURST / 2);
  },
);

test(
  "of ten thousand records a second each is stored, or counted",
  within({ minutes: 5 }),
  async () => {
    await using folder = await makeAuditFolder();
    const rate = 10_000;
    const count = rate * rounds(60, 5);
    const { stats } = await runEmitter({
      ...{ folder: folder.path, urls: [], count, rate, saysAcks: false },
    });
    const { stored, inGaps } = await countStored(folder.path);
    report(`${rate} records/s`, {
      ...{ count, stored, inGaps },
      p99Us: stats?.p99Us.toFixed(0) ?? "",
      heapMb: stats?.heapGrownMb.toFixed(0) ?? "",
      grownMb: stats?.grownMb.toFixed(0) ?? "",
    });
    // None is lost where the machine has the time for so many; one that has not still tells each.
    expect(stored + inGaps).toBe(count);
    expect(stats).toMatchObject({ stored, lost: inGaps });
  },
);

const PATCHES = 10_000;

test(
  "ten thousand patches of one session all arrive, in their order",
  within({ minutes: 5 }),
  async () => {
    await using folder = await makeAuditFolder();
    await using receiver = await startAuditReceiver();
    const destination = { name: "test", url: receiver.url, protocol: "http/json" } as const;
    await using telemetry = await createProviders({
      endpoint: receiver.url.replace("/v1/logs", ""),
      protocol: "http/json",
      metrics: false,
      audit: { folder: folder.path, destinations: [destination] },
    });
    using session = telemetry.turnspan.openSession({ sessionKey: "k" });
    for (let n = 0; n < PATCHES; n += 1) {
      session.patch({ model: `m${n}` });
      // A host never patches so often in one tick; its queue of hooks is bounded.
      if (n % 100 === 99) await new Promise(setImmediate);
    }
    while (!(await telemetry.forceFlush())) {
      // It says at once that it has to wait.
    }
    const patches = receiver.accepted.filter(
      ({ eventName }) => eventName === "turnspan.session.patch",
    );
    report("patches of one session", { patches: PATCHES, arrived: patches.length });
    expect(patches).toHaveLength(PATCHES);
    expect(receiver.ids()).toHaveLength(PATCHES + 1);
    const models = patches.map(({ attributes }) => JSON.stringify(attributes));
    expect(models.every((text, n) => text.includes(`m${n}`))).toBe(true);
  },
);

test("as events of one span most of them are gone: the control", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const span = provider.getTracer("control").startSpan("session");
  for (let n = 0; n < PATCHES; n += 1) span.addEvent("session.patch", { model: `m${n}` });
  span.end();
  const [ended] = exporter.getFinishedSpans();
  report("patches as span events", { patches: PATCHES, kept: ended?.events.length ?? 0 });
  expect(ended?.events.length).toBeLessThan(200);
});
