import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import type { LifecycleRecord, RecordType } from "../../src/lifecycle/records.ts";
import { advance, reduce } from "../../src/lifecycle/reduce.ts";
import { createState } from "../../src/lifecycle/state.ts";
import type { Rules } from "../../src/lifecycle/step.ts";

type RecordOf<T extends RecordType, R = LifecycleRecord> = R extends { readonly type: infer U }
  ? T extends U
    ? R
    : never
  : never;

/** A reducer to feed events to, with all records it made. */
export function startReducer(rules: Rules = {}) {
  const state = createState();
  const records: LifecycleRecord[] = [];
  return {
    state,
    records,
    feed: (...events: readonly LifecycleEvent[]) => {
      for (const event of events) records.push(...reduce(state, event, rules));
    },
    advance: (now: number) => records.push(...advance(state, now, rules)),
    types: () => records.map((record) => record.type),
    of: <T extends RecordType>(type: T): RecordOf<T>[] =>
      records.filter((record) => record.type === type) as never,
  };
}

/** A record of each type, the only one there is. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1)
    throw new Error(`expected one, got ${items.length}`);
  return item;
}
