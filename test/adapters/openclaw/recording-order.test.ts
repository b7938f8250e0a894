import { expect, test } from "vitest";
import { disturb, numbersFrom } from "./disturb.ts";
import { type Played, playLines, recordedLines } from "./play.ts";

const SEEDS = 200;
test("200 seeds of permuted, late and doubled lines make the same records, byte for byte", async () => {
  const lines = recordedLines();
  const { written } = await playLines(lines);
  expect(written.length).toBeGreaterThan(70);
  let doubled = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const played = await playLines(disturb(lines, numbersFrom(seed)));
    expect(played.written, `seed ${seed}`).toEqual(written);
    expect(played.state.lateEvents, `seed ${seed}`).toBe(0);
    doubled += played.report?.duplicates ?? 0;
  }
  expect(doubled).toBeGreaterThan(SEEDS * 10);
});

/** What counts of each run, whatever the order in which it was told. */
const gist = ({ of }: Played): string[] =>
  of("run.end")
    .map(({ run, outcome }) => {
      const calls = [...run.calls.values()].map(
        (call) => `${call.callId} ${call.outcome} ${call.trace?.spanId}`,
      );
      const { runId, errorType, block, totals, trace, spawn } = run;
      const about = {
        runId,
        outcome,
        errorType,
        block,
        totals,
        trace,
        spawner: spawn?.call?.callId,
      };
      return JSON.stringify({ ...about, calls: calls.toSorted() });
    })
    .toSorted();

test("heard as it arrives, without reordering, each run comes out the same", async () => {
  const lines = recordedLines();
  const expected = gist(await playLines(lines));
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const disturbed = disturb(lines, numbersFrom(seed));
    expect(gist(await playLines(disturbed, { holdMs: 0 })), `seed ${seed}`).toEqual(expected);
  }
});
