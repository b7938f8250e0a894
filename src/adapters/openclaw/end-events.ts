import type { Outcome, RunEnd } from "../../lifecycle/events.ts";
import { costOf, stopReasonOf, usageOf } from "./amounts.ts";
import { type Fields, list, number, record, text } from "./fields.ts";
import type { HostEvent } from "./host-events.ts";
import type { Memory, RunMemory } from "./memory.ts";
import { type Events, join, NO_EVENTS, runOf, startRun } from "./runs.ts";

/** Late diagnostics need up to two seconds; a likely end waits longer for the final word. */
const FINAL_SETTLE_MS = 2_000;
const LIKELY_SETTLE_MS = 5_000;

type EndFacts = Partial<RunEnd> & { readonly outcome: Outcome };

export function endRun(
  run: RunMemory,
  host: HostEvent,
  certainty: "likely" | "final",
  facts: EndFacts,
): Events {
  const started = startRun(run, host.time);
  const isAttempts = facts.outcome === "failed" && host.time < run.retryAt;
  if (isAttempts || run.sessionKey === undefined) return started;
  run.endedAt = host.time;
  const end: RunEnd = {
    ...facts,
    type: "run.end",
    time: host.time,
    runId: run.runId,
    certainty,
    settleMs: facts.settleMs ?? (certainty === "final" ? FINAL_SETTLE_MS : LIKELY_SETTLE_MS),
  };
  return join(started, [end]);
}

/** `success` is true for a turn whose provider refused: what the model's answer said counts more. */
export function endAgent(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const error = text(host.event["error"]);
  const isGood = host.event["success"] === true && error === undefined;
  const isCompleted = isGood && run.modelError === undefined;
  return join(
    blockedByText(run, host, error),
    endRun(run, host, "likely", {
      outcome: isCompleted ? "completed" : "failed",
      error: error ?? run.modelError?.error,
      errorType: run.modelError?.errorType,
    }),
  );
}

/** The model's last answer, and what the whole run used. */
export function tellModelOutput(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const { event } = host;
  const answer = record(event["lastAssistant"]);
  const stopReason = text(answer["stopReason"]);
  run.modelError =
    stopReason === "error"
      ? { error: text(answer["errorMessage"]), errorType: text(answer["errorType"]) }
      : undefined;
  return endRun(run, host, "likely", {
    ...run.modelError,
    outcome: ANSWER_OUTCOMES.get(stopReason ?? "") ?? "completed",
    stopReason: stopReasonOf(stopReason),
    lastMessage: text(list(event["assistantTexts"]).at(-1)),
    usage: usageOf(event["usage"]),
    cost: costOf(event["usage"]),
  });
}

const ANSWER_OUTCOMES: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["error", "failed"],
  ["aborted", "cancelled"],
]);

/** Stop reasons with which the host or the user ended a run before its time. */
const CANCELLING: ReadonlySet<string> = new Set(["aborted", "cancelled", "restart", "rpc"]);

const isCancelled = (data: Fields): boolean =>
  data["aborted"] === true ||
  text(data["status"]) === "cancelled" ||
  CANCELLING.has(text(data["stopReason"]) ?? "");

/** Lifecycle phase `end`: the run is over, unless the model's answer was an error it is well. */
export function endLifecycle(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const data = record(host.event["data"]);
  const hasFailed = run.modelError !== undefined || text(data["stopReason"]) === "error";
  const ended: Outcome = hasFailed ? "failed" : "completed";
  return endRun(run, host, "final", {
    ...run.modelError,
    outcome: isCancelled(data) ? "cancelled" : ended,
    ...lastWords(data),
  });
}

/** Lifecycle phase `error`: the one true sign of a failed turn. */
export function failLifecycle(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  if (run === undefined) return NO_EVENTS;
  const data = record(host.event["data"]);
  const observed = record(data["errorObservation"]);
  const error = text(data["error"]);
  return join(
    blockedByText(run, host, error),
    endRun(run, host, "final", {
      outcome: isCancelled(data) ? "cancelled" : "failed",
      error: error ?? run.modelError?.error,
      errorType:
        text(observed["providerRuntimeFailureKind"]) ??
        text(observed["failoverReason"]) ??
        run.modelError?.errorType,
      ...lastWords(data),
    }),
  );
}

const lastWords = (data: Fields): Pick<RunEnd, "startedAt" | "stopReason" | "lastMessage"> => ({
  startedAt: number(data["startedAt"]),
  stopReason: stopReasonOf(data["stopReason"]),
  lastMessage: text(record(data["terminalReply"])["text"]),
});

const RUN_OUTCOMES: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["completed", "completed"],
  ["error", "failed"],
  ["aborted", "cancelled"],
  ["cancelled", "cancelled"],
  ["blocked", "blocked"],
]);

/** `run.completed`: calls a failed turn completed, so it is only likely; alone it knows who blocked. */
export function completeRun(memory: Memory, host: HostEvent): Events {
  const run = runOf(memory, host);
  const outcome = RUN_OUTCOMES.get(text(host.event["outcome"]) ?? "");
  if (run === undefined || outcome === undefined) return NO_EVENTS;
  const told: Outcome =
    outcome === "completed" && run.modelError !== undefined ? "failed" : outcome;
  const end = endRun(run, host, "likely", { outcome: told });
  if (outcome !== "blocked") return end;
  const hook = text(host.event["blockedBy"]);
  return join(startRun(run, host.time), blocked(run, host, hook, undefined), end);
}

/** The host's own words to the user: `Your message could not be sent: <reason> (blocked by <hook>)`. */
const BLOCKED = /^Your message could not be sent: (.*) \(blocked by ([^()]+)\)$/s;

function blockedByText(run: RunMemory, host: HostEvent, words: string | undefined): Events {
  const found = words?.startsWith("Your message could not be sent") ? BLOCKED.exec(words) : null;
  return found === null || found === undefined ? NO_EVENTS : blocked(run, host, found[2], found[1]);
}

function blocked(
  run: RunMemory,
  host: HostEvent,
  hook: string | undefined,
  reason: string | undefined,
): Events {
  return join(startRun(run, host.time), [
    { type: "run.blocked", time: host.time, runId: run.runId, hook, reason },
  ]);
}

/** The target `acp` is a session that was reset or deleted, not a subagent. */
export function endSubagent(memory: Memory, host: HostEvent): Events {
  if (text(host.event["targetKind"]) !== "subagent") return NO_EVENTS;
  const run = memory.runs.get(text(host.event["runId"]) ?? "");
  if (run === undefined || run.endedAt !== undefined) return NO_EVENTS;
  const told = text(host.event["outcome"]) ?? "";
  return endRun(run, host, "likely", {
    outcome: SUBAGENT_OUTCOMES.get(told) ?? "failed",
    errorType: told === "ok" ? undefined : told,
    error: text(host.event["error"]),
  });
}

const SUBAGENT_OUTCOMES: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["ok", "completed"],
  ["killed", "cancelled"],
  ["reset", "cancelled"],
  ["deleted", "cancelled"],
]);
