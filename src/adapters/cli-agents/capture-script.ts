import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { makeOwnFolder, OWNER_ONLY_FOLDER, replaceFile } from "../../base/files.ts";
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

/** The same where there is no sh. It needs nothing but Node, of any version. */
const NODE_SCRIPT = `// Keeps one hook event of a coding agent for Turnspan ("turnspan uninstall" removes it).
// It prints {}, says nothing else and ends with 0, whatever happens.
// usage: node capture.cjs AGENT <EVENT
const fs = require("node:fs");
const path = require("node:path");
try {
  const event = fs.readFileSync(0);
  const own = process.argv[2] === "claude-code" ? Number(process.env.CLAUDE_PID) : 0;
  const pid = own || process.ppid;
  const spool = path.join(__dirname, "spool");
  for (let n = 0; n < 1000; n += 1) {
    const file = path.join(spool, pid + "-" + process.pid + "." + n);
    if (fs.existsSync(file + ".event")) continue;
    const id = process.env.TURNSPAN_RUN || "";
    const run = /^[A-Za-z0-9-]+$/.test(id) ? " " + id : "";
    const head = "turnspan 1 " + process.argv[2] + " " + pid + run + "\\n";
    try {
      fs.writeFileSync(file, Buffer.concat([Buffer.from(head), event]), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (error.code === "EEXIST") continue;
      throw error;
    }
    fs.renameSync(file, file + ".event");
    break;
  }
} catch {}
process.stdout.write("{}");
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

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What an agent's settings call. It does not need the script to be there. */
export function captureCommand(
  agent: CliAgentId,
  dataFolder: string,
  platform: NodeJS.Platform,
): string {
  const folder = captureFolder(dataFolder).replaceAll(path.sep, "/");
  if (platform === "win32") return `node "${folder}/capture.cjs" ${agent}`;
  const script = quoted(`${folder}/capture.sh`);
  return `if [ -f ${script} ]; then sh ${script} ${agent} $PPID; else cat >/dev/null; echo '{}'; fi`;
}
