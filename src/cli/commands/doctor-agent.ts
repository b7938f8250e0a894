import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { cliAgents } from "../../adapters/cli-agents/agents.ts";
import { captureFolder, spoolFolder } from "../../adapters/cli-agents/capture-script.ts";
import { type Installed, readInstalled } from "../../adapters/cli-agents/install.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import { CodedError } from "../../base/errors.ts";
import { findServer } from "../../base/running-server.ts";
import type { CliContext } from "../context.ts";
import type { Finding } from "./doctor-finding.ts";
import { withoutServer } from "./install.ts";
import { installOptions } from "./install-request.ts";

const NO_SCOPE = { project: false, user: true, managed: false };

/** Looks whether an agent tells of its sessions, and whether anybody takes what it tells. */
export async function checkAgent(agent: CliAgentId, cli: CliContext): Promise<Finding[]> {
  const where = installOptions("doctor", agent, NO_SCOPE, cli);
  const { dataFolder } = where;
  return [
    ...(await checkSettings(agent, where)),
    checkScript(agent, dataFolder),
    await checkWaiting(dataFolder),
  ];
}

async function checkSettings(
  agent: CliAgentId,
  where: ReturnType<typeof installOptions>,
): Promise<Finding[]> {
  const check = `${cliAgents[agent].title} settings`;
  try {
    const installed = await readInstalled(where);
    const { file, isWhole, beforeTurn } = installed;
    const mode = beforeTurn === undefined ? "" : ` --before-turn ${beforeTurn}`;
    const fix = `turnspan install ${agent}${mode}`;
    if (!isWhole) return [{ state: "warn", check, found: `${file} has not all of our hooks`, fix }];
    const found = `${file} has a hook for each event`;
    return [{ state: "ok", check, found }, checkBeforeTurn(installed, where.dataFolder)];
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [{ state: "fail", check, found: error.message, fix: "correct the file" }];
  }
}

/** Whether `beforeTurn` hooks can block a prompt of the agent's, and whether anybody asks them. */
function checkBeforeTurn({ beforeTurn }: Installed, dataFolder: string): Finding {
  const check = "beforeTurn hooks";
  if (beforeTurn === undefined) {
    return { state: "info", check, found: "no prompt waits for them: they block nothing" };
  }
  const found = `each prompt waits for them, and without a server it ${withoutServer[beforeTurn]}`;
  if (findServer(dataFolder) !== undefined) return { state: "ok", check, found };
  return { state: "warn", check, found: `${found}; no server runs`, fix: "turnspan up" };
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
