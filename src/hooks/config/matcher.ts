import type { AnyPayload } from "../payload.ts";
import { factsOf } from "../runners/facts.ts";
import type { AgentScope, ConfiguredHook } from "./configured-hook.ts";
import type { HookFilter } from "./hook-entry.ts";

/** When a configured hook is called: for these payloads, or never, and why. */
export type Matcher =
  | { readonly never: string }
  | {
      readonly never?: undefined;
      readonly matches: ((payload: AnyPayload) => boolean) | undefined;
    };

type Test = (payload: AnyPayload) => boolean;

/** Every turn here is of this workflow; the contract that filters come from has others too. */
const WORKFLOW = "agent";

/** Compiles what an entry says of when it is for. `matches` is undefined where that is always. */
export function compileMatcher(
  hook: Pick<ConfiguredHook, "hook" | "filter" | "matcher" | "agents">,
): Matcher {
  const never = findNever(hook.filter);
  if (never !== undefined) return { never };
  const tests = [
    ...filterTests(hook.filter),
    ...scopeTests(hook.agents),
    ...reasonTests(hook.matcher),
  ];
  const [first, ...rest] = tests;
  if (first === undefined || rest.length === 0) return { matches: first };
  return { matches: (payload) => tests.every((test) => test(payload)) };
}

function findNever(filter: HookFilter | undefined): string | undefined {
  if (isGiven(filter?.workflow) && !filter.workflow.includes(WORKFLOW)) {
    return `filter.workflow has no "${WORKFLOW}"`;
  }
  const job = (["jobId", "jobName"] as const).find((key) => isGiven(filter?.[key]));
  return job === undefined ? undefined : `filter.${job}: a turn is of no job`;
}

/** As in the contract: a list without anything in it filters nothing. */
const isGiven = (list: readonly string[] | undefined): list is readonly string[] =>
  list !== undefined && list.length > 0;

function filterTests(filter: HookFilter | undefined): Test[] {
  const tests: Test[] = [];
  const { agentId, sessionKey } = filter ?? {};
  if (isGiven(agentId)) {
    const wanted = new Set(agentId);
    tests.push((payload) => payload.agentId !== undefined && wanted.has(payload.agentId));
  }
  if (isGiven(sessionKey)) {
    const patterns = sessionKey.map(compileKey);
    tests.push(({ sessionKey: key }) => key !== undefined && patterns.some((is) => is(key)));
  }
  return tests;
}

/** `*` at the start, the end or both is anything; no regular expression, so that no key can be slow. */
function compileKey(pattern: string): (key: string) => boolean {
  const start = pattern.startsWith("*");
  const end = pattern.length > 1 && pattern.endsWith("*");
  const text = pattern.slice(start ? 1 : 0, end ? -1 : undefined);
  if (start && end) return (key) => key.includes(text);
  if (start) return (key) => key.endsWith(text);
  if (end) return (key) => key.startsWith(text);
  return (key) => key === text;
}

function scopeTests(agents: AgentScope | undefined): Test[] {
  const { only, except = [] } = agents ?? {};
  if (only !== undefined) return [({ agentId }) => agentId === only];
  if (except.length === 0) return [];
  const others = new Set(except);
  return [({ agentId }) => agentId === undefined || !others.has(agentId)];
}

/** Reasons that mean: the conversation was thrown away for a new one. Every other end is `other`. */
const CLEARED: ReadonlySet<string> = new Set(["clear", "new", "reset"]);

/** The class of a reason in the words of CLI agents. */
export const reasonClass = (reason: string): "clear" | "other" =>
  CLEARED.has(reason) ? "clear" : "other";

/** A matcher meets the raw reason or its class; of a start, how it came about. */
function reasonTests(matcher: string | undefined): Test[] {
  const words = (matcher ?? "").split("|").map((word) => word.trim());
  if (words.includes("*") || words.every((word) => word === "")) return [];
  const wanted = new Set(words);
  return [
    (payload) => {
      const { endReason, startSource } = factsOf(payload);
      if (payload.hookPoint !== "session:end") return wanted.has(startSource);
      const reason = endReason ?? "other";
      return wanted.has(reason) || wanted.has(reasonClass(reason));
    },
  ];
}
