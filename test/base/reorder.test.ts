import fc from "fast-check";
import { expect, test } from "vitest";
import { type Ordered, ReorderBuffer } from "../../src/base/reorder.ts";

const item = (time: number, rank = 0, key = "a"): Ordered => ({ time, rank, key });

test("an item leaves once something newer than the hold arrives, in the order of its time", () => {
  const buffer = new ReorderBuffer<Ordered>({ holdMs: 100 });
  expect(buffer.push(item(50), 50)).toEqual([]);
  expect(buffer.push(item(20), 60)).toEqual([]);
  expect(buffer.push(item(150), 150)).toEqual([item(20)]);
  expect(buffer.advance(151)).toEqual([item(50)]);
  expect(buffer.flush()).toEqual([item(150)]);
  expect(buffer.held).toBe(0);
});

test("items of one time leave by rank, then by key", () => {
  const buffer = new ReorderBuffer<Ordered>({ holdMs: 10 });
  for (const one of [item(1, 2, "a"), item(1, 1, "b"), item(1, 1, "a")]) buffer.push(one, 1);
  expect(buffer.flush()).toEqual([item(1, 1, "a"), item(1, 1, "b"), item(1, 2, "a")]);
});

test("an exact repetition is dropped and counted", () => {
  const buffer = new ReorderBuffer<Ordered>({ holdMs: 100 });
  for (const one of [item(1), item(1), item(1, 0, "b"), item(2), item(1)]) buffer.push(one, 2);
  expect(buffer.flush()).toEqual([item(1), item(1, 0, "b"), item(2)]);
  expect(buffer.duplicates).toBe(2);
});

test("past its bound the oldest item leaves early and is counted", () => {
  const buffer = new ReorderBuffer<Ordered>({ holdMs: 1_000, maxHeld: 2 });
  expect(buffer.push(item(3), 3)).toEqual([]);
  expect(buffer.push(item(1), 4)).toEqual([]);
  expect(buffer.push(item(2), 5)).toEqual([item(1)]);
  expect(buffer.held).toBe(2);
  expect(buffer.releasedEarly).toBe(1);
});

test("whatever the order of arrival, items no later than the hold come out sorted and once", () => {
  const holdMs = 50;
  const arrivals = fc.array(
    fc.record({
      time: fc.integer({ min: 0, max: 500 }),
      rank: fc.integer({ min: 0, max: 2 }),
      key: fc.constantFrom("a", "b", "c"),
      delay: fc.integer({ min: 0, max: holdMs }),
    }),
  );
  fc.assert(
    fc.property(arrivals, (items) => {
      const buffer = new ReorderBuffer<Ordered>({ holdMs });
      const arriving = items.toSorted((a, b) => a.time + a.delay - b.time - b.delay);
      const released = arriving.flatMap(({ time, rank, key, delay }) => [
        ...buffer.push({ time, rank, key }, time + delay),
      ]);
      released.push(...buffer.flush());
      const names = released.map(({ time, rank, key }) => `${time} ${rank} ${key}`);
      const expected = new Map(items.map((one) => [`${one.time} ${one.rank} ${one.key}`, one]));
      const sorted = [...expected.values()].toSorted(
        (a, b) => a.time - b.time || a.rank - b.rank || (a.key < b.key ? -1 : 1),
      );
      expect(names).toEqual(sorted.map((one) => `${one.time} ${one.rank} ${one.key}`));
    }),
  );
});
