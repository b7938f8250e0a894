import assert from "node:assert/strict";
import path from "node:path";
import { runProcess } from "../../support/run-process.ts";
import { PROJECT } from "./day-plan.ts";

const PROGRAM = path.join(import.meta.dirname, "play-day.ts");

export interface DayRun {
  /** Endpoint of OTLP over HTTP. */
  readonly url: string;
  /** Folder of the audit lane. */
  readonly audit: string;
  readonly seed: number;
  readonly sessions: number;
  /** How long it lives on after its last session. Default 0. */
  readonly lingerMs?: number;
  /** Time from one point of a metric to the next. Default 1000. */
  readonly intervalMs?: number;
  /** Default PROJECT. */
  readonly project?: string;
}

/** The one event of the day that comes too late. */
const LATE = [{ signal: "events", reason: "late", count: 1 }];

/** Plays a planned day in a process of its own, and throws where its SDK lost something else than it was to. */
export async function runDay(run: DayRun): Promise<void> {
  const { url, audit, seed, sessions, lingerMs = 0, intervalMs = 1000, project = PROJECT } = run;
  const words = [url, audit, String(seed), String(sessions), String(lingerMs)];
  const { code, stdout, stderr } = await runProcess(process.execPath, [PROGRAM, ...words], {
    env: {
      ...{ PATH: process.env["PATH"], HOME: audit, TURNSPAN_DATA: audit },
      OTEL_RESOURCE_ATTRIBUTES: `turnspan.project=${project}`,
      OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
      OTEL_METRIC_EXPORT_TIMEOUT: String(intervalMs),
    },
  });
  if (code !== 0) throw new Error(`the day's process ended with ${code}:\n${stderr}`);
  const dropped = JSON.parse(stdout) as readonly { readonly signal: string }[];
  // A point that was late is made up for by the next.
  const lost = dropped.filter(({ signal }) => signal !== "metrics");
  assert.deepEqual(lost, LATE, stderr);
}
