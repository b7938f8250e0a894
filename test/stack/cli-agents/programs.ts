import path from "node:path";
import type { CliAgentId } from "../../../src/adapters/cli-agents/transcript.ts";

/** Agents that come as packages. */
export type InstalledAgent = Exclude<CliAgentId, "hawa-code" | "copilot">;

/** What a program runs with: where its model is, and its home. */
interface Place {
  readonly home: string;
  readonly modelUrl: string;
}

/** How an agent is run without a terminal. */
export interface Program {
  readonly env: (place: Place) => NodeJS.ProcessEnv;
  /** Settings that it has before anything is installed into it, by their path below the home folder. */
  readonly files: (place: Place) => Readonly<Record<string, string>>;
  /** The settings file that hooks go into, below the home folder. */
  readonly settings: string;
  readonly command: (prompt: string, goesOn: boolean) => readonly string[];
}

const modules = path.join(import.meta.dirname, "node_modules");
const target = `${process.platform}-${process.arch}`;
const binary = (...parts: readonly string[]): string => path.join(modules, ...parts);

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

const claude = binary(`@anthropic-ai/claude-code-${target}`, "claude");
const qwen = binary(".bin/qwen");
const gemini = binary(".bin/gemini");
const triple = process.arch === "arm64" ? "aarch64" : "x86_64";
const codex = binary(`@openai/codex-${target}/vendor/${triple}-unknown-linux-musl/bin/codex`);

export const programs: Readonly<Record<InstalledAgent, Program>> = {
  "claude-code": {
    env: ({ modelUrl }) => ({
      ...{ ANTHROPIC_BASE_URL: modelUrl, ANTHROPIC_API_KEY: "sk-no-key", IS_SANDBOX: "1" },
      ...{ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1" },
      ...{ DISABLE_TELEMETRY: "1", DISABLE_ERROR_REPORTING: "1", CLAUDE_CODE_MAX_RETRIES: "1" },
    }),
    files: () => ({ ".claude/settings.json": '{\n\t"cleanupPeriodDays" : 99\n}' }),
    settings: ".claude/settings.json",
    command: (prompt, goesOn) => [
      ...[claude, "-p", prompt, "--allowedTools", "Bash", "Agent", "Task"],
      ...(goesOn ? ["-c"] : []),
    ],
  },
  "qwen-code": {
    env: ({ modelUrl }) => ({
      ...{ OPENAI_API_KEY: "sk-no-key", OPENAI_BASE_URL: `${modelUrl}/v1` },
      OPENAI_MODEL: "qwen3-coder-plus",
    }),
    files: () => ({
      ".qwen/settings.json": json({
        ...{ $version: 3, privacy: { usageStatisticsEnabled: false } },
        general: { enableAutoUpdate: false, disableAutoUpdate: true, disableUpdateNag: true },
        security: { auth: { selectedType: "openai" }, folderTrust: { enabled: false } },
        telemetry: { enabled: true, target: "local", otlpEndpoint: "" },
      }),
    }),
    settings: ".qwen/settings.json",
    command: (prompt, goesOn) => [...[qwen, "-p", prompt, "--yolo"], ...(goesOn ? ["-c"] : [])],
  },
  "gemini-cli": {
    env: ({ modelUrl }) => ({
      ...{ GEMINI_API_KEY: "no-key", GOOGLE_GEMINI_BASE_URL: modelUrl },
      ...{ GEMINI_MODEL: "gemini-2.5-pro", GEMINI_CLI_TRUST_WORKSPACE: "true" },
    }),
    files: () => ({
      ".gemini/settings.json": json({
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, disableAutoUpdate: true },
        security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
      }),
    }),
    settings: ".gemini/settings.json",
    command: (prompt, goesOn) => [
      ...[gemini, "-p", prompt, "--yolo"],
      ...(goesOn ? ["--resume", "latest"] : []),
    ],
  },
  codex: {
    env: ({ home }) => ({ CODEX_HOME: path.join(home, ".codex"), MODEL_KEY: "no-key" }),
    files: ({ modelUrl }) => ({
      ".codex/config.toml": [
        'model = "gpt-5-codex"\nmodel_provider = "local"\ncheck_for_update_on_startup = false',
        "[analytics]\nenabled = false",
        '[model_providers.local]\nname = "local"\nwire_api = "responses"\nenv_key = "MODEL_KEY"',
        `base_url = "${modelUrl}/v1"\nrequest_max_retries = 1\nstream_max_retries = 1\n`,
      ].join("\n"),
    }),
    settings: ".codex/hooks.json",
    command: (prompt, goesOn) => [
      ...[codex, "exec", "--dangerously-bypass-hook-trust", "--skip-git-repo-check"],
      ...["-s", "danger-full-access", ...(goesOn ? ["resume", "--last"] : []), prompt],
    ],
  },
};
