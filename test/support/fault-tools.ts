import { runProcess } from "./run-process.ts";

/** Programs that the fault tests need, and the Debian packages that have them; `.ci/install-fault-tools` installs them. */
const TOOLS = {
  strace: "strace",
  "mkfs.ext4": "e2fsprogs",
  mount: "mount",
  // 1.19 or later: it builds Toxiproxy.
  go: "golang-go",
};

/**
 * Runs once before the fault tests: says what they lack, all at once, instead of tests that are skipped or
 * fail without a word.
 */
export async function setup(): Promise<void> {
  const missing: string[] = [];
  for (const [tool, debianPackage] of Object.entries(TOOLS)) {
    const { code } = await runProcess("sh", ["-c", `command -v ${tool}`]);
    if (code !== 0) missing.push(`${tool} (apt-get install ${debianPackage})`);
  }
  if (process.getuid?.() !== 0)
    missing.push("root: file systems are mounted, to be filled and cut off");
  if (missing.length > 0) throw new Error(`The fault tests need:\n  ${missing.join("\n  ")}`);
}
