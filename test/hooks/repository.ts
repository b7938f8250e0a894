import { type LoadedConfig, loadConfig } from "../../src/hooks/config/load.ts";
import { ApprovalFile } from "../../src/hooks/trust/trust.ts";
import { TurnspanConfig } from "../../src/sdk/config-file.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

export interface TestRepository extends Disposable {
  /** The user's home, with their own config. */
  readonly home: TemporaryFolder;
  readonly root: TemporaryFolder;
  /** A place outside of both. */
  readonly outside: TemporaryFolder;
  readonly env: Readonly<Record<string, string>>;
  load(env?: Readonly<Record<string, string>>): Promise<LoadedConfig<TurnspanConfig>>;
  /** Approves the repository's config as it is now. */
  approve(): Promise<void>;
}

/** A repository with these files, and a user who has none of their own. */
export function makeRepository(files: Readonly<Record<string, string | object>>): TestRepository {
  const made = new DisposableStack();
  const home = made.use(makeTemporaryFolder());
  const root = made.use(makeTemporaryFolder({ ".git/HEAD": "ref: refs/heads/main", ...files }));
  const outside = made.use(makeTemporaryFolder());
  const env = { HOME: home.path, PATH: process.env["PATH"] ?? "" };
  const load = (given: Readonly<Record<string, string>> = env) =>
    loadConfig(TurnspanConfig, { env: given, cwd: root.path });
  return {
    ...{ home, root, outside, env, load },
    approve: async () => {
      const { unapproved } = await load();
      if (unapproved === undefined) throw new Error("there is nothing to approve");
      const approvals = new ApprovalFile(`${home.path}/.config/turnspan`);
      await approvals.approve(unapproved.content, new Date());
    },
    [Symbol.dispose]: () => made.dispose(),
  };
}
