import type { SessionPatch, Settings } from "./events.ts";
import { shownText } from "./free-text.ts";
import type { PatchChange } from "./records.ts";
import type { SessionState } from "./state.ts";

/** Settings whose values may be shown and kept. Every other field of a patch is told by name only. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set([
  "model",
  "thinkingLevel",
  "verboseLevel",
  "reasoningLevel",
  "responseUsage",
  "elevatedLevel",
  "execHost",
  "execSecurity",
  "execAsk",
  "execNode",
  "spawnDepth",
  "sendPolicy",
  "groupActivation",
  "permissionMode",
  "effort",
  "label",
]);

type Plain = string | number | boolean | null;

/** A setting's value as it may be shown: primitives as they are, text redacted, the rest as JSON. */
function plainValue(value: unknown): Plain {
  if (value == null) return null;
  if (typeof value === "number" || typeof value === "boolean") return value;
  return shownText(value);
}

/** Remembers settings that are known, in the patch's vocabulary. */
export function rememberSettings(session: SessionState, settings: Settings | undefined): void {
  if (settings === undefined) return;
  for (const [field, value] of Object.entries(settings)) {
    if (!PLAIN_FIELDS.has(field) || value === undefined) continue;
    session.settings ??= {};
    session.settings[field] = plainValue(value);
  }
}

/** What a patch changed, field by field, against what was known before it. */
export function changesOf(session: SessionState, event: SessionPatch): PatchChange[] {
  const before = session.settings ?? {};
  return Object.keys(event.patch)
    .filter((field) => field !== "key" && event.patch[field] !== undefined)
    .map((field) => {
      if (!PLAIN_FIELDS.has(field)) return { field, beforeKnown: false, plain: false };
      const after = plainValue(event.settings?.[field] ?? event.patch[field]);
      return Object.hasOwn(before, field)
        ? { field, beforeKnown: true, before: before[field], after, plain: true }
        : { field, beforeKnown: false, after, plain: true };
    });
}
