import fc from "fast-check";
import { expect, test } from "vitest";
import { OpenSet } from "../../src/audit/open-set.ts";
import { RecordWriter } from "../../src/audit/record-json.ts";
import { carriedText, recordText, toCanonicalJson } from "../../src/base/segment-entry.ts";
import { FrameBuffer } from "../../src/base/segment-frame.ts";
import { parseSlice } from "../../src/base/segment-reader.ts";
import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import { toWireRecord, type WireRecord } from "../../src/lifecycle/record-log.ts";
import { startReducer } from "../support/reducer.ts";

const policy = { content: "none", sessionKeys: "plain", constant: {} } as const;

/** What may happen to a few sessions, in any order. */
const happening = fc.record({
  session: fc.integer({ min: 0, max: 2 }),
  run: fc.integer({ min: 0, max: 4 }),
  what: fc.constantFrom("open", "close", "turn", "end", "patch", "spawn"),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const toEvent = ({ session, run, what }: Happening, time: number): LifecycleEvent => {
  const sessionKey = `k${session}`;
  const runId = `r${run}`;
  const events: Record<Happening["what"], LifecycleEvent> = {
    open: { type: "session.open", time, sessionKey, agentId: "a" },
    close: { type: "session.close", time, sessionKey, reason: "end" },
    turn: { type: "run.start", time, sessionKey, runId },
    end: { type: "run.end", time, runId, outcome: "completed" },
    patch: { type: "session.patch", time, sessionKey, patch: { model: runId } },
    spawn: {
      type: "subagent.spawn",
      time,
      sessionKey: `sub${run}`,
      runId: `s${run}`,
      parentSessionKey: sessionKey,
    },
  };
  return events[what];
};

/** Plays what happens with the real rules; gives the records and what is open in the end. */
function play(happenings: readonly Happening[]) {
  const { feed, records, state } = startReducer();
  const wire: WireRecord[] = [];
  for (const [n, one] of happenings.entries()) {
    const before = records.length;
    feed(toEvent(one, 1000 + n));
    // Written at once, as the lifecycle does: a record reads what its session is at that time.
    wire.push(...records.slice(before).flatMap((record) => toWireRecord(record, policy) ?? []));
  }
  const sessions = [...state.sessions.values()].filter(({ parent }) => parent === undefined);
  return {
    wire,
    open: {
      sessions: sessions.map(({ sessionKey, generation }) => [sessionKey, generation]).sort(),
      runs: [...state.runs.keys()].sort(),
    },
  };
}

const parse = ({ start }: { readonly start: string }): WireRecord => JSON.parse(start);

/** What a set holds, comparable with what the rules say. */
function shown(set: OpenSet) {
  const sessions = [...set.sessions].map((session) => {
    const { attributes } = parse(session);
    return [attributes["turnspan.session.key"], attributes["turnspan.session.generation"]];
  });
  const runs = [...set.runs].map((run) => String(parse(run).attributes["turnspan.run.id"]));
  return { sessions: sessions.sort(), runs: runs.sort() };
}

function fold(wire: readonly WireRecord[], set = new OpenSet()): OpenSet {
  const writer = new RecordWriter();
  for (const record of wire) set.apply(record, writer.write(record));
  return set;
}

/** A set that a segment's frames tell. */
function replay(texts: readonly string[]): OpenSet {
  const frames = new FrameBuffer();
  for (const text of texts) frames.add(text);
  const origin = { ref: { number: 1, file: "" }, base: 0, atEnd: true };
  const set = new OpenSet();
  for (const located of parseSlice(frames.bytes, origin).entries) set.replay(located);
  return set;
}

test("what is open by the records is what is open by the rules that made them", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const { wire, open } = play(happenings);
      expect(shown(fold(wire))).toEqual(open);
    }),
    { numRuns: 500 },
  );
});

test("a segment that carries what is open, and the records since, tell the same as all records", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), fc.nat(60), (happenings, cut) => {
      const { wire } = play(happenings);
      const writer = new RecordWriter();
      const carried = [...fold(wire.slice(0, cut)).carry()].map(carriedText);
      const since = wire.slice(cut).map((record, n) => recordText(writer.write(record), n));
      const whole = fold(wire);
      const again = replay([...carried, ...since]);
      expect(shown(again)).toEqual(shown(whole));
      const texts = [...whole.carry()].sort();
      expect([...again.carry()].sort()).toEqual(texts);
      expect(texts).toEqual(texts.map((text) => toCanonicalJson(JSON.parse(text))));
    }),
    { numRuns: 500 },
  );
});

test("the last sign of life is the latest time that any record names", () => {
  const { wire } = play([
    { session: 0, run: 0, what: "open" },
    { session: 1, run: 1, what: "turn" },
    { session: 0, run: 0, what: "patch" },
  ]);
  expect(fold(wire).lastSign).toBe(1002);
});
