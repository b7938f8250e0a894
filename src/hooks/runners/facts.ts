import type { SessionDetails, SessionState } from "../../lifecycle/state.ts";
import { CommonPayload } from "../common-payload.ts";
import type { AnyPayload } from "../payload.ts";

/** What actions need to know beside the payload: it comes from the record that the payload tells of. */
export interface Facts {
  /** Unique, and the same when the same thing is told again; undefined for another library's span. */
  readonly recordId: string | undefined;
  readonly cwd: string | undefined;
  readonly transcriptPath: string | undefined;
  readonly permissionMode: string | undefined;
  readonly agentName: string | undefined;
  /** How the session began, in the words of CLI agents. */
  readonly startSource: string;
  /** The host's word for how the session ended. */
  readonly endReason: string | undefined;
}

/** Reads the facts of a payload; of an event that was written by hand, what stands in it under these names. */
export function factsOf(payload: AnyPayload): Facts {
  const record = CommonPayload.recordOf(payload);
  if (record === undefined) return writtenFacts(payload);
  const { session, run } = record;
  const details = findDetails(session);
  return {
    recordId: record.id === "" ? undefined : record.id,
    cwd: details?.cwd,
    transcriptPath: details?.transcriptPath,
    permissionMode: textOf(session.settings?.["permissionMode"]),
    agentName: run?.agentName ?? session.agentName,
    startSource: details?.resumedFrom === undefined ? "startup" : "resume",
    endReason: record.type === "session.end" ? record.reason : undefined,
  };
}

/** A subagent's own session was opened by its spawner, and works where that one does. */
const findDetails = (session: SessionState): SessionDetails | undefined =>
  session.details ?? (session.parent && findDetails(session.parent.session));

function writtenFacts(payload: AnyPayload): Facts {
  const written: Readonly<Record<string, unknown>> = { ...payload };
  const ours = written["turnspan"];
  const ownReason =
    typeof ours === "object" && ours !== null && "reason" in ours ? ours.reason : undefined;
  return {
    recordId: textOf(written["recordId"]),
    cwd: textOf(written["cwd"]),
    transcriptPath: textOf(written["transcriptPath"]),
    permissionMode: textOf(written["permissionMode"]),
    agentName: textOf(written["agentName"]),
    startSource: textOf(written["source"]) ?? "startup",
    // Also where CLI agents have it.
    endReason: textOf(ownReason ?? written["reason"]),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
