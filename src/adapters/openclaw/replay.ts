import type { LifecycleEvent } from "../../lifecycle/events.ts";
import { type RecordingOptions, RecordingReader } from "./recording.ts";
import { createTranslator } from "./translate.ts";

/** What a replay read, counted while it runs. */
export interface ReplayReport {
  readonly lines: number;
  readonly brokenLines: number;
  readonly duplicates: number;
  readonly releasedEarly: number;
}

/** A line of the recording that its reader could not hand over. */
export interface SkippedLine {
  readonly skipped: string;
}

export interface Replay {
  readonly report: ReplayReport;
  /**
   * Lifecycle events in the order of their times. Before each one the consumer lets time pass up to it
   * (`advance(state, event.time)`), and after the last as long as open runs may settle.
   */
  events(
    lines: AsyncIterable<string | SkippedLine> | Iterable<string | SkippedLine>,
  ): AsyncGenerator<LifecycleEvent>;
}

/** Plays a recording of an OpenClaw gateway once. Memory does not grow with the recording's length. */
export function openReplay(options: RecordingOptions = {}): Replay {
  const reader = new RecordingReader(options);
  const { translate } = createTranslator();
  return {
    report: reader,
    async *events(lines) {
      for await (const line of lines) {
        if (typeof line !== "string") reader.skip(line.skipped);
        else for (const host of reader.push(line)) yield* translate(host);
      }
      for (const host of reader.flush()) yield* translate(host);
    },
  };
}
