import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { makeOwnFolder, OWNER_ONLY_FOLDER, replaceFile } from "../../base/files.ts";
import { NODE_SCRIPT } from "./node-script.ts";
import type { CliAgentId } from "./transcript.ts";

/** Where capture lies in the data folder, and what it leaves there. */
export const captureFolder = (dataFolder: string): string => path.join(dataFolder, "capture");
export const spoolFolder = (dataFolder: string): string =>
  path.join(captureFolder(dataFolder), "spool");

/**
 * One file an event, never one over another, there whole or not at all: parallel hooks cannot tear each
 * other's. The file's time is the time of the event. Only the
 * agent's process id and the id of the run are taken of the environment.
 */
const SHELL_SCRIPT = `#!/bin/sh
# Keeps one hook event of a coding agent for Turnspan ("turnspan uninstall" removes it).
# It prints {}, says nothing else and ends with 0, whatever happens.
# usage: capture.sh AGENT PROCESS-ID <EVENT
exec 2>/dev/null
umask 077
pid=$2
[ "$1" = claude-code ] && [ -n "$CLAUDE_PID" ] && pid=$CLAUDE_PID
case $TURNSPAN_RUN in *[!A-Za-z0-9-]*) run= ;; *) run=$TURNSPAN_RUN ;; esac
spool=\${0%/*}/spool
file=$spool/$pid-$$
n=0
if [ -d "$spool" ]; then
  set -C
  while [ -e "$file.$n.event" ] || ! true > "$file.$n"; do
    n=$((n + 1))
    [ "$n" -gt 999 ] && break
  done
  set +C
  if [ "$n" -le 999 ] && { printf 'turnspan 1 %s %s%s\\n' "$1" "$pid" "\${run:+ $run}"; cat; } >| "$file.$n"; then
    mv "$file.$n" "$file.$n.event"
  else
    rm -f "$file.$n"
    cat > /dev/null
  fi
else
  cat > /dev/null
fi
printf '{}'
exit 0
`;

/** Writes the scripts that agents call. They stay harmless when everything else of Turnspan is gone. */
export async function writeCaptureScripts(dataFolder: string): Promise<void> {
  const folder = captureFolder(dataFolder);
  await makeOwnFolder(spoolFolder(dataFolder));
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  await replaceFile(path.join(folder, "capture.sh"), SHELL_SCRIPT);
  await replaceFile(path.join(folder, "capture.cjs"), NODE_SCRIPT);
  await chmod(path.join(folder, "capture.sh"), 0o700);
}

/** By this an entry of ours is told from all others. */
export const CAPTURE_MARK = "/capture/capture.";

/** Where the server takes events by HTTP, below its OTLP address; this too is ours alone. */
export const HOOK_PATH = "/turnspan/hooks/";

/** Behind it, the agent waits for what `beforeTurn` hooks say. */
export const ASK_QUERY = "?ask";

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Where and for whom a command is. */
export interface CommandPlace {
  readonly agent: CliAgentId;
  readonly dataFolder: string;
  readonly platform: NodeJS.Platform;
}

/** What an agent's settings call. It does not need the script to be there. */
export function captureCommand({ agent, dataFolder, platform }: CommandPlace): string {
  const folder = captureFolder(dataFolder).replaceAll(path.sep, "/");
  if (platform === "win32") return `node "${folder}/capture.cjs" ${agent}`;
  const script = quoted(`${folder}/capture.sh`);
  return `if [ -f ${script} ]; then sh ${script} ${agent} $PPID; else cat >/dev/null; echo '{}'; fi`;
}

/** What becomes of a prompt when the server does not answer: it passes, or it is blocked. */
export type BeforeTurn = "open" | "closed";

const ASKING = /capture\.cjs['"] [a-z-]+ (?:\$PPID|0) (open|closed)/;

/** Whether an entry of ours asks the server, and what it does without an answer. */
export function beforeTurnOf(command: string | undefined, url: string | undefined) {
  if (url?.endsWith(ASK_QUERY)) return "open";
  return ASKING.exec(command ?? "")?.[1] as BeforeTurn | undefined;
}

/** The program that such a command names first. */
export const nodeOf = (command: string | undefined): string | undefined =>
  /^n='(.*?)'; \[ -x/.exec(command ?? "")?.[1]?.replaceAll("'\\''", "'");

/** The same for a prompt that waits for an answer of the server; `node` is the program that runs it. */
export function askCommand(place: CommandPlace, mode: BeforeTurn, node: string): string {
  const { agent, dataFolder, platform } = place;
  const folder = captureFolder(dataFolder).replaceAll(path.sep, "/");
  if (platform === "win32") return `node "${folder}/capture.cjs" ${agent} 0 ${mode}`;
  const script = quoted(`${folder}/capture.cjs`);
  const find = `n=${quoted(node)}; [ -x "$n" ] || n=$(command -v node)`;
  const ask = `"$n" ${script} ${agent} $PPID ${mode}`;
  return `${find}; if [ -n "$n" ] && [ -f ${script} ]; then ${ask}; ${captureCommand(place).replace(/^if/, "elif")}`;
}
