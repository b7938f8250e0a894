import type { z } from "zod";
import { CodedError } from "../../base/errors.ts";
import { hookPoints } from "../points.ts";
import { commandEvents } from "./schema.ts";

/** Something wrong in a config, and where. */
export interface ConfigProblem {
  /** The file, or what stands for it where the config was given in code. */
  readonly source: string;
  /** Such as `hooks.beforeTurn[0].timeoutMs`. */
  readonly path: string;
  readonly message: string;
}

/** Throws CONFIG_INVALID with every problem, where there is any. */
export function refuseProblems(problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) return;
  throw new CodedError("CONFIG_INVALID", problemsText(problems));
}

/** All problems, a line each, under the file they are in. */
export function problemsText(problems: readonly ConfigProblem[]): string {
  const bySource = Map.groupBy(problems, ({ source }) => source);
  const texts = [...bySource].map(([source, found]) => {
    const lines = found.map(({ path, message }) => `\n  ${path}: ${message}`);
    return `${source} has wrong values:${lines.join("")}`;
  });
  return texts.join("\n");
}

/** What a schema found, with a path and a sentence for each. */
export function toProblems(source: string, error: z.core.$ZodError): ConfigProblem[] {
  return error.issues
    .flatMap((issue) => describeIssue(issue, []))
    .map((found) => ({ source, ...found }));
}

type Found = Omit<ConfigProblem, "source">;

function describeIssue(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Found[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: pathText([...path, key]),
      message: describeUnknownKey(path, key),
    }));
  }
  if (issue.code === "invalid_union") return describeUnion(issue, path);
  return [{ path: pathText(path), message: issue.message }];
}

/**
 * Of the members of a union, the one that the value was meant to be tells the problem: that is the one
 * which got furthest into it. Zod's own sentence for a union says nothing.
 */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): Found[] {
  const meant = issue.errors.find((issues) => issues.some((inner) => isInside(inner)));
  if (meant === undefined) return [{ path: pathText(path), message: issue.message }];
  return meant.flatMap((inner) => describeIssue(inner, path));
}

const isInside = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length > 0 || issue.code === "unrecognized_keys" || issue.code === "custom";

export function pathText(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /^[\w$:-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
  });
  return parts.join("").replace(/^\./, "") || "(the whole config)";
}

/** Events of CLI agents that are no hooks of ours under their own names, and what to use in their place. */
const eventsElsewhere: Readonly<Record<string, string>> = {
  UserPromptSubmit: "use beforeTurn",
  BeforeAgent: "use beforeTurn",
  Stop: "use afterTurn",
  AfterAgent: "use afterTurn",
  StopFailure: "use onTurnError",
  errorOccurred: "use onTurnError",
  SubagentStart: "use onSubagentSpawned",
  SubagentStop: "use onSubagentFinished",
  ConfigChange: "use session:patch",
  PreModelSwitch: "use session:patch",
  PostModelSwitch: "use session:patch",
  PreToolUse:
    "tool calls have no hook here; a budget is checked before them where the host can block",
  PostToolUse: "tool calls have no hook here",
};

function describeUnknownKey(path: readonly PropertyKey[], key: string): string {
  const isHooks = path.at(-1) === "hooks";
  if (!isHooks) return "is not known here";
  const other = eventsElsewhere[key] ?? similarHook(key);
  if (other !== undefined) return `is no hook: ${other}`;
  const events = path.length === 1 ? Object.keys(commandEvents) : [];
  return `is no hook; there are ${[...Object.keys(hookPoints), ...events].join(", ")}`;
}

/** `session_end`, `before-turn` and `BeforeTurn` are how people write these names too. */
function similarHook(key: string): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, "");
  const found = Object.keys(hookPoints).find((name) => plain(name) === plain(key));
  return found === undefined ? undefined : `use ${found}`;
}
