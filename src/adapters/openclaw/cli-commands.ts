import { type Answer, askStatus, type CommandOptions, refusal, unreachable } from "./cli-answer.ts";
import { findProblems } from "./cli-doctor.ts";
import { followTurn } from "./cli-test.ts";
import type { CommandName } from "./commands.ts";
import { statusText } from "./status.ts";

/** Runs one of `openclaw turnspan`'s commands, and prints what it says. */
export async function runCommand(name: CommandName, options: CommandOptions): Promise<void> {
  const answer = await commands[name](options);
  process.stdout.write(`${options.isJson ? JSON.stringify(answer.json) : answer.text}\n`);
  if (!answer.isGood) process.exitCode = 1;
}

const commands: Readonly<Record<CommandName, (options: CommandOptions) => Promise<Answer>>> = {
  status: showStatus,
  doctor: findProblems,
  test: followTurn,
};

async function showStatus({ config }: CommandOptions): Promise<Answer> {
  try {
    const status = await askStatus(config);
    return { json: status, text: statusText(status), isGood: status.running };
  } catch (error) {
    return refusal(unreachable(error));
  }
}
