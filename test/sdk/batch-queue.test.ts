import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchQueue, type BatchQueueOptions } from "../../src/sdk/batch-queue.ts";

const limits = { maxQueueSize: 100, maxBatchSize: 10, delayMs: 60_000, exportTimeoutMs: 60_000 };

/** A queue of numbers whose batches wait to be let through. */
function createGatedQueue(options: Partial<BatchQueueOptions<number>> = {}) {
  const sent: number[] = [];
  const gates: (() => void)[] = [];
  const drops: Record<string, number> = {};
  let underWay = 0;
  let mostUnderWay = 0;
  const queue = new BatchQueue<number>({
    ...limits,
    send: async (batch) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      await new Promise<void>((resolve) => gates.push(resolve));
      underWay -= 1;
      sent.push(...batch);
    },
    onDrop: (count, reason) => {
      drops[reason] = (drops[reason] ?? 0) + count;
    },
    ...options,
  });
  const openGates = async (): Promise<void> => {
    while (gates.length > 0) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { queue, sent, drops, openGates, most: () => mostUnderWay };
}

test("a flush waits for the batch that is under way already", async () => {
  const { queue, sent, openGates } = createGatedQueue();
  for (let item = 0; item < 10; item += 1) queue.add(item);
  expect(queue.size).toBe(0);
  let flushed = false;
  const flush = queue.flush().then(() => {
    flushed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(flushed).toBe(false);
  await openGates();
  await flush;
  expect(sent).toHaveLength(10);
});

test("a flush does not wait for what is added after it", async () => {
  const { queue, sent, openGates } = createGatedQueue();
  queue.add(1);
  const flush = queue.flush();
  queue.add(2);
  await openGates();
  await flush;
  expect(sent).toEqual([1]);
  expect(queue.size).toBe(1);
});

test("many more batches than may be under way all arrive, and only 8 are at a time", async () => {
  const { queue, sent, drops, openGates, most } = createGatedQueue({ maxQueueSize: 1000 });
  for (let item = 0; item < 1000; item += 1) queue.add(item);
  const flush = queue.flush();
  await openGates();
  await flush;
  expect(sent.toSorted((one, other) => one - other)).toEqual([...Array(1000).keys()]);
  expect(drops).toEqual({});
  expect(most()).toBe(8);
});

test("a full queue drops the newest and counts them", async () => {
  const { queue, sent, drops, openGates } = createGatedQueue();
  for (let item = 0; item < 1000; item += 1) queue.add(item);
  const flush = queue.flush();
  await openGates();
  await flush;
  // 8 batches under way and 100 items waiting.
  expect(sent).toHaveLength(180);
  expect(drops).toEqual({ queue_full: 820 });
});

test("a batch that fails, and one that takes too long, are counted and hold nothing up", async () => {
  const { queue, drops } = createGatedQueue({
    exportTimeoutMs: 20,
    send: ([first]) => (first === 0 ? Promise.reject(new Error("no")) : new Promise(() => {})),
  });
  for (let item = 0; item < 20; item += 1) queue.add(item);
  const alive = setTimeout(() => {}, 5000);
  await queue.flush();
  clearTimeout(alive);
  expect(drops).toEqual({ export_failed: 20 });
});

test("closing sends what is there, also during a flush; what comes later is counted", async () => {
  const { queue, sent, drops, openGates } = createGatedQueue();
  queue.add(1);
  const flush = queue.flush();
  queue.add(2);
  const close = queue.close();
  queue.add(3);
  await openGates();
  await Promise.all([flush, close]);
  expect(sent).toEqual([1, 2]);
  expect(drops).toEqual({ shutdown: 1 });
});

test("giving up counts what waits and what its sender gives up", async () => {
  const stop = Promise.withResolvers<never>();
  const { queue, drops } = createGatedQueue({ send: () => stop.promise, concurrency: 1 });
  for (let item = 0; item < 25; item += 1) queue.add(item);
  const flush = queue.flush();
  queue.abort();
  stop.reject(new Error("stopped"));
  await flush;
  expect(drops).toEqual({ shutdown: 25 });
  expect(queue.isIdle).toBe(true);
});

test("an incomplete batch leaves after its delay, and one at a time keeps the order", async () => {
  const sent: number[] = [];
  const { queue } = createGatedQueue({
    delayMs: 5,
    concurrency: 1,
    send: async (batch) => void sent.push(...batch),
  });
  for (let item = 0; item < 37; item += 1) queue.add(item);
  await expect.poll(() => sent).toEqual([...Array(37).keys()]);
});

test("whatever happens, sent and dropped together are what was added", async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 60 }) }) },
    fc.constant({ flush: true }),
    fc.constant({ turn: true }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      async (steps, fates) => {
        let added = 0;
        let sent = 0;
        let dropped = 0;
        let batches = 0;
        const queue = new BatchQueue<number>({
          ...limits,
          maxQueueSize: 50,
          send: async (batch) => {
            await Promise.resolve();
            if (fates[batches++ % fates.length]) throw new Error("no");
            sent += batch.length;
          },
          onDrop: (count) => {
            dropped += count;
          },
        });
        for (const one of steps) {
          if ("add" in one) {
            for (let item = 0; item < one.add; item += 1) queue.add(item);
            added += one.add;
          } else if ("flush" in one) void queue.flush();
          else await new Promise((resolve) => setImmediate(resolve));
        }
        await queue.close();
        expect(sent + dropped).toBe(added);
      },
    ),
  );
});
