import { expect, test } from "vitest";
import { RecentMap } from "../../src/base/recent-map.ts";

test("the last half of the capacity is always there, and never more than all of it", () => {
  const map = new RecentMap<number, string>(100);
  for (let key = 0; key < 1000; key += 1) {
    map.set(key, `${key}`);
    for (let back = 0; back < Math.min(50, key + 1); back += 1) {
      expect(map.get(key - back)).toBe(`${key - back}`);
    }
    const held = Array.from({ length: key + 1 }, (_, at) => at).filter((at) => map.has(at));
    expect(held.length).toBeLessThanOrEqual(100);
  }
});

test("an entry set anew has the new value, a deleted one is gone, an undefined one is there", () => {
  const map = new RecentMap<string, number | undefined>(4);
  map.set("a", 1);
  map.set("b", 2);
  map.set("c", undefined);
  map.set("a", 3);
  expect([map.get("a"), map.get("b"), map.has("c"), map.get("c")]).toEqual([3, 2, true, undefined]);
  map.delete("a");
  map.delete("b");
  expect([map.has("a"), map.has("b")]).toEqual([false, false]);
});
