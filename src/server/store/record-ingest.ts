import { EVENT_SESSION_END, EVENT_SESSION_START } from "../../semconv/gen-ai.ts";
import * as own from "../../semconv/turnspan.ts";
import type { AttributeValue } from "../api-types.ts";
import { Fields } from "../reading/fields.ts";
import type { StoredRecord } from "./audit-log.ts";
import type { CallCounts } from "./call-counts.ts";
import type { StoreParts } from "./parts.ts";
import { endRun, nameRun } from "./run-facts.ts";
import { publicId, type SessionRow } from "./sessions.ts";
import { linkToParent } from "./spawns.ts";
import { takeOwnRun, takeSession } from "./subjects.ts";

interface RecordToApply {
  readonly record: StoredRecord;
  readonly fields: Fields;
  readonly session: SessionRow;
}

type Apply = (told: RecordToApply, parts: StoreParts, counts: CallCounts) => void;

/** What each record changes beside being kept; those that are missing here change nothing. */
const applyTable: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  [EVENT_SESSION_START, openSession],
  [EVENT_SESSION_END, closeSession],
  [own.EVENT_SESSION_PATCH, patchSession],
  [own.EVENT_SESSION_WAIT, noteWait],
  [own.EVENT_TURN_START, startRun],
  [own.EVENT_TURN_END, finishRun("turn")],
  [own.EVENT_SUBAGENT_FINISHED, finishRun("subagent")],
  [own.EVENT_SUBAGENT_KILLED, finishRun("subagent")],
]);

const reader = new Fields();

/** Brings the spans' store up to what a record says. */
export function applyRecord(record: StoredRecord, parts: StoreParts, counts: CallCounts): void {
  const attributes = JSON.parse(record.attributes) as Readonly<Record<string, AttributeValue>>;
  const fields = reader.read({
    names: Object.keys(attributes),
    values: Object.values(attributes),
  });
  // The child has told nothing yet: its session is made when it does.
  if (record.event === own.EVENT_SUBAGENT_SPAWNED) return noteSpawn(record, fields, parts);
  const when = { fromUs: record.timeUs, toUs: record.timeUs };
  const session = takeSession(fields, when, { service: record.service }, parts);
  if (session === undefined) return;
  parts.sessions.change(session);
  applyTable.get(record.event)?.({ record, fields, session }, parts, counts);
}

function noteSpawn(record: StoredRecord, fields: Fields, parts: StoreParts): void {
  const childKey = fields.text("sessionKey");
  const parent = {
    id: fields.text("parentSessionId"),
    key: fields.text("parentSessionKey"),
  };
  if (childKey === null) return;
  parts.spawns.add({
    childKey,
    childRunId: fields.text("runId"),
    parentSessionId: parent.id,
    parentSessionKey: parent.key,
    parentRunId: fields.text("parentRunId"),
    label: fields.text("label"),
  });
  const child = parts.sessions.findByKey(childKey);
  if (child !== undefined) linkToParent(child, parent, parts.sessions, record.timeUs);
}

function openSession({ record, fields, session }: RecordToApply): void {
  const generation = fields.count("generation");
  session.metadata ??= fields.text("metadata");
  const isLater = isAfter(record.timeUs, generation, session.opened_us, session.opened_generation);
  if (!isLater) return;
  session.opened_us = record.timeUs;
  session.opened_generation = generation;
}

function closeSession({ record, fields, session }: RecordToApply): void {
  const generation = fields.count("generation");
  const isLater = isAfter(record.timeUs, generation, session.closed_us, session.closed_generation);
  if (!isLater) return;
  setWait(session, record.timeUs, null);
  session.closed_us = record.timeUs;
  session.closed_generation = generation;
  session.end_reason = fields.text("endReason");
}

/** Records may come in any order; of two at one time the later generation counts. */
function isAfter(
  timeUs: number,
  generation: number | null,
  knownUs: number | null,
  knownGeneration: number | null,
): boolean {
  if (knownUs === null || timeUs !== knownUs) return knownUs === null || timeUs > knownUs;
  return (generation ?? 0) >= (knownGeneration ?? 0);
}

function patchSession({ fields, session }: RecordToApply): void {
  session.label = fields.text("labelAfter") ?? session.label;
}

function noteWait({ record, fields, session }: RecordToApply): void {
  setWait(session, record.timeUs, fields.text("waitsFor"));
}

/** Records may come in any order: the latest word counts. */
function setWait(session: SessionRow, timeUs: number, waitsFor: string | null): void {
  if (session.waits_us !== null && timeUs < session.waits_us) return;
  session.waits_for = waitsFor;
  session.waits_us = timeUs;
}

/** Where its host has no trace, a run's id is made of what it has. */
function identityOf({ record, fields, session }: RecordToApply) {
  const runId = fields.text("runId");
  if (runId === null) return undefined;
  const { traceId } = record;
  const made = (): Buffer =>
    Buffer.from(
      publicId("run of", session.public_id, runId) + publicId("made", session.public_id, runId),
      "hex",
    );
  return { runId, traceId: traceId === null ? made() : Buffer.from(traceId) };
}

function startRun(told: RecordToApply, parts: StoreParts): void {
  const identity = identityOf(told);
  if (identity === undefined) return;
  const { record, fields, session } = told;
  const when = { fromUs: record.timeUs, toUs: record.timeUs };
  const run = takeOwnRun(identity, session, "turn", when, parts);
  nameRun(run, fields);
  if (run.span_id === null && record.spanId !== null) run.span_id = Buffer.from(record.spanId);
  if (run.model !== null) session.model = run.model;
  parts.runs.change(run);
}

function finishRun(kind: "turn" | "subagent"): Apply {
  return (told, parts, counts) => {
    const identity = identityOf(told);
    if (identity === undefined) return;
    const { record, fields, session } = told;
    const tookUs = Math.round((fields.number("durationMs") ?? 0) * 1000);
    const when = { fromUs: record.timeUs - tookUs, toUs: record.timeUs };
    const run = takeOwnRun(identity, session, kind, when, parts);
    nameRun(run, fields);
    endRun(run, fields, when);
    if (run.span_id === null && record.spanId !== null) run.span_id = Buffer.from(record.spanId);
    if (run.recorded.modelCalls > 0) counts.preferOwn(run);
    parts.sessions.touch(session, when.fromUs, when.toUs);
    parts.runs.change(run);
  };
}
