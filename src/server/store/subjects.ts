import type { Fields } from "../reading/fields.ts";
import type { StoredKind } from "../reading/kinds.ts";
import { withdraw } from "./contribution.ts";
import type { StoreParts } from "./parts.ts";
import type { RunRow } from "./runs.ts";
import type { SessionRow } from "./sessions.ts";
import { linkToParent } from "./spawns.ts";

/** A time that something took, in epoch microseconds. */
export interface Interval {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Who sent an item: what its own fields do not say. */
export interface Sender {
  readonly service: string | null;
}

/** The session that an item names, with what it says of it; `undefined` where it names none. */
export function takeSession(
  fields: Fields,
  when: Interval,
  sender: Sender,
  parts: StoreParts,
): SessionRow | undefined {
  const id = fields.text("sessionId");
  const key = fields.text("sessionKey");
  if (id === null && key === null) return undefined;
  const { row, isNew } = parts.sessions.take({ id, key }, when.fromUs);
  if (isNew) parts.spawns.adopt(row, parts.sessions, when.fromUs);
  const parent = {
    id: fields.text("parentSessionId"),
    key: fields.text("parentSessionKey"),
  };
  linkToParent(row, parent, parts.sessions, when.fromUs);
  describeSession(row, fields, sender, parts);
  parts.sessions.touch(row, when.fromUs, when.toUs);
  return row;
}

function describeSession(
  session: SessionRow,
  fields: Fields,
  sender: Sender,
  parts: StoreParts,
): void {
  // Hardly anything is new about a session after its first item.
  if (session.agent !== null && session.project !== null && session.branch !== null) return;
  parts.sessions.describe(session, {
    agent: fields.text("agent"),
    project: fields.text("project"),
    repository: fields.text("repository"),
    branch: fields.text("branch"),
    user_id: fields.text("userId"),
    host: fields.text("host"),
    source: fields.text("source"),
    service: sender.service,
  });
}

/** The run that an item of ours names: made where it is not known yet. */
export function takeOwnRun(
  identity: { readonly traceId: Buffer; readonly runId: string },
  session: SessionRow,
  kind: RunRow["kind"] | undefined,
  when: Interval,
  parts: StoreParts,
): RunRow {
  const { runs } = parts;
  const usual = session.parent === null ? "turn" : "subagent";
  const known = runs.find(identity);
  const run = known ?? runs.create(identity, session.id, kind ?? usual, when.fromUs);
  if (kind !== undefined && run.kind !== kind) {
    run.kind = kind;
    runs.change(run);
  }
  if (known === undefined) absorbForeign(run, parts);
  return run;
}

/** What other libraries told of this trace before our turn was known belongs to our turn. */
function absorbForeign(run: RunRow, parts: StoreParts): void {
  const foreign = parts.runs.find({ traceId: run.trace_id, runId: "" });
  if (foreign === undefined) return;
  const session = parts.sessions.get(foreign.session);
  run.seen = foreign.seen;
  run.foreign_calls = foreign.foreign_calls;
  withdraw(foreign, parts);
  parts.runs.absorb(foreign, run);
  if (session.made_up === 1) parts.sessions.remove(session);
}

/** The run that a span of another library belongs to: ours in its trace, or the one that its trace is. */
export function takeForeignRun(
  traceId: Buffer,
  session: SessionRow | undefined,
  when: Interval,
  sender: Sender,
  parts: StoreParts,
): RunRow {
  const { runs } = parts;
  const own = runs.findOwnOfTrace(traceId);
  if (own !== undefined) return own;
  const identity = { traceId, runId: "" };
  const run = runs.find(identity) ?? createForeign(identity, session, when, parts);
  const owner = ownerOf(run, session, parts);
  parts.sessions.describe(owner, { service: sender.service });
  parts.sessions.touch(owner, when.fromUs, when.toUs);
  extend(run, when, parts);
  return run;
}

function createForeign(
  identity: { readonly traceId: Buffer; readonly runId: string },
  session: SessionRow | undefined,
  { fromUs, toUs }: Interval,
  { runs, sessions }: StoreParts,
): RunRow {
  const owner = session ?? sessions.takeForTrace(identity.traceId, fromUs);
  const run = runs.create(identity, owner.id, "turn", fromUs);
  // Spans of others come when they are over, and nobody tells when a turn begins.
  run.end_us = toUs;
  run.outcome = "completed";
  return run;
}

/** The session of a trace's run: the first one that a span of it names takes the place of the made-up one. */
function ownerOf(run: RunRow, named: SessionRow | undefined, parts: StoreParts): SessionRow {
  const owner = parts.sessions.get(run.session);
  if (named === undefined || owner.made_up === 0 || owner === named) return owner;
  run.session = named.id;
  parts.runs.change(run);
  return named;
}

function extend(run: RunRow, { fromUs, toUs }: Interval, { runs }: StoreParts): void {
  const endUs = run.end_us ?? toUs;
  if (fromUs >= run.start_us && toUs <= endUs) return;
  run.start_us = Math.min(run.start_us, fromUs);
  run.end_us = Math.max(endUs, toUs);
  runs.change(run);
}

/** Kinds that make a run of their trace: another span alone is nothing of an agent's. */
export const isPartOfRun = (kind: StoredKind): boolean => kind !== "other" && kind !== "session";
