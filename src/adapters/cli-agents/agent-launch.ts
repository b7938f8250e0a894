import { randomUUID } from "node:crypto";
import path from "node:path";
import type { CliAgentId } from "./transcript.ts";

/** Programs that let us name a new session; others make an id up, and their hooks tell it. */
const agentsByProgram: ReadonlyMap<string, CliAgentId> = new Map([
  ["claude", "claude-code"],
  ["qwen", "qwen-code"],
  ["gemini", "gemini-cli"],
]);
const SESSION_OPTION = "--session-id";

/** A program as it is to be started. */
export interface Launch {
  readonly args: readonly string[];
  /** The agent and the id of its session, where both are known before it starts. */
  readonly session: { readonly agent: CliAgentId; readonly sessionId: string } | undefined;
}

/** The user goes on with a session, or names one: its id is not ours to choose. */
const NAMES_SESSION =
  /^--(session-id|session-file|resume|continue|fork-session|from-pr|teleport|remote|cloud|background|bg)(=|$)/;
/** The same in one letter, perhaps among others; agents have no other option with these letters in front. */
const SHORT_RESUME = /^-[a-z]*[cr][a-z]*$/;
/** These start no session of their own. */
const TELLS_ONLY = /^(-h|--help|-v|-V|--version|--list-sessions|--delete-session)(=|$)/;
/** A first argument like this may be a command of the agent's that works on something else. */
const COMMAND = /^[a-z][a-z-]*$/;

/** Names the new session of an agent that lets us, and leaves every other command as it is. */
export function planLaunch(program: string, args: readonly string[]): Launch {
  const name = path.basename(program).replace(/\.(exe|cmd|ps1)$/i, "");
  const agent = agentsByProgram.get(name);
  if (agent === undefined) return { args, session: undefined };
  const given = readOption(SESSION_OPTION, args);
  if (given !== undefined && !args.some((argument) => /^--fork-session/.test(argument))) {
    return { args, session: { agent, sessionId: given } };
  }
  if (!startsNew(args)) return { args, session: undefined };
  const sessionId = randomUUID();
  return { args: [SESSION_OPTION, sessionId, ...args], session: { agent, sessionId } };
}

const startsNew = (args: readonly string[]): boolean =>
  !COMMAND.test(args[0] ?? "") &&
  !args.some((each) => [NAMES_SESSION, SHORT_RESUME, TELLS_ONLY].some((no) => no.test(each)));

function readOption(option: string, args: readonly string[]): string | undefined {
  const at = args.indexOf(option);
  if (at >= 0) return args[at + 1];
  return args.find((each) => each.startsWith(`${option}=`))?.slice(option.length + 1);
}
