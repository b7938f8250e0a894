import { hash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { CodedError } from "../../base/errors.ts";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";
import type { ConfiguredHook } from "../config/configured-hook.ts";
import { isInside } from "../runners/work-folder.ts";
import { type FileHashes, hashNamedFiles } from "./named-files.ts";

/** What an approval covers: a config as it is, byte for byte, and the files that it runs. */
export interface RepositoryContent {
  /** The repository's real path: a copy of it elsewhere is another one. */
  readonly root: string;
  readonly configHash: string;
  readonly files: FileHashes;
}

const Approvals = z.strictObject({
  version: z.literal(1),
  approvals: z.array(
    z.strictObject({ root: z.string(), digest: z.string(), approvedAt: z.iso.datetime() }),
  ),
});
type Approval = z.infer<typeof Approvals>["approvals"][number];

/** Hashes a repository's config and every file of the repository that its hooks name. */
export async function hashContent(
  root: string,
  configText: string,
  hooks: readonly ConfiguredHook[],
): Promise<RepositoryContent> {
  const files: Record<string, string> = {};
  for (const { action } of hooks) Object.assign(files, await hashNamedFiles(action, root, root));
  const sorted = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1));
  const configHash = hash("sha256", configText, "hex");
  return { root, configHash, files: Object.fromEntries(sorted) };
}

/** One text for the whole content: any change of it is a change of this. */
export const digestOf = ({ root, configHash, files }: RepositoryContent): string =>
  hash("sha256", JSON.stringify([root, configHash, Object.entries(files)]), "hex");

/** Approvals of one user. They lie in the user's own folder, never in a repository. */
export class ApprovalFile {
  readonly #file: string;

  constructor(configFolder: string) {
    this.#file = path.join(configFolder, "trust.json");
  }

  async isApproved(content: RepositoryContent): Promise<boolean> {
    const approvals = await this.#read(content.root);
    const digest = digestOf(content);
    return approvals.some(
      (approval) => approval.root === content.root && approval.digest === digest,
    );
  }

  /** Approves this content; whatever was approved of the repository before is not any more. */
  async approve(content: RepositoryContent, approvedAt: Date): Promise<void> {
    const { root } = content;
    const others = (await this.#read(root)).filter((approval) => approval.root !== root);
    const approval = { root, digest: digestOf(content), approvedAt: approvedAt.toISOString() };
    await this.#write([...others, approval]);
  }

  /** Says whether there was an approval. */
  async revoke(root: string): Promise<boolean> {
    const approvals = await this.#read(root);
    const others = approvals.filter((approval) => approval.root !== root);
    if (others.length === approvals.length) return false;
    await this.#write(others);
    return true;
  }

  async #read(root: string): Promise<readonly Approval[]> {
    const text = await readIfThere(this.#file);
    if (text === undefined) return [];
    await this.#refuseForeign(root);
    const parsed = Approvals.safeParse(parseJson(text));
    if (parsed.success) return parsed.data.approvals;
    throw this.#invalid("is not what turnspan hooks trust writes; delete it and approve anew");
  }

  /** Whoever can write this file can approve: it must not come with a repository, or from another user. */
  async #refuseForeign(root: string): Promise<void> {
    const real = await realpath(this.#file);
    if (isInside(root, real)) throw this.#invalid(`lies in the repository ${root}`);
    // Windows has neither of these; there, only the owner may enter the user's folder.
    if (process.getuid === undefined) return;
    const { uid, mode } = await stat(real);
    if (uid !== process.getuid()) throw this.#invalid("belongs to another user");
    if ((mode & OTHERS_MAY_WRITE) !== 0) throw this.#invalid("may be written by other users");
  }

  async #write(approvals: readonly Approval[]): Promise<void> {
    await makeOwnFolder(path.dirname(this.#file));
    await replaceFile(this.#file, `${JSON.stringify({ version: 1, approvals }, undefined, 2)}\n`);
  }

  #invalid(problem: string): CodedError {
    return new CodedError(
      "CONFIG_INVALID",
      `The approvals in ${this.#file} are not used: it ${problem}`,
    );
  }
}

const OTHERS_MAY_WRITE = 0o022;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Says why a hook of an approved repository must not run now; undefined where it may. Asked before each
 * run, since a file may change at any time, and since a session's folder decides what a word names.
 */
export async function findTrustProblem(
  approved: RepositoryContent,
  configFile: string,
  { action }: ConfiguredHook,
  workFolder: string,
): Promise<string | undefined> {
  const text = await readFile(configFile, "utf8").catch(() => "");
  if (hash("sha256", text, "hex") !== approved.configHash) return `${configFile} was changed`;
  const named = await hashNamedFiles(action, approved.root, await realFolder(workFolder));
  const changed = Object.entries(named).find(([file, hashed]) => approved.files[file] !== hashed);
  return changed && `${changed[0]} is not as it was approved`;
}

const realFolder = (folder: string): Promise<string> => realpath(folder).catch(() => folder);

/** Why a script may not be a repository's; undefined where it lies in it, links followed. */
export async function findScriptProblem(root: string, file: string): Promise<string | undefined> {
  const real = await realpath(file).catch(() => undefined);
  if (real === undefined) return `there is no file ${file}`;
  return isInside(root, real) ? undefined : `${real} is outside of the repository ${root}`;
}
