import { reasonClass } from "../../config/matcher.ts";
import type { AnyPayload } from "../../payload.ts";
import type { HookName } from "../../points.ts";
import { type Facts, factsOf } from "../facts.ts";

/** Names that CLI agents have for these moments too; all other hooks go by their own. */
const eventNames: Readonly<Partial<Record<HookName, string>>> = {
  "session:start": "SessionStart",
  "session:end": "SessionEnd",
};

/** Reasons that such agents name themselves. A host's other words become their class. */
const KNOWN_REASONS: ReadonlySet<string> = new Set([
  "clear",
  "resume",
  "logout",
  "prompt_input_exit",
  "bypass_permissions_disabled",
  "exit",
  "other",
]);

/**
 * What a command reads from its standard input: the fields of CLI agents' hooks, those that are not known
 * left out, and the whole payload under `turnspan`.
 */
export function commandInput(payload: AnyPayload, cwd: string): string {
  const facts = factsOf(payload);
  return JSON.stringify({
    session_id: payload.sessionId,
    transcript_path: facts.transcriptPath,
    cwd,
    permission_mode: facts.permissionMode,
    hook_event_name: eventNames[payload.hookPoint] ?? payload.hookPoint,
    ...momentFields(payload, facts),
    turnspan: payload,
  });
}

function momentFields(payload: AnyPayload, facts: Facts): object {
  if (payload.hookPoint === "session:start") return { source: facts.startSource };
  if (payload.hookPoint !== "session:end") return {};
  const reason = facts.endReason ?? "other";
  return { reason: KNOWN_REASONS.has(reason) ? reason : reasonClass(reason) };
}
