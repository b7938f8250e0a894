import { createCommandGroup } from "../command-group.ts";
import { checkHooks } from "./hooks-check.ts";
import { listHooks } from "./hooks-list.ts";
import { runHook } from "./hooks-run.ts";
import { trustHooks } from "./hooks-trust.ts";

const usage = `Usage: turnspan hooks list [--json]
       turnspan hooks check [FILE] [--json]
       turnspan hooks run NAME --event FILE [--config FILE] [--json]
       turnspan hooks trust [--approve DIGEST | --revoke | --json]

What is configured to run at which moment. Hooks are configured in
~/.config/turnspan/config.json, and in .turnspan/config.json of a repository, which counts
once you approved it.

  turnspan hooks list --help
  turnspan hooks check --help
  turnspan hooks run --help
  turnspan hooks trust --help
`;

/** `turnspan hooks`: shows, checks, tries and approves configured hooks. */
export const hooksCommand = createCommandGroup({
  name: "hooks",
  summary: "show, check, try and approve configured hooks",
  usage,
  actions: {
    list: listHooks,
    check: checkHooks,
    run: runHook,
    trust: trustHooks,
  },
});
