import { stat } from "node:fs/promises";
import type { SecretText } from "../hooks/config/actions.ts";
import type { ConfiguredHook, HookAction } from "../hooks/config/configured-hook.ts";
import { compileMatcher } from "../hooks/config/matcher.ts";
import { DEFAULT_PRIORITY } from "../hooks/entry.ts";
import { type HookName, hookPoints } from "../hooks/points.ts";
import { isAsked } from "../hooks/runners/runner.ts";
import { resolveScript } from "../hooks/runners/script.ts";
import { shellWord } from "./shell-word.ts";
import { formatTable, type TableColumn } from "./table.ts";

type Describe = {
  readonly [T in HookAction["type"]]: (action: Extract<HookAction, { type: T }>) => string;
};

/** What each action does, in a few words and without a secret. */
const descriptions: Describe = {
  script: ({ script }) => `script ${script}`,
  command: ({ command }) =>
    `command ${typeof command === "string" ? command : command.map(shellWord).join(" ")}`,
  http: ({ url, format }) => `url ${describeUrl(url)}${format === undefined ? "" : ` (${format})`}`,
  send: ({ message, buttons, outlet = "channel" }) => {
    const what = [
      message && JSON.stringify(message),
      buttons && countButtons(buttons.flat().length),
    ];
    const where = typeof outlet === "string" ? outlet : describeUrl(outlet.url);
    return `send ${what.filter(Boolean).join(" and ")} to ${where}`;
  },
  temporal: ({ signal, address }) => `temporal signal ${signal} at ${address}`,
  budget: ({ per, tokens, usd, turns, consecutiveErrors }) => {
    const limits = Object.entries({ tokens, usd, turns, consecutiveErrors });
    const given = limits.filter(([, limit]) => limit !== undefined);
    return `budget ${given.map(([unit, limit]) => `${limit} ${unit}`).join(", ")} per ${per.join(" and ")}`;
  },
};

const countButtons = (count: number): string => (count === 1 ? "a button" : `${count} buttons`);

function describeAction(action: HookAction): string {
  // The row of an action takes that action: the table's type says so, which a look-up cannot.
  const describe = descriptions[action.type] as (action: HookAction) => string;
  return describe(action);
}

/** The host only: what follows it is often the secret itself. */
function describeUrl(url: SecretText): string {
  if (typeof url !== "string") return `from $${url.env}`;
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname.length > 1 || search !== "" ? "/…" : ""}`;
}

/** For which events an entry is. */
function describeWhen(hook: ConfiguredHook): string {
  const { filter = {}, matcher, agents } = hook;
  const filters = Object.entries(filter).map(([key, values]) => `${key} ${values?.join("|")}`);
  const parts = [
    ...filters,
    ...(matcher === undefined || matcher === "*" ? [] : [`reason ${matcher}`]),
    ...(agents?.only === undefined ? [] : [`agentId ${agents.only}`]),
    ...(agents?.except?.length ? [`agentId not ${agents.except.join("|")}`] : []),
  ];
  const { never } = compileMatcher(hook);
  return `${parts.join(", ") || "always"}${never === undefined ? "" : ` (never: ${never})`}`;
}

/** In the order in which they run: by hook, by priority, then as configured. */
function inRunningOrder(hooks: readonly ConfiguredHook[]): ConfiguredHook[] {
  const places = Object.keys(hookPoints) as HookName[];
  const rank = ({ hook, priority = DEFAULT_PRIORITY }: ConfiguredHook): readonly number[] => [
    places.indexOf(hook),
    priority,
  ];
  return hooks.toSorted((one, other) => {
    const [[place = 0, first = 0], [otherPlace = 0, second = 0]] = [rank(one), rank(other)];
    return place - otherPlace || first - second;
  });
}

const columns: readonly TableColumn<ConfiguredHook>[] = [
  { head: "HOOK", read: ({ hook }) => hook },
  {
    head: "PRIORITY",
    read: ({ priority = DEFAULT_PRIORITY }) => String(priority),
    align: "right",
  },
  { head: "NAME", read: ({ name }) => name },
  { head: "MAY STOP", read: mayStop },
  { head: "WHEN", read: describeWhen },
  { head: "DOES", read: ({ action }) => describeAction(action) },
  { head: "FROM", read: ({ origin }) => origin.source },
];

function mayStop(hook: ConfiguredHook): string {
  if (hookPoints[hook.hook] !== "guard" || !isAsked(hook)) return "no";
  return hook.onFailure === "closed" ? "yes, also by failing" : "yes";
}

/** Everything that is configured, for JSON. */
export const hookRows = (hooks: readonly ConfiguredHook[]): object[] =>
  inRunningOrder(hooks).map((hook) => ({
    hook: hook.hook,
    name: hook.name,
    priority: hook.priority,
    when: describeWhen(hook),
    does: describeAction(hook.action),
    source: hook.origin.source,
    path: hook.path,
  }));

/** Everything that is configured, as a table. */
export const hookTable = (hooks: readonly ConfiguredHook[]): string =>
  // Nothing is cut: half a command line says nothing of what it does.
  formatTable(inRunningOrder(hooks), columns);

/** Warnings of what is valid, but surely not meant. */
export async function findDoubts(
  hooks: readonly ConfiguredHook[],
  home: string | undefined,
): Promise<string[]> {
  const doubts = await Promise.all(hooks.map((hook) => findDoubt(hook, home)));
  return doubts.flatMap((doubt, index) =>
    doubt === undefined ? [] : [`${hooks[index]?.path}: ${doubt}`],
  );
}

async function findDoubt(
  hook: ConfiguredHook,
  home: string | undefined,
): Promise<string | undefined> {
  const { action, origin } = hook;
  const { never } = compileMatcher(hook);
  if (never !== undefined) return `never runs here: ${never}`;
  if (
    action.type === "http" &&
    action.secret === undefined &&
    (action.format ?? "json") === "json"
  ) {
    return "is not signed: without a secret its receiver cannot know who sent it";
  }
  if (action.type !== "script") return undefined;
  const file = resolveScript(action.script, origin, home);
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true ? undefined : `there is no file ${file}`;
}
