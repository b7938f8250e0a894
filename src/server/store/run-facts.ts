import type { Fields } from "../reading/fields.ts";
import { readRunTotals } from "../reading/totals.ts";
import type { RunRow } from "./runs.ts";
import type { Interval } from "./subjects.ts";

/** Sets what a run's start, end and span alike may say of it; what one does not say stays. */
export function nameRun(run: RunRow, fields: Fields): void {
  run.agent = fields.text("agent") ?? run.agent;
  run.model = fields.text("requestModel") ?? run.model;
  run.turn_index = fields.count("turnIndex") ?? run.turn_index;
  run.started_by = fields.text("startedBy") ?? run.started_by;
  run.channel = fields.text("channel") ?? run.channel;
  run.label = fields.text("label") ?? run.label;
  run.parent_run_id = fields.text("parentRunId") ?? run.parent_run_id;
  run.source = fields.text("source") ?? run.source;
}

/** Sets how a run ended: from its span, or from its end's record. */
export function endRun(run: RunRow, fields: Fields, when: Interval): void {
  run.start_us = when.fromUs;
  run.end_us = when.toUs;
  run.outcome = fields.text("outcome") ?? run.outcome ?? "completed";
  run.error_type = fields.text("errorType") ?? run.error_type;
  run.error_message = fields.text("errorMessage") ?? run.error_message;
  run.stop_reason = fields.text("turnStopReason") ?? run.stop_reason;
  run.block_reason = fields.text("blockReason") ?? run.block_reason;
  run.block_hook = fields.text("blockHook") ?? run.block_hook;
  run.attempts = fields.count("attempts") ?? run.attempts;
  run.recorded = readRunTotals(fields) ?? run.recorded;
}
