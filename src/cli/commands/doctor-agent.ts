import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { cliAgents } from "../../adapters/cli-agents/agents.ts";
import { captureFolder, spoolFolder } from "../../adapters/cli-agents/capture-script.ts";
import { isInstalled } from "../../adapters/cli-agents/install.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import { CodedError } from "../../base/errors.ts";
import { findServer } from "../../base/running-server.ts";
import type { CliContext } from "../context.ts";
import type { Finding } from "./doctor-finding.ts";
import { installOptions } from "./install-request.ts";

const NO_SCOPE = { project: false, user: true, managed: false };

/** Looks whether an agent tells of its sessions, and whether anybody takes what it tells. */
export async function checkAgent(agent: CliAgentId, cli: CliContext): Promise<Finding[]> {
  const where = installOptions("doctor", agent, NO_SCOPE, cli);
  const { dataFolder } = where;
  return [
    await checkSettings(agent, where),
    checkScript(agent, dataFolder),
    await checkWaiting(dataFolder),
  ];
}

async function checkSettings(
  agent: CliAgentId,
  where: ReturnType<typeof installOptions>,
): Promise<Finding> {
  const check = `${cliAgents[agent].title} settings`;
  const fix = `turnspan install ${agent}`;
  try {
    const { file, isWhole } = await isInstalled(where);
    if (isWhole) return { state: "ok", check, found: `${file} has a hook for each event` };
    return { state: "warn", check, found: `${file} has not all of our hooks`, fix };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { state: "fail", check, found: error.message, fix: "correct the file" };
  }
}

function checkScript(agent: CliAgentId, dataFolder: string): Finding {
  const script = path.join(captureFolder(dataFolder), "capture.sh");
  const check = "capture script";
  if (existsSync(script)) return { state: "ok", check, found: script };
  return {
    state: "warn",
    check,
    found: `${script} is not there: nothing is kept`,
    fix: `turnspan install ${agent}`,
  };
}

async function checkWaiting(dataFolder: string): Promise<Finding> {
  const names = await readdir(spoolFolder(dataFolder)).catch(() => []);
  const waiting = names.filter((name) => name.endsWith(".event")).length;
  const found = `${waiting} captured events wait`;
  const check = "captured events";
  if (findServer(dataFolder) !== undefined) return { state: "ok", check, found };
  return { state: "info", check, found: `${found}; no server runs`, fix: "turnspan up" };
}
