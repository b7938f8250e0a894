import { CodedError } from "../../base/errors.ts";
import { CAPTURE_MARK } from "./capture-script.ts";
import type { CaptureEntries } from "./edit-settings.ts";

/** The content of a file of hooks that is ours alone, in a folder of which an agent reads all files. */
export function ownHooksFile(entries: CaptureEntries, platform: NodeJS.Platform): string {
  const shell = platform === "win32" ? "powershell" : "bash";
  const hooks = Object.entries(entries).map(([event, entry]) => [
    event,
    entry.type === "command"
      ? [{ type: entry.type, [shell]: entry.command, timeoutSec: entry.timeout }]
      : [],
  ]);
  return `${JSON.stringify({ version: 1, hooks: Object.fromEntries(hooks) }, undefined, 2)}\n`;
}

export const isOwnHooksFile = (content: string): boolean => content.includes(CAPTURE_MARK);

/** Throws AGENT_SETTINGS_INVALID where somebody else has a file of that name. */
export function assertOwnHooksFile(file: string, content: string | undefined): void {
  if (content === undefined || isOwnHooksFile(content)) return;
  const problem = `${file} is there, is not ours, and was not touched: give it another name first`;
  throw new CodedError("AGENT_SETTINGS_INVALID", problem);
}
