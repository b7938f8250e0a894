import { realpath } from "node:fs/promises";
import { CodedError } from "../../base/errors.ts";
import { findConfigFolder } from "../../base/user-folders.ts";
import { listConfiguredHooks } from "../../hooks/config/configured-hook.ts";
import { type ConfigFile, hashRepository, readConfig } from "../../hooks/config/load.ts";
import { findConfigPlaces } from "../../hooks/config/places.ts";
import { refuseProblems } from "../../hooks/config/problems.ts";
import { ApprovalFile, digestOf, type RepositoryContent } from "../../hooks/trust/trust.ts";
import { TurnspanConfig } from "../../sdk/config-file.ts";
import { parseOptions } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hookRows, hookTable } from "../hook-text.ts";
import { printable } from "../output.ts";

const usage = `Usage: turnspan hooks trust [--approve DIGEST | --revoke | --json]

Shows the config of the repository you are in (.turnspan/config.json): what it would run,
and which files of the repository that is. Nothing of it counts until you approve it, and
any change of it, or of those files, makes it count no more.

  --approve DIGEST  approve exactly the content that was shown with this digest
  --revoke          take the approval back
  --json            show it as JSON
  -h, --help        print this

Exit code 1: there is nothing to approve, or it is not approved.
`;

/** `turnspan hooks trust`: 0 where the repository's config is approved as it is now. */
export async function trustHooks(args: readonly string[], cli: CliContext): Promise<number> {
  const { values } = parseOptions(
    "hooks trust",
    args,
    {
      approve: { type: "string" },
      revoke: { type: "boolean" },
      json: { type: "boolean" },
    },
    usage,
  );
  const approvals = openApprovals(cli);
  const places = await findConfigPlaces(cli);
  const origin = places.find(({ kind }) => kind === "repository");
  if (values.revoke) return revoke(approvals, origin?.folder ?? cli.cwd, cli);
  const { file, problems } = origin ? await readConfig(TurnspanConfig, origin) : { problems: [] };
  refuseProblems(problems);
  if (file === undefined) {
    cli.stderr.write(`This repository has no config: there is no ${origin?.source}\n`);
    return 1;
  }
  const content = await hashRepository(file);
  if (values.approve !== undefined) return approve(values.approve, content, approvals, cli);
  const isApproved = await approvals.isApproved(content);
  if (!values.json) return show(file, content, isApproved, cli);
  cli.stdout.write(`${JSON.stringify(toJson(file, content, isApproved))}\n`);
  return isApproved ? 0 : 1;
}

const toJson = (
  { origin, text, config }: ConfigFile<TurnspanConfig>,
  content: RepositoryContent,
  approved: boolean,
): object => ({
  ...{ source: origin.source, approved, digest: digestOf(content), config: text },
  files: Object.keys(content.files),
  hooks: hookRows(listConfiguredHooks([{ origin, config }])),
});

function openApprovals(cli: CliContext): ApprovalFile {
  const folder = findConfigFolder(cli.env);
  if (folder === undefined) {
    throw new CodedError("USAGE", "No place for approvals: set HOME or XDG_CONFIG_HOME");
  }
  return new ApprovalFile(folder);
}

async function revoke(approvals: ApprovalFile, folder: string, cli: CliContext): Promise<number> {
  const root = await realpath(folder);
  const was = await approvals.revoke(root);
  cli.stdout.write(was ? `${root} is not approved any more\n` : `${root} was not approved\n`);
  return 0;
}

/** Only what was shown can be approved: it may have changed since. */
async function approve(
  digest: string,
  content: RepositoryContent,
  approvals: ApprovalFile,
  cli: CliContext,
): Promise<number> {
  if (digest !== digestOf(content)) {
    cli.stderr.write(
      "Not approved: this is not the content that has this digest. Look at it anew.\n",
    );
    return 1;
  }
  await approvals.approve(content, new Date(cli.now()));
  cli.stdout.write(`${content.root} is approved as it is now\n`);
  return 0;
}

function show(
  { origin, text, config }: ConfigFile<TurnspanConfig>,
  content: RepositoryContent,
  isApproved: boolean,
  cli: CliContext,
): number {
  const hooks = listConfiguredHooks([{ origin, config }]);
  const files = Object.keys(content.files).map((file) => `  ${printable(file)}\n`);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line)}\n`);
  cli.stdout.write(`${origin.source}\n\n${lines.join("")}\n`);
  if (hooks.length > 0) cli.stdout.write(`${hookTable(hooks)}\n`);
  if (files.length > 0)
    cli.stdout.write(`Files of the repository that this names:\n${files.join("")}\n`);
  if (isApproved) {
    cli.stdout.write("You approved exactly this.\n");
    return 0;
  }
  cli.stdout.write(
    `To approve exactly this:\n  turnspan hooks trust --approve ${digestOf(content)}\n`,
  );
  return 1;
}
