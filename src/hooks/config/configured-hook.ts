import type { HookName } from "../points.ts";
import type { BudgetAction, HttpTarget, SendAction, TemporalAction } from "./actions.ts";
import type { HookEntryConfig, HookFilter } from "./hook-entry.ts";
import { pathText } from "./problems.ts";
import {
  type AgentsSection,
  type CommandEvent,
  type CommandHooks,
  commandEvents,
  type HooksConfig,
  type HooksSection,
  type OwnHooks,
} from "./schema.ts";

/** Where a config comes from: `code` is the program's own, `host` what its host gives it. */
type ConfigKind = "user" | "repository" | "host" | "code";

export interface ConfigOrigin {
  readonly kind: ConfigKind;
  /** The file's path, or a name for what is no file. */
  readonly source: string;
  /** Where relative paths begin. Of a repository's config its root. */
  readonly folder: string;
}

/** What is done, and everything that only this kind of doing needs. */
export type HookAction =
  | { readonly type: "script"; readonly script: string }
  | {
      readonly type: "command";
      readonly command: string | readonly string[];
      readonly env?: readonly string[] | undefined;
    }
  | ({ readonly type: "http"; readonly message?: string | undefined } & HttpTarget)
  | ({ readonly type: "send" } & SendAction)
  | ({ readonly type: "temporal" } & TemporalAction)
  | ({ readonly type: "budget" } & BudgetAction);

/** For which agents a named hook of shape 1 is. */
export interface AgentScope {
  readonly only?: string | undefined;
  readonly except?: readonly string[] | undefined;
}

/** One thing that is done at one hook, from whichever of the three shapes. */
export interface ConfiguredHook {
  readonly hook: HookName;
  /** Given, or else its place in the config. */
  readonly name: string;
  readonly path: string;
  readonly origin: ConfigOrigin;
  /** Unlike the name nobody else's, and the same after a restart. */
  readonly id: string;
  readonly action: HookAction;
  readonly priority?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly onFailure?: "open" | "closed" | undefined;
  /** What people and agents wrote goes out too. */
  readonly content: boolean;
  readonly filter?: HookFilter | undefined;
  /** Of `SessionStart` and `SessionEnd`: which reasons. */
  readonly matcher?: string | undefined;
  readonly agents?: AgentScope | undefined;
}

export interface OriginatedConfig {
  readonly origin: ConfigOrigin;
  readonly config: HooksConfig;
}

/** Everything that configs have at hooks, later ones after earlier ones. Agents' named hooks are replaced by later ones. */
export function listConfiguredHooks(configs: readonly OriginatedConfig[]): ConfiguredHook[] {
  return [
    ...configs.flatMap(({ origin, config }) => listSection(config.hooks ?? {}, origin)),
    ...listAgentHooks(configs),
  ];
}

function listSection(hooks: HooksSection, origin: ConfigOrigin): ConfiguredHook[] {
  const { SessionStart, SessionEnd, ...named } = hooks;
  return [
    ...Object.entries(named).flatMap(([hook, entries]) =>
      (entries ?? []).map((entry, index) =>
        // The section has these keys and no others.
        toConfiguredHook(hook as HookName, entry, index, origin),
      ),
    ),
    ...listCommandHooks("SessionStart", SessionStart ?? [], origin),
    ...listCommandHooks("SessionEnd", SessionEnd ?? [], origin),
  ];
}

function toConfiguredHook(
  hook: HookName,
  entry: HookEntryConfig,
  index: number,
  origin: ConfigOrigin,
): ConfiguredHook {
  const path = pathText(["hooks", hook, index]);
  const { name = path, priority, timeoutMs, onFailure, filter, content = false } = entry;
  const how = { priority, timeoutMs, onFailure, filter, content };
  return { hook, name, path, origin, id: idOf(name, origin), action: toAction(entry), ...how };
}

const idOf = (name: string, { source }: ConfigOrigin): string => `${source}#${name}`;

/** The schema has seen to it that there is exactly one. */
function toAction(entry: HookEntryConfig): HookAction {
  const { script, command, env, url, send, temporal, budget } = entry;
  if (script !== undefined) return { type: "script", script };
  if (command !== undefined) return { type: "command", command, env };
  if (send !== undefined) return { type: "send", ...send };
  if (temporal !== undefined) return { type: "temporal", ...temporal };
  if (budget !== undefined) return { type: "budget", ...budget };
  const { format, secret, headers, chatId, message } = entry;
  if (url !== undefined) return { type: "http", url, format, secret, headers, chatId, message };
  throw new TypeError("an entry without an action passed the schema");
}

function listCommandHooks(
  event: CommandEvent,
  groups: readonly CommandHooks[],
  origin: ConfigOrigin,
): ConfiguredHook[] {
  return groups.flatMap(({ matcher, hooks }, group) =>
    hooks.map(({ command, timeout }, index) => {
      const path = pathText(["hooks", event, group, "hooks", index]);
      const timeoutMs = timeout === undefined ? undefined : Math.ceil(timeout * 1000);
      const action = { type: "command", command } as const;
      const about = { hook: commandEvents[event], name: path, path, origin, content: false };
      return { ...about, id: idOf(path, origin), action, timeoutMs, matcher };
    }),
  );
}

/** An agent's hook, or that it has none where all others have one. */
interface NamedHook {
  readonly hook: HookName;
  readonly path: string;
  readonly origin: ConfigOrigin;
  readonly agent: string | undefined;
  readonly send: SendAction | undefined;
}

function listAgentHooks(configs: readonly OriginatedConfig[]): ConfiguredHook[] {
  const latest = new Map<string, NamedHook>();
  for (const named of configs.flatMap(({ origin, config }) => listNamed(config.agents, origin))) {
    latest.set(JSON.stringify([named.hook, named.agent]), named);
  }
  const all = [...latest.values()];
  return all.flatMap(({ hook, path, origin, agent, send }): ConfiguredHook[] => {
    if (send === undefined) return [];
    const except = all
      .filter((other) => other.hook === hook && other.agent !== undefined)
      .map((other) => other.agent ?? "");
    const agents = agent === undefined ? { except } : { only: agent };
    const action = { type: "send", ...send } as const;
    const id = idOf(path, origin);
    return [{ hook, name: path, path, origin, id, action, content: false, agents }];
  });
}

function listNamed(agents: AgentsSection | undefined, origin: ConfigOrigin): NamedHook[] {
  const from = (
    hooks: OwnHooks | undefined,
    path: readonly PropertyKey[],
    agent: string | undefined,
  ): NamedHook[] =>
    Object.entries(hooks ?? {}).map(([hook, value]) => ({
      // The section has these keys and no others.
      hook: hook as HookName,
      path: pathText([...path, "hooks", hook]),
      origin,
      agent,
      send: value === false ? undefined : value?.send,
    }));
  return [
    ...from(agents?.defaults?.hooks, ["agents", "defaults"], undefined),
    ...(agents?.list ?? []).flatMap(({ id, hooks }, index) =>
      from(hooks, ["agents", "list", index], id),
    ),
    ...Object.entries(agents?.entries ?? {}).flatMap(([id, { hooks }]) =>
      from(hooks, ["agents", "entries", id], id),
    ),
  ];
}
