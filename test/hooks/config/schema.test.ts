import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configJsonSchema } from "../../../scripts/config-schema.ts";
import { listConfiguredHooks } from "../../../src/hooks/config/configured-hook.ts";
import { toProblems } from "../../../src/hooks/config/problems.ts";
import { HooksConfig } from "../../../src/hooks/config/schema.ts";
import { hookPoints } from "../../../src/hooks/points.ts";
import { agentHooks, commandHooks, turnHooks } from "./pasted-configs.ts";

const origin = {
  kind: "user",
  source: "config.json",
  folder: "/home/ada/.config/turnspan",
} as const;

const list = (raw: unknown) =>
  listConfiguredHooks([{ origin, config: HooksConfig.parse(raw) }]).map(
    ({ origin: _origin, id: _id, content: _content, path: _path, ...hook }) =>
      JSON.parse(JSON.stringify(hook)),
  );

/** `path: message` of everything wrong. */
function problemsOf(raw: unknown): string[] {
  const parsed = HooksConfig.safeParse(raw);
  if (parsed.success) return [];
  return toProblems("f", parsed.error).map(({ path, message }) => `${path}: ${message}`);
}

test("agents' named hooks are taken as they are written elsewhere", () => {
  const { onMessageReceived, onSubagentSpawned, onSubagentFinished } =
    agentHooks.agents.defaults.hooks;
  const action = (hook: { send: object }) => ({ type: "send", ...hook.send });
  expect(list(agentHooks)).toEqual([
    {
      hook: "onMessageReceived",
      name: "agents.defaults.hooks.onMessageReceived",
      action: action(onMessageReceived),
      agents: { except: [] },
    },
    {
      hook: "onSubagentSpawned",
      name: "agents.defaults.hooks.onSubagentSpawned",
      action: action(onSubagentSpawned),
      agents: { except: ["main"] },
    },
    {
      hook: "onSubagentFinished",
      name: "agents.defaults.hooks.onSubagentFinished",
      action: action(onSubagentFinished),
      agents: { except: [] },
    },
    {
      hook: "onSubagentSpawned",
      name: "agents.list[0].hooks.onSubagentSpawned",
      action: { type: "send", message: "main's {{agentName}}: {{label}}" },
      agents: { only: "main" },
    },
  ]);
});

test("agents are taken by key as well as in a list, and false takes a default away", () => {
  const hooks = { onMessageSent: { send: { message: "sent" } } };
  const keyed = {
    agents: { defaults: { hooks }, entries: { quiet: { hooks: { onMessageSent: false } } } },
  };
  expect(list(keyed)).toEqual([
    expect.objectContaining({ hook: "onMessageSent", agents: { except: ["quiet"] } }),
  ]);
});

test("a later config's named hook replaces an earlier one's; lists are joined", () => {
  const config = (message: string) =>
    HooksConfig.parse({
      agents: { defaults: { hooks: { onMessageSent: { send: { message } } } } },
      hooks: { afterTurn: [{ name: message, command: "true" }] },
    });
  const later = { ...origin, kind: "host", source: "host" } as const;
  const hooks = listConfiguredHooks([
    { origin, config: config("earlier") },
    { origin: later, config: config("later") },
  ]);
  expect(hooks.map(({ hook, name, origin: { source } }) => [hook, name, source])).toEqual([
    ["afterTurn", "earlier", "config.json"],
    ["afterTurn", "later", "host"],
    ["onMessageSent", "agents.defaults.hooks.onMessageSent", "host"],
  ]);
});

test("lists of turn hooks are taken with the filters of the contract they come from", () => {
  expect(
    list(turnHooks).map(({ hook, action, priority, filter }) => [
      hook,
      action.script,
      priority,
      filter,
    ]),
  ).toEqual([
    ["beforeTurn", "./hooks/rate-limit.js", 5, { agentId: ["main"], workflow: ["agent", "cron"] }],
    ["beforeTurn", "./hooks/cron-only.js", undefined, { workflow: ["cron"] }],
    ["beforeTurn", "./hooks/one-job.js", undefined, { jobName: ["nightly"] }],
    ["afterTurn", "./hooks/post-metrics.js", undefined, undefined],
    ["onTurnError", "./hooks/alert.js", 1, undefined],
  ]);
});

test("command hooks of CLI agents are taken; their timeout is in seconds", () => {
  expect(list(commandHooks)).toEqual([
    {
      hook: "session:end",
      name: "hooks.SessionEnd[0].hooks[0]",
      matcher: "clear",
      action: { type: "command", command: "rm -f ./cache/*.txt" },
    },
    {
      hook: "session:end",
      name: "hooks.SessionEnd[1].hooks[0]",
      matcher: "other",
      action: {
        type: "command",
        command: 'echo "Session ended: $(date)" >> ./logs/sessions.log',
      },
    },
    {
      hook: "session:end",
      name: "hooks.SessionEnd[2].hooks[0]",
      matcher: "*",
      timeoutMs: 5000,
      action: { type: "command", command: "node ./hooks/session-end.js" },
    },
  ]);
});

test("everything that is wrong is told at once, each with its path", () => {
  const wrong = {
    http: { allow: ["10.0.0.0", "10.0.0.0/8", "127.0.0.1:80", "[::1]:80"] },
    hooks: {
      beforeTurn: [
        { script: 1, command: "x", nme: 3 },
        {},
        { url: "ftp://x", secret: "short" },
        { url: { env: "URL" }, format: "telegram" },
        { budget: { per: "sesion" } },
        { command: [], env: ["A=1"], format: "json" },
      ],
      afterTurn: [{ command: ["a"], onFailure: "closed", timeoutMs: 0 }],
    },
    agents: { defaults: { hooks: { onMessageSent: { send: {} } } } },
  };
  expect(problemsOf(wrong)).toEqual([
    "agents.defaults.hooks.onMessageSent.send: needs a message, buttons, or both",
    "hooks.beforeTurn[0].script: Invalid input: expected string, received number",
    "hooks.beforeTurn[0].nme: is not known here",
    "hooks.beforeTurn[0]: needs exactly one of script, command, url, send, temporal, budget; it has script and command",
    "hooks.beforeTurn[1]: needs exactly one of script, command, url, send, temporal, budget; it has none",
    "hooks.beforeTurn[2].url: expected an http or https URL",
    "hooks.beforeTurn[2].secret: expected whsec_ and 24 to 64 bytes in base64",
    "hooks.beforeTurn[3].chatId: format telegram needs a chatId",
    "hooks.beforeTurn[4].budget.per: expected one or several of session, agent, project, day",
    "hooks.beforeTurn[4].budget: needs a limit: tokens, usd, turns, consecutiveErrors",
    "hooks.beforeTurn[5].command: expected a program and its arguments",
    "hooks.beforeTurn[5].env[0]: expected the name of a variable",
    "hooks.beforeTurn[5].format: has no meaning beside command",
    "hooks.afterTurn[0].timeoutMs: Too small: expected number to be >0",
    "hooks.afterTurn[0].onFailure: is for guards only, and afterTurn cannot stop anything",
    "http.allow[0]: expected host:port such as 127.0.0.1:8080, or a range such as 10.1.0.0/16",
  ]);
});

test.each([
  ["UserPromptSubmit", "is no hook: use beforeTurn"],
  ["Stop", "is no hook: use afterTurn"],
  ["StopFailure", "is no hook: use onTurnError"],
  ["SubagentStop", "is no hook: use onSubagentFinished"],
  ["session_end", "is no hook: use session:end"],
  ["PreToolUse", expect.stringMatching(/^is no hook: tool calls have no hook here/)],
  ["Notification", expect.stringMatching(/^is no hook; there are session:start, .*SessionEnd$/)],
])("the event %s of another agent is refused with the hook to use", (event, message) => {
  expect(HooksConfig.safeParse({ hooks: { [event]: [] } }).success).toBe(false);
  const [problem = ""] = problemsOf({ hooks: { [event]: [] } });
  expect(problem.slice(`hooks.${event}: `.length)).toEqual(message);
});

test.each([
  ["text", { text: "{{secret}}", callback_data: "x" }],
  ["callback_data", { text: "x", callback_data: "{{process.env.HOME}}" }],
])("a template with an unknown name in %s is refused", (field, button) => {
  const config = { hooks: { onMessageSent: [{ send: { buttons: [[button]] } }] } };
  expect(problemsOf(config)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^hooks.onMessageSent\\[0\\].send.buttons\\[0\\]\\[0\\].${field}: {{.*}} stands for nothing`,
      ),
    ),
  ]);
});

test("buttons for a receiver that cannot carry them are refused", () => {
  const buttons = [[{ text: "Stop", callback_data: "stop" }]];
  const outlet = { url: "https://example.com/hook", format: "discord" };
  expect(problemsOf({ hooks: { onMessageSent: [{ send: { buttons, outlet } }] } })).toEqual([
    "hooks.onMessageSent[0].send.buttons: format discord carries no buttons that answer",
  ]);
});

test("only guards have a budget", () => {
  const budget = { per: "day", usd: 5 };
  expect(problemsOf({ hooks: { beforeTurn: [{ budget }], afterTurn: [{ budget }] } })).toEqual([
    "hooks.afterTurn[0].budget: is for guards only, and afterTurn cannot stop anything",
  ]);
});

test("a key that would change every object is refused like any other unknown one", () => {
  const raw: unknown = JSON.parse(
    '{"__proto__": {"polluted": true}, "hooks": {"constructor": []}}',
  );
  expect(problemsOf(raw).length).toBeGreaterThan(0);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("schema/turnspan.json is what the schema says (node scripts/config-schema-file.ts writes it)", () => {
  const file = readFileSync(new URL("../../../schema/turnspan.json", import.meta.url), "utf8");
  expect(file).toBe(configJsonSchema());
});

test("the JSON Schema names every hook", () => {
  const schema = JSON.parse(configJsonSchema());
  expect(Object.keys(schema.properties.hooks.properties)).toEqual([
    ...Object.keys(hookPoints),
    "SessionStart",
    "SessionEnd",
  ]);
});
