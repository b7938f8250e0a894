import { HookEngine } from "../hooks/engine.ts";
import type { TelemetryParts } from "./prepare.ts";
import type { Problem } from "./targets.ts";

interface PartRule {
  readonly expected: string;
  readonly is: (value: unknown) => boolean;
}

const aFunction: PartRule = { expected: "a function", is: (value) => typeof value === "function" };
const aText: PartRule = {
  expected: "a text that is not empty",
  is: (value) => typeof value === "string" && value !== "",
};
const anObject: PartRule = {
  expected: "an object",
  is: (value) => typeof value === "object" && value !== null,
};
const SOURCES: readonly unknown[] = ["live", "replay", "import", "recovery"];

const rules: Readonly<Record<keyof TelemetryParts, PartRule>> = {
  hooks: { expected: "a HookEngine", is: (value) => value instanceof HookEngine },
  price: aFunction,
  pricesFile: aText,
  append: aFunction,
  onRecord: aFunction,
  source: { expected: `one of ${SOURCES.join(", ")}`, is: (value) => SOURCES.includes(value) },
  host: aText,
  clock: aFunction,
  config: {
    expected: "a path, or what a config file would hold",
    is: (value) => aText.is(value) || anObject.is(value),
  },
  actions: anObject,
};

/** What is wrong with that which is handed over as it is: found at the start, not when it is first used. */
export function findPartProblems(parts: TelemetryParts): Problem[] {
  return Object.entries(rules).flatMap(([path, { expected, is }]) => {
    const value = parts[path as keyof TelemetryParts];
    if (value === undefined || is(value)) return [];
    return [{ path, message: `expected ${expected}, got ${shown(value)}` }];
  });
}

/** Objects by their kind alone: they may hold anything. */
const shown = (value: unknown): string =>
  typeof value === "object"
    ? String(value && "an object")
    : (JSON.stringify(value) ?? typeof value);
