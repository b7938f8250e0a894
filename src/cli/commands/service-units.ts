import { dirname, join } from "node:path";

/** What starts the server on a machine. */
export interface ServiceUnit {
  readonly file: string;
  readonly text: string;
}

/** How the command is called: the file that a package manager keeps in place when it upgrades. */
export interface ServiceProgram {
  readonly node: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Folders to look for Node in, when that one is gone after an upgrade. */
  readonly path: string;
}

export const UNIT_NAME = "turnspan.service";
export const LAUNCHD_LABEL = "dev.turnspan.server";

/** systemd takes a backslash for an escape, a quote for a quote and a percent sign for a specifier. */
const systemdText = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;

/** In a command it takes a dollar sign for a variable. */
const systemdWord = (word: string): string => systemdText(word).replaceAll("$", "$$$$");

/**
 * Node by its name, with its folder first in the path: where an upgrade has removed that one, the next is found,
 * and the command says so itself where it is too old.
 */
const wordsOf = ({ script, args }: ServiceProgram): string[] => [
  "/usr/bin/env",
  "node",
  script,
  ...args,
];

const MARK = "Written by turnspan service install. Changes belong into a drop-in: they are kept.";

/** A systemd unit of the user's own. */
export function systemdUnit(configHome: string, program: ServiceProgram): ServiceUnit {
  const command = wordsOf(program).map(systemdWord).join(" ");
  const path = systemdText(`PATH=${dirname(program.node)}:${program.path}`);
  return {
    file: join(configHome, "systemd", "user", UNIT_NAME),
    text: `# ${MARK} (systemctl --user edit turnspan)
[Unit]
Description=Turnspan: telemetry of AI agents on this machine
# What fails at once, such as a port that somebody has, is not tried for ever.
StartLimitIntervalSec=120
StartLimitBurst=10

[Service]
Type=exec
Environment=${path}
ExecStart=${command}
Restart=on-failure
RestartSec=5
# What was taken is written before the end.
TimeoutStopSec=35
NoNewPrivileges=yes
LimitCORE=0

[Install]
WantedBy=default.target
`,
  };
}

const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A launchd agent of the user's own. */
export function launchdUnit(home: string, program: ServiceProgram, logFile: string): ServiceUnit {
  const words = wordsOf(program)
    .map((word) => `    <string>${xml(word)}</string>`)
    .join("\n");
  const path = xml(`${dirname(program.node)}:${program.path}`);
  return {
    file: join(home, "Library", "LaunchAgents", `${LAUNCHD_LABEL}.plist`),
    text: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${MARK.split(".")[0]}. -->
<plist version="1.0">
<dict>
  <key>Label</key><string>${LAUNCHD_LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>EnvironmentVariables</key>
  <dict><key>PATH</key><string>${path}</string></dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ExitTimeOut</key><integer>35</integer>
  <key>StandardOutPath</key><string>${xml(logFile)}</string>
  <key>StandardErrorPath</key><string>${xml(logFile)}</string>
</dict>
</plist>
`,
  };
}
