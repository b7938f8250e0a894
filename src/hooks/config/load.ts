import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import type { z } from "zod";
import { isErrno } from "../../base/files.ts";
import { findConfigFolder } from "../../base/user-folders.ts";
import { resolveScript } from "../runners/script.ts";
import { isInside } from "../runners/work-folder.ts";
import {
  ApprovalFile,
  findScriptProblem,
  hashContent,
  type RepositoryContent,
} from "../trust/trust.ts";
import { type ConfigOrigin, type ConfiguredHook, listConfiguredHooks } from "./configured-hook.ts";
import { type ConfigWorld, findConfigPlaces } from "./places.ts";
import { type ConfigProblem, refuseProblems, toProblems } from "./problems.ts";
import type { HooksConfig } from "./schema.ts";

/** A config file that was read. */
export interface ConfigFile<C extends HooksConfig> {
  readonly origin: ConfigOrigin;
  readonly text: string;
  readonly config: C;
  /** As it was written, before defaults: what `config show` shows. */
  readonly raw: unknown;
}

/** Everything that is configured, from all places. */
export interface LoadedConfig<C extends HooksConfig = HooksConfig> {
  /** Files that count, in ascending precedence. */
  readonly files: readonly ConfigFile<C>[];
  /** What they have at hooks. */
  readonly hooks: readonly ConfiguredHook[];
  /** Of an approved repository: what exactly was approved. */
  readonly approved: RepositoryContent | undefined;
  /** A repository's config that the user has not approved as it is now. Nothing of it counts. */
  readonly unapproved: { readonly source: string; readonly content: RepositoryContent } | undefined;
}

/** What a config must be; `sdk` adds sections to those about hooks. */
export type ConfigSchema<C extends HooksConfig> = z.ZodType<C>;

/** A file's config, or all that is wrong with it; neither where there is no file. */
export interface ReadConfig<C extends HooksConfig> {
  readonly file?: ConfigFile<C>;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads the user's config and that of the repository they are in.
 * Throws CONFIG_INVALID with all that is wrong in those that count.
 */
export async function loadConfig<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  world: ConfigWorld,
  given: readonly ConfigFile<C>[] = [],
): Promise<LoadedConfig<C>> {
  const read = await Promise.all(
    (await findConfigPlaces(world)).map(async (origin) => ({
      origin,
      ...(await readConfig(schema, origin)),
    })),
  );
  const own = read.filter(({ origin }) => origin.kind !== "repository");
  const repository = read.find(({ origin }) => origin.kind === "repository");
  // What is wrong in a config that nobody approved must not keep anything from starting.
  refuseProblems(own.flatMap(({ problems }) => problems));
  const judged = await judgeRepository(repository?.file, world);
  const trusted = judged.approved === undefined ? [] : [repository?.file];
  const files = [...own.map(({ file }) => file), ...trusted, ...given];
  return { ...joinConfigs(files.filter((file) => file !== undefined)), ...judged };
}

/** Files as one config; without asking whether they may count. */
export function joinConfigs<C extends HooksConfig>(
  files: readonly ConfigFile<C>[],
): LoadedConfig<C> {
  return { files, hooks: listConfiguredHooks(files), approved: undefined, unapproved: undefined };
}

async function judgeRepository<C extends HooksConfig>(
  file: ConfigFile<C> | undefined,
  { env }: ConfigWorld,
): Promise<Pick<LoadedConfig, "approved" | "unapproved">> {
  const nothing = { approved: undefined, unapproved: undefined };
  if (file === undefined) return nothing;
  const content = await hashRepository(file);
  const folder = findConfigFolder(env);
  const isApproved = folder !== undefined && (await new ApprovalFile(folder).isApproved(content));
  return isApproved
    ? { ...nothing, approved: content }
    : { ...nothing, unapproved: { source: file.origin.source, content } };
}

/** What an approval of this repository's config would cover. */
export function hashRepository<C extends HooksConfig>({
  origin,
  text,
  config,
}: ConfigFile<C>): Promise<RepositoryContent> {
  return hashContent(origin.folder, text, listConfiguredHooks([{ origin, config }]));
}

/** Reads one file and checks it, with the files that it names. Throws only for what no file can be blamed for. */
export async function readConfig<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  origin: ConfigOrigin,
): Promise<ReadConfig<C>> {
  const { source } = origin;
  let text: string;
  let raw: unknown;
  try {
    text = await readFile(source, "utf8");
    if (origin.kind === "repository") await refuseForeignFile(origin);
    raw = JSON.parse(text);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return { problems: [] };
    const message = error instanceof Error ? error.message : String(error);
    return { problems: [{ source, path: WHOLE_FILE, message }] };
  }
  const { config, problems } = await checkConfig(schema, raw, origin);
  return { problems, ...(config && { file: { origin, text, config, raw } }) };
}

/** A link would let a repository point at a file that changes with no change of the repository. */
async function refuseForeignFile({ source, folder }: ConfigOrigin): Promise<void> {
  const real = await realpath(source);
  if (!isInside(folder, real)) throw new Error(`is a link to ${real}, outside of the repository`);
}

/** Checks a value against the schema, and what a schema cannot see. */
export async function checkConfig<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  raw: unknown,
  origin: ConfigOrigin,
): Promise<{ readonly config?: C; readonly problems: readonly ConfigProblem[] }> {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) return { problems: toProblems(origin.source, parsed.error) };
  const problems = await findScriptProblems({ origin, config: parsed.data });
  return problems.length > 0 ? { problems } : { config: parsed.data, problems };
}

/** A repository's scripts stay inside it. A user's own config may name any path. */
async function findScriptProblems(
  found: Parameters<typeof listConfiguredHooks>[0][number],
): Promise<ConfigProblem[]> {
  const { source, folder, kind } = found.origin;
  if (kind !== "repository") return [];
  const problems = listConfiguredHooks([found]).map(async ({ action, path: place }) => {
    if (action.type !== "script") return undefined;
    const message = await findScriptProblem(folder, resolveScript(action.script, found.origin));
    return message === undefined ? undefined : { source, path: `${place}.script`, message };
  });
  return (await Promise.all(problems)).filter((problem) => problem !== undefined);
}

/** The origin of a file that was named by hand or in code. */
export function originOfFile(file: string, cwd: string): ConfigOrigin {
  const source = path.resolve(cwd, file);
  return { kind: "code", source, folder: path.dirname(source) };
}

/**
 * Reads a config that a program was started with: a file's path, or what a file would hold. It is the
 * program's own, and counts without being approved. Throws CONFIG_INVALID with all that is wrong.
 */
export async function readGivenConfig<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  given: string | object,
  cwd: string,
): Promise<LoadedConfig<C>> {
  const { file, problems } = await (typeof given === "string"
    ? readGivenFile(schema, originOfFile(given, cwd))
    : checkGiven(schema, given, cwd));
  refuseProblems(problems);
  return joinConfigs(file === undefined ? [] : [file]);
}

async function readGivenFile<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  origin: ConfigOrigin,
): Promise<ReadConfig<C>> {
  const read = await readConfig(schema, origin);
  if (read.file !== undefined || read.problems.length > 0) return read;
  const missing = { source: origin.source, path: WHOLE_FILE, message: "does not exist" };
  return { problems: [missing] };
}

async function checkGiven<C extends HooksConfig>(
  schema: ConfigSchema<C>,
  raw: object,
  folder: string,
): Promise<ReadConfig<C>> {
  const origin = { kind: "code", source: "the config given in code", folder } as const;
  const { config, problems } = await checkConfig(schema, raw, origin);
  return { problems, ...(config && { file: { origin, text: "", config, raw } }) };
}

const WHOLE_FILE = "(the whole file)";
