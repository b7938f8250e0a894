import path from "node:path";
import type { SessionFiles } from "./find-transcripts.ts";
import { readHead } from "./sniff.ts";

/**
 * Puts the files of each session together where only their lines tell whose they are: some agents write a
 * subagent's transcript beside that of the session it works for. The session's own files come first.
 */
export async function joinSessions(
  sessions: readonly SessionFiles[],
  signal: AbortSignal,
): Promise<SessionFiles[]> {
  const joined = new Map<string, SessionFiles>();
  for (const session of sessions) {
    const key = `${session.agent.id} ${await keyOf(session, signal)}`;
    const known = joined.get(key);
    joined.set(key, known === undefined ? session : join(known, session));
  }
  return [...joined.values()].sort((a, b) => a.createdMs - b.createdMs);
}

async function keyOf({ agent, files }: SessionFiles, signal: AbortSignal): Promise<string> {
  const { sessionIn, sessionOf } = agent.transcripts;
  const [first] = files;
  if (first === undefined) return "";
  const name = first.path.replaceAll(path.sep, "/");
  const find = sessionIn?.(name);
  if (find === undefined) return sessionOf(name);
  const lines = await readHead(first.path, signal).catch(() => []);
  signal.throwIfAborted();
  for (const line of lines) {
    const told = find(line);
    if (told !== undefined) return told;
  }
  return sessionOf(name);
}

/** What was made first is the session's own: its subagents came after it, and end before it. */
function join(a: SessionFiles, b: SessionFiles): SessionFiles {
  const nameOf = ({ files }: SessionFiles): string => path.basename(files[0]?.path ?? "");
  const isSubagents = (session: SessionFiles): boolean => nameOf(session).startsWith("agent-");
  const isBFirst = isSubagents(a) || (!isSubagents(b) && nameOf(b) < nameOf(a));
  const [first, second] = isBFirst ? [b, a] : [a, b];
  return {
    agent: a.agent,
    files: [...first.files, ...second.files],
    sizeBytes: a.sizeBytes + b.sizeBytes,
    modifiedMs: Math.max(a.modifiedMs, b.modifiedMs),
    createdMs: Math.min(a.createdMs, b.createdMs),
  };
}
