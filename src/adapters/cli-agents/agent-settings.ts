import path from "node:path";
import { type Fields, record } from "./fields.ts";
import type { CliAgentId, Environment } from "./transcript.ts";

/** Whose settings: the user's own, a project's (not shared with others), or those of a whole machine. */
export type SettingsScope = "user" | "project" | "managed";

export interface SettingsPlace {
  readonly env: Environment;
  readonly home: string;
  /** The project's folder. */
  readonly cwd: string;
}

export interface MissingSetting {
  readonly place: readonly string[];
  readonly value: string;
  readonly isMissing: (settings: Fields) => boolean;
}

/** With its own telemetry on and nowhere to send it, Qwen Code waits seconds for a collector after each turn. */
const qwenEndpoint: MissingSetting = {
  place: ["telemetry", "otlpEndpoint"],
  value: "",
  isMissing: (settings) => {
    const { enabled, otlpEndpoint, outfile } = record(settings["telemetry"]);
    return enabled === true && otlpEndpoint === undefined && outfile === undefined;
  },
};

/** One agent's settings as a table: where they are, which events to ask for, in which unit time is told. */
export interface AgentSettings {
  /** Undefined where the agent has none of that kind that would be the user's alone. */
  readonly file: (scope: SettingsScope, place: SettingsPlace) => string | undefined;
  readonly events: readonly string[];
  /** `plain`: the agent refuses a settings file with comments or trailing commas, whole. */
  readonly json: "plain" | "commented";
  /** In the agent's own unit: some count in seconds and some in milliseconds. */
  readonly timeout: number;
  /** Events that are posted where the user wants no process started; the agent has no such hooks otherwise. */
  readonly http?: { readonly except: readonly string[]; readonly timeout: number };
  /** The event of a prompt that can be blocked, and how long the agent waits for an answer, in its own unit. */
  readonly prompt?: { readonly event: string; readonly timeout: number };
  /** The file is ours alone, in a folder of which the agent reads all files. */
  readonly isOwnFile?: boolean;
  /** A setting that is missing and that the agent's turns are slow without. */
  readonly missing?: MissingSetting;
  /** What the user has to know or do beside this. */
  readonly note?: string;
}

const CLAUDE_LIKE = [
  "SessionStart",
  "UserPromptSubmit",
  "PreToolUse",
  "PostToolUse",
  "PostToolUseFailure",
  "PostToolBatch",
  "Stop",
  "StopFailure",
  "SubagentStart",
  "SubagentStop",
  "Notification",
  "PermissionRequest",
  "SessionEnd",
];

export const agentSettings: Readonly<Record<CliAgentId, AgentSettings>> = {
  "claude-code": {
    file: (scope, { env, home, cwd }) =>
      ({
        user: path.join(env["CLAUDE_CONFIG_DIR"] || path.join(home, ".claude"), "settings.json"),
        project: path.join(cwd, ".claude", "settings.local.json"),
        managed: "/etc/claude-code/managed-settings.json",
      })[scope],
    events: [...CLAUDE_LIKE, "PostModelSwitch", "ConfigChange"],
    json: "plain",
    timeout: 5,
    http: { except: ["SessionStart"], timeout: 5 },
    prompt: { event: "UserPromptSubmit", timeout: 20 },
  },
  "hawa-code": {
    // Its manual has one more file, a project's, and that is for everybody who works on it.
    file: (scope, { home }) =>
      scope === "user" ? path.join(home, ".hcode", "settings.json") : undefined,
    events: ["SessionEnd"],
    json: "plain",
    timeout: 5,
  },
  "qwen-code": {
    file: (scope, { env, home }) =>
      ({
        user: path.join(env["QWEN_HOME"] || path.join(home, ".qwen"), "settings.json"),
        project: undefined,
        managed: "/etc/qwen-code/settings.json",
      })[scope],
    events: CLAUDE_LIKE,
    json: "commented",
    timeout: 5000,
    // Its process is known from this one event, which is a command for that.
    http: { except: ["SessionStart"], timeout: 5 },
    prompt: { event: "UserPromptSubmit", timeout: 20_000 },
    missing: qwenEndpoint,
  },
  "gemini-cli": {
    file: (scope, { env, home }) =>
      ({
        user: path.join(env["GEMINI_CLI_HOME"] || home, ".gemini", "settings.json"),
        project: undefined,
        managed: "/etc/gemini-cli/settings.json",
      })[scope],
    events: [
      "SessionStart",
      "BeforeAgent",
      "BeforeTool",
      "AfterTool",
      "AfterAgent",
      "Notification",
      "SessionEnd",
    ],
    json: "commented",
    timeout: 5000,
    prompt: { event: "BeforeAgent", timeout: 20_000 },
  },
  codex: {
    file: (scope, { env, home }) =>
      scope === "user"
        ? path.join(env["CODEX_HOME"] || path.join(home, ".codex"), "hooks.json")
        : undefined,
    events: [
      "SessionStart",
      "UserPromptSubmit",
      "PreToolUse",
      "PostToolUse",
      "Stop",
      "Interrupt",
      "SubagentStart",
      "SubagentStop",
      "PermissionRequest",
      "SessionEnd",
    ],
    json: "plain",
    timeout: 3,
    prompt: { event: "UserPromptSubmit", timeout: 20 },
    note: "Codex asks once whether it may run these hooks: say yes, or nothing is recorded.",
  },
  copilot: {
    file: (scope, { env, home }) =>
      ({
        user: path.join(env["COPILOT_HOME"] || path.join(home, ".copilot"), "hooks/turnspan.json"),
        project: undefined,
        managed: "/etc/github-copilot/policy.d/turnspan.json",
      })[scope],
    events: [
      "SessionStart",
      "UserPromptSubmit",
      "PreToolUse",
      "PostToolUse",
      "PostToolUseFailure",
      "Stop",
      "SubagentStop",
      "ErrorOccurred",
      "SessionEnd",
    ],
    json: "plain",
    timeout: 5,
    isOwnFile: true,
    note: "What its hooks tell is all there is: tokens and cost are not told.",
  },
};
