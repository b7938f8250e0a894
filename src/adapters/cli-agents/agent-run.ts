import { readdir } from "node:fs/promises";
import path from "node:path";
import { cliAgents } from "./agents.ts";
import { EXIT_EVENT, LAUNCH_EVENT } from "./hook-moment.ts";
import { leaveEvent } from "./leave-event.ts";
import type { CliAgentId, Environment } from "./transcript.ts";

/** A session whose program `turnspan run` starts, known before any hook of it tells. */
export interface RunSession {
  readonly dataFolder: string;
  readonly agent: CliAgentId;
  readonly sessionId: string;
  readonly run: string;
  readonly pid: number;
  readonly cwd: string;
}

/** Leaves word that the program of a session runs. */
export const leaveLaunch = (session: RunSession, timeMs: number): Promise<void> =>
  leave(session, timeMs, { hook_event_name: LAUNCH_EVENT });

/** Leaves word that it has ended: `exit`, or `killed` where a signal ended it. */
export async function leaveExit(
  session: RunSession,
  timeMs: number,
  { reason, env }: { readonly reason: "exit" | "killed"; readonly env: Environment },
): Promise<void> {
  const transcript = await findTranscript(session, env);
  await leave(session, timeMs, {
    hook_event_name: EXIT_EVENT,
    reason,
    ...(transcript !== undefined && { transcript_path: transcript }),
  });
}

function leave(session: RunSession, timeMs: number, what: object): Promise<void> {
  const { dataFolder, agent, sessionId, run, pid, cwd } = session;
  const timestamp = new Date(timeMs).toISOString();
  const event = JSON.stringify({ ...what, session_id: sessionId, cwd, timestamp });
  return leaveEvent(dataFolder, { agent, event, process: String(pid), run });
}

/** The file that the session has written: agents put its id, or the beginning of it, into the name. */
async function findTranscript(
  { agent, sessionId }: RunSession,
  env: Environment,
): Promise<string | undefined> {
  const { folders, file } = cliAgents[agent].transcripts;
  const names = await Promise.all(folders(env, env["HOME"] || env["USERPROFILE"]).map(list));
  const isOwn = (name: string): boolean =>
    path.basename(name) === `${sessionId}.jsonl` ||
    path.basename(name).endsWith(`-${sessionId.slice(0, 8)}.jsonl`);
  return names.flat().find((name) => file.test(name.replaceAll(path.sep, "/")) && isOwn(name));
}

async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.map((name) => path.join(folder, name));
}
