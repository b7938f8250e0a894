import path from "node:path";
import { runProcess } from "../run-process.ts";
import { gatewayEnvironment } from "./gateway.ts";

/**
 * Runs a command of `openclaw`'s: of the package in the folder `host`, for the gateway whose state is in `work`.
 * Returns its standard output. Rejects where it ends in another way.
 */
export async function openclaw(
  host: string,
  work: string,
  args: readonly string[],
  exitCode = 0,
): Promise<string> {
  const file = path.join(host, "node_modules/openclaw/openclaw.mjs");
  const env = gatewayEnvironment(work);
  const { code, stdout, stderr } = await runProcess(process.execPath, [file, ...args], {
    env,
    cwd: work,
  });
  if (code !== exitCode)
    throw new Error(`openclaw ${args.join(" ")} (${code}):\n${stdout}\n${stderr}`);
  return stdout;
}
