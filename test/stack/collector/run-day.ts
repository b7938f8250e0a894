import path from "node:path";
import { expect } from "vitest";
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
}

/** The one event of the day that comes too late. */
const LATE = [{ signal: "events", reason: "late", count: 1 }];

/** Plays a planned day in a process of its own, and expects that its SDK lost nothing else than it was to. */
export async function runDay({ url, audit, seed, sessions }: DayRun): Promise<void> {
  const words = [PROGRAM, url, audit, String(seed), String(sessions)];
  const { code, stdout, stderr } = await runProcess(process.execPath, words, {
    env: {
      ...{ PATH: process.env["PATH"], HOME: audit, TURNSPAN_DATA: audit },
      OTEL_RESOURCE_ATTRIBUTES: `turnspan.project=${PROJECT}`,
      ...{ OTEL_METRIC_EXPORT_INTERVAL: "1000", OTEL_METRIC_EXPORT_TIMEOUT: "1000" },
    },
  });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout), stderr).toEqual(LATE);
}
