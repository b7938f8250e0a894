import { hash } from "node:crypto";
import { chmod, mkdir, readdir, realpath, rm, stat } from "node:fs/promises";
import path from "node:path";
import { CodedError } from "../../base/errors.ts";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import {
  type AgentSettings,
  agentSettings,
  type SettingsPlace,
  type SettingsScope,
} from "./agent-settings.ts";
import { cliAgents, isCliAgent } from "./agents.ts";
import {
  ASK_QUERY,
  askCommand,
  type BeforeTurn,
  captureCommand,
  captureFolder,
  HOOK_PATH,
  writeCaptureScripts,
} from "./capture-script.ts";
import {
  addEntries,
  addMissing,
  type CaptureEntries,
  type CaptureEntry,
  findForm,
  hasEntries,
  removeEntries,
  removeMissing,
} from "./edit-settings.ts";
import { record, text } from "./fields.ts";
import { assertOwnHooksFile, isOwnHooksFile, ownHooksFile } from "./own-hooks-file.ts";
import type { CliAgentId } from "./transcript.ts";

export interface InstallOptions extends SettingsPlace {
  readonly agent: CliAgentId;
  readonly scope: SettingsScope;
  readonly dataFolder: string;
  readonly platform: NodeJS.Platform;
  /** Address of the server that events are posted to, instead of being kept by a command. */
  readonly hookUrl?: string | undefined;
  /** Prompts wait for what `beforeTurn` hooks say. Default: nothing waits. */
  readonly beforeTurn?: BeforeTurn | undefined;
  /** The program that asks for them. */
  readonly node?: string | undefined;
}

/** Agents count the time of http hooks in seconds, whatever they do with commands. */
const ASK_HTTP_S = 20;

/** A settings file as it is and as it is to be; equal where there is nothing to do. */
export interface SettingsChange {
  readonly agent: CliAgentId;
  readonly file: string;
  /** Undefined: there is no file. */
  readonly before: string | undefined;
  /** Undefined: there is to be none. */
  readonly after: string | undefined;
}

function settingsFile({ agent, scope, ...place }: InstallOptions): string {
  const file = agentSettings[agent].file(scope, place);
  if (file !== undefined) return file;
  throw new CodedError(
    "USAGE",
    `${cliAgents[agent].title} has no ${scope} settings that are yours alone: leave --${scope} out`,
  );
}

function entriesOf(options: InstallOptions): CaptureEntries {
  const { agent, hookUrl, beforeTurn } = options;
  const { events, timeout, http } = agentSettings[agent];
  const command = captureCommand(options);
  if (hookUrl !== undefined && http === undefined) {
    throw new CodedError("USAGE", `${cliAgents[agent].title} has no http hooks: leave --http out`);
  }
  const entryOf = (event: string): CaptureEntry =>
    hookUrl === undefined || http === undefined || http.except.includes(event)
      ? { type: "command", command, timeout }
      : { type: "http", url: `${hookUrl}${HOOK_PATH}${agent}`, timeout: http.timeout };
  const entries = Object.fromEntries(events.map((event) => [event, entryOf(event)]));
  return beforeTurn === undefined ? entries : { ...entries, ...askEntry(options, beforeTurn) };
}

/** The prompt's entry, where the agent waits for what it is answered. */
function askEntry(options: InstallOptions, mode: BeforeTurn): CaptureEntries {
  const { agent, hookUrl, node = process.execPath } = options;
  const { prompt } = agentSettings[agent];
  if (prompt === undefined) {
    throw new CodedError(
      "USAGE",
      `${cliAgents[agent].title} has no hook that could block a prompt: leave --before-turn out`,
    );
  }
  const { event, timeout } = prompt;
  if (hookUrl === undefined) {
    return { [event]: { type: "command", command: askCommand(options, mode, node), timeout } };
  }
  if (mode === "open") {
    const url = `${hookUrl}${HOOK_PATH}${agent}${ASK_QUERY}`;
    return { [event]: { type: "http", url, timeout: ASK_HTTP_S } };
  }
  throw new CodedError(
    "USAGE",
    "an http hook cannot block where no server answers: leave --http out, or use --before-turn open",
  );
}

/** What an installation would change. Throws AGENT_SETTINGS_INVALID. */
export async function planInstall(options: InstallOptions): Promise<SettingsChange> {
  const file = settingsFile(options);
  const before = await readIfThere(file);
  const entries = entriesOf(options);
  const { json, missing, isOwnFile } = agentSettings[options.agent];
  if (isOwnFile === true) {
    assertOwnHooksFile(file, before);
    return { agent: options.agent, file, before, after: ownHooksFile(entries, options.platform) };
  }
  const content = before?.trim() ? before : "{\n}\n";
  const settings = { file, content, json };
  const hooked = hasEntries(settings, entries) ? content : addEntries(settings, entries);
  const after = addMissing({ ...settings, content: hooked }, missing);
  return { agent: options.agent, file, before, after };
}

/** What an agent's settings have of ours. */
export interface Installed {
  readonly file: string;
  /** All of our hooks, in one form or the other. */
  readonly isWhole: boolean;
  /** Absent: no prompt waits for `beforeTurn` hooks. */
  readonly beforeTurn?: BeforeTurn | undefined;
}

/** Looks into an agent's settings. Throws AGENT_SETTINGS_INVALID. */
export async function readInstalled(options: InstallOptions): Promise<Installed> {
  const file = settingsFile(options);
  const content = await readIfThere(file);
  if (!content?.trim()) return { file, isWhole: false };
  if (agentSettings[options.agent].isOwnFile === true) {
    return { file, isWhole: content === ownHooksFile(entriesOf(options), options.platform) };
  }
  const settings = { file, content, json: agentSettings[options.agent].json };
  const { hookUrl, beforeTurn, node } = findForm(settings);
  const entries = entriesOf({ ...options, hookUrl, beforeTurn, node });
  return { file, isWhole: hasEntries(settings, entries), beforeTurn };
}

/** Writes the scripts, keeps what was there, and changes the settings. */
export async function install(
  change: SettingsChange,
  { dataFolder }: InstallOptions,
): Promise<void> {
  await writeCaptureScripts(dataFolder);
  if (change.after === undefined || change.after === change.before) return;
  await keepBackup(change, dataFolder);
  await mkdir(path.dirname(change.file), { recursive: true });
  await writeSettings(change.file, change.after);
}

/** A link to a file elsewhere stays one, and the file keeps its mode. */
async function writeSettings(file: string, content: string): Promise<void> {
  const real = await realpath(file).catch(() => file);
  const mode = await stat(real).then(
    (known) => known.mode & 0o777,
    () => 0o600,
  );
  await replaceFile(real, content);
  await chmod(real, mode);
}

const backupFolder = (dataFolder: string): string =>
  path.join(captureFolder(dataFolder), "backups");

const backupOf = (file: string, dataFolder: string): string =>
  path.join(backupFolder(dataFolder), `${hash("sha256", file).slice(0, 16)}.json`);

const digest = (content: string): string => hash("sha256", content);

interface Backup {
  readonly agent: CliAgentId;
  readonly file: string;
  readonly before: string | null;
  /** Of what we wrote: where the file still is that, what was before is put back as it was. */
  readonly after: string;
}

async function keepBackup(change: SettingsChange, dataFolder: string): Promise<void> {
  const { agent, file, before, after = "" } = change;
  await makeOwnFolder(backupFolder(dataFolder));
  const known = await readBackup(file, dataFolder);
  const isOurs = known !== undefined && known.after === digest(before ?? "");
  const original = isOurs ? known.before : (before ?? null);
  const backup: Backup = { agent, file, before: original, after: digest(after) };
  await replaceFile(backupOf(file, dataFolder), `${JSON.stringify(backup)}\n`);
}

async function readBackup(file: string, dataFolder: string): Promise<Backup | undefined> {
  return parseBackup(await readIfThere(backupOf(file, dataFolder)));
}

function parseBackup(content: string | undefined): Backup | undefined {
  try {
    const { agent, file, before, after } = record(JSON.parse(content ?? ""));
    const [name, place, sum] = [text(agent), text(file), text(after)];
    if (name === undefined || !isCliAgent(name) || place === undefined || sum === undefined) {
      return undefined;
    }
    return {
      agent: name,
      file: place,
      before: typeof before === "string" ? before : null,
      after: sum,
    };
  } catch {
    return undefined;
  }
}

/** What removing our entries would change: a file that nobody changed since becomes what it was. */
export async function planUninstall(options: InstallOptions): Promise<SettingsChange> {
  return planRemoval(options.agent, settingsFile(options), options.dataFolder);
}

async function planRemoval(
  agent: CliAgentId,
  file: string,
  dataFolder: string,
): Promise<SettingsChange> {
  const before = await readIfThere(file);
  if (before === undefined) return { agent, file, before, after: undefined };
  const backup = await readBackup(file, dataFolder);
  const isUntouched = backup !== undefined && backup.after === digest(before);
  if (isUntouched) return { agent, file, before, after: backup.before ?? undefined };
  const { json, missing, isOwnFile } = agentSettings[agent];
  if (isOwnFile === true)
    return { agent, file, before, after: isOwnHooksFile(before) ? undefined : before };
  const content = removeEntries({ file, content: before, json });
  const after = removeMissing({ file, content, json }, missing, backup?.before ?? "");
  return { agent, file, before, after };
}

/** Everything that was ever installed from this data folder. */
export async function planUninstallAll(dataFolder: string): Promise<SettingsChange[]> {
  const folder = backupFolder(dataFolder);
  const names = await readdir(folder).catch(() => []);
  const backups = await Promise.all(
    names.map(async (name) => parseBackup(await readIfThere(path.join(folder, name)))),
  );
  const known = backups.filter((backup) => backup !== undefined);
  return Promise.all(known.map(({ agent, file }) => planRemoval(agent, file, dataFolder)));
}

/** Removes our entries. The scripts stay: an agent that runs still calls them. */
export async function uninstall(change: SettingsChange, dataFolder: string): Promise<void> {
  const { file, before, after } = change;
  if (after === undefined && before !== undefined) await rm(file, { force: true });
  else if (after !== undefined && after !== before) await writeSettings(file, after);
  await rm(backupOf(file, dataFolder), { force: true });
}

/** Removes the scripts, what they left, and what was kept of it. */
export const purgeCapture = (dataFolder: string): Promise<void> =>
  rm(captureFolder(dataFolder), { recursive: true, force: true });

/** What there is to know beside the change. */
export const noteOf = (agent: CliAgentId): AgentSettings["note"] => agentSettings[agent].note;

/** Whether the agent has a hook that could block a prompt. */
export const canBlock = (agent: CliAgentId): boolean => agentSettings[agent].prompt !== undefined;
