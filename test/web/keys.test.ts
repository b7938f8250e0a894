import { expect, test } from "vitest";
import { matchKeys, stepIn } from "../../src/web/view-model/keys.ts";

const chords = [["j", "ArrowDown"], ["g s"], ["g c"], ["s"]];
const press = (key: string, timeMs = 0) => ({ key, timeMs });

test("a key runs what it is bound to, a chord what both keys are bound to", () => {
  expect(matchKeys(chords, press("ArrowDown"), undefined)).toEqual({ type: "run", place: 0 });
  expect(matchKeys(chords, press("g"), undefined)).toEqual({ type: "begun" });
  expect(matchKeys(chords, press("c", 500), press("g", 0))).toEqual({ type: "run", place: 2 });
  expect(matchKeys(chords, press("x"), undefined)).toEqual({ type: "none" });
});

test("the rest of a chord that comes too late is a key of its own", () => {
  expect(matchKeys(chords, press("s", 100), press("g", 0))).toEqual({ type: "run", place: 1 });
  expect(matchKeys(chords, press("s", 9_000), press("g", 0))).toEqual({ type: "run", place: 3 });
  expect(matchKeys(chords, press("c", 9_000), press("g", 0))).toEqual({ type: "none" });
});

test("steps stay in the list and begin at its ends", () => {
  expect([
    stepIn(3, -1, 1),
    stepIn(3, -1, -1),
    stepIn(3, 1, 1),
    stepIn(3, 2, 1),
    stepIn(0, -1, 1),
  ]).toEqual([0, 2, 2, 2, -1]);
});
