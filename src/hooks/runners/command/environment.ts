import type { AnyPayload } from "../../payload.ts";
import { RUN_MARKER } from "./escaped-processes.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What programs need to run at all. Nothing else is handed on: environments hold keys and tokens. */
const HANDED_ON = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ"],
  // Without these no program starts on Windows.
  ...["SystemRoot", "ComSpec", "PATHEXT", "USERPROFILE", "TEMP", "TMP"],
] as const;

export interface CommandEnvironment {
  readonly env: Env;
  /** Names that the entry asks for. */
  readonly declared: readonly string[];
  readonly name: string;
  readonly cwd: string;
}

/** What of an event a command finds in its environment. */
export type CommandMoment = Pick<AnyPayload, "hookPoint" | "traceparent">;

/** The environment of a command: the few that every program needs, those declared, and ours. */
export function commandEnvironment(
  moment: CommandMoment,
  { env, declared, name, cwd }: CommandEnvironment,
): Record<string, string> {
  const ours = {
    TRACEPARENT: moment.traceparent,
    TURNSPAN_HOOK: moment.hookPoint,
    TURNSPAN_HOOK_NAME: name,
    TURNSPAN_PROJECT_DIR: cwd,
    // What hook scripts of CLI agents find their files by; several agents set it for that reason.
    CLAUDE_PROJECT_DIR: cwd,
    [RUN_MARKER]: env[RUN_MARKER],
  };
  const handedOn = [...HANDED_ON, ...declared].map((key) => [key, env[key]] as const);
  const all = [...handedOn, ...Object.entries(ours)];
  return Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
