import type { AnyPayload } from "../../payload.ts";
import { factsOf } from "../facts.ts";

/** Every name that a template may use, and what it stands for. Flat on purpose: a path could reach anything. */
const templateNames = {
  /** Its first eight characters: buttons carry few bytes. */
  sessionId: (payload) => payload.sessionId?.slice(0, 8),
  sessionKey: (payload) => payload.sessionKey,
  runId: (payload) => ("runId" in payload ? payload.runId : undefined),
  agentId: (payload) => payload.agentId,
  agentName: (payload) => factsOf(payload).agentName ?? payload.agentId,
  label: (payload) => ("label" in payload ? payload.label : undefined),
} as const satisfies Record<string, (payload: AnyPayload) => string | undefined>;

type TemplateName = keyof typeof templateNames;

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

const isTemplateName = (name: string): name is TemplateName => Object.hasOwn(templateNames, name);

export const templateNameList = Object.keys(templateNames).join(", ");

/** Names in a template that stand for nothing. */
export function findUnknownNames(template: string): readonly string[] {
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
  return [...new Set(names.filter((name) => !isTemplateName(name)))];
}

/**
 * Fills a template in one pass: what is filled in is never looked at again. An absent value is an empty
 * text. `disarm` makes a value harmless where the text goes; the template's own text is left alone.
 */
export function fillTemplate(
  template: string,
  payload: AnyPayload,
  disarm: (value: string) => string = (value) => value,
): string {
  return template.replace(PLACEHOLDER, (whole, name: string) =>
    isTemplateName(name) ? disarm(templateNames[name](payload) ?? "") : whole,
  );
}
