import { cliAgents } from "../../adapters/cli-agents/agents.ts";
import type { BeforeTurn } from "../../adapters/cli-agents/capture-script.ts";
import {
  type CaptureSettings,
  readCaptureSettings,
  writeCaptureSettings,
} from "../../adapters/cli-agents/capture-settings.ts";
import {
  canBlock,
  type InstallOptions,
  install,
  noteOf,
  planInstall,
  type SettingsChange,
} from "../../adapters/cli-agents/install.ts";
import type { AgentContract } from "../../adapters/cli-agents/transcript.ts";
import { findServer } from "../../base/running-server.ts";
import { showEndpoint } from "../../sdk/endpoint.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { checkEndpointOption } from "../endpoint-option.ts";
import { printable } from "../output.ts";
import { diffText, installOptions, readAgent, scopeOptions } from "./install-request.ts";

const usage = `Usage: turnspan install AGENT [--user | --project | --managed] [OPTIONS]

Makes a CLI agent tell Turnspan what it does: a hook for each event in the agent's own settings, that keeps
the event in a file on this machine. Nothing leaves it unless you name an endpoint, the agent is never blocked,
and it works on as before when Turnspan is not running, or is gone. "turnspan up" turns the events into sessions.

  AGENT              ${Object.keys(cliAgents).join(", ")}
  --user             your own settings, for all projects (default)
  --project          this project's settings that are yours alone (Claude Code: settings.local.json)
  --managed          the settings of this machine
  --content MODE     none (default) or local: whether prompts, answers, and what tools were given and gave
                     back are kept, in the data folder on this machine; asked where there is a terminal
  --http             events are posted to the server (Claude Code, Qwen Code): no process is started for them,
                     and those that come while no server runs are lost
  --before-turn MODE prompts wait for your beforeTurn hooks, which may block them: open lets a prompt pass where
                     no server answers, closed blocks it (default: nothing waits, and nothing is blocked)
  --endpoint URL     sessions go there too, by OTLP over HTTP and without content, such as a team's server;
                     none: nowhere else
  --token T          what that server wants as Authorization: Bearer
  --experimental     needed for copilot, of which its hooks alone are read: no tokens, no cost
  --data DIR         data folder (default: TURNSPAN_DATA, else $XDG_DATA_HOME/turnspan)
  --dry-run          show what would be changed, and change nothing
  -h, --help         print this

What an earlier installation was told of content and endpoint stays, for all agents, until another one is told.
Everything else in the settings stays byte for byte. "turnspan uninstall AGENT" takes it back.
Exit code: 0 done, 2 wrong use, or settings that cannot be read or written.
`;

const options = {
  ...scopeOptions,
  content: { type: "string" },
  http: { type: "boolean", default: false },
  experimental: { type: "boolean", default: false },
  "before-turn": { type: "string" },
  endpoint: { type: "string" },
  token: { type: "string" },
} as const;

const DEFAULT_SERVER = "http://127.0.0.1:4318";

type Content = "none" | "local";

function checkContent(given: string | undefined): Content | undefined {
  if (given === undefined || given === "none" || given === "local") return given;
  throw wrongUse("install", `--content ${given} is not known: none or local`);
}

/** What is given counts, then what is answered, then what an earlier installation was told. */
async function askContent(
  given: Content | undefined,
  earlier: Content,
  cli: CliContext,
): Promise<Content> {
  if (given !== undefined) return given;
  if (cli.stdout.isTTY !== true) return earlier;
  const choice = earlier === "local" ? "[Y/n]" : "[y/N]";
  cli.stdout.write(
    `Keep prompts, answers and what tools are given and give back, on this machine only? ${choice} `,
  );
  for await (const chunk of cli.stdin ?? process.stdin) {
    const answer = Buffer.from(chunk).toString().trim();
    if (answer === "") return earlier;
    return /^y/i.test(answer) ? "local" : "none";
  }
  return earlier;
}

function readBeforeTurn(given: string | undefined): BeforeTurn | undefined {
  if (given === undefined || given === "open" || given === "closed") return given;
  throw wrongUse("install", `--before-turn ${given} is not known: open or closed`);
}

type Target = Pick<CaptureSettings, "endpoint" | "token">;

/** Where sessions go beside this machine; undefined: nothing is said of it. */
function readTarget(endpoint: string | undefined, token: string | undefined): Target | undefined {
  if (token !== undefined && endpoint === undefined) {
    throw wrongUse("install", "--token needs --endpoint");
  }
  if (endpoint === undefined) return undefined;
  if (endpoint === "none") return {};
  checkEndpointOption("install", endpoint);
  return { endpoint, token };
}

/** What becomes of a prompt that nobody is asked of. */
export const withoutServer: Readonly<Record<BeforeTurn, string>> = {
  open: "passes",
  closed: "is blocked",
};

const blockText = (beforeTurn: BeforeTurn | undefined): string =>
  beforeTurn === undefined
    ? "Your beforeTurn hooks block nothing there; --before-turn open lets them."
    : `Each prompt waits for your beforeTurn hooks; without a server it ${withoutServer[beforeTurn]}.`;

/** What will be recorded, and where it goes. */
function describe(
  { agent, dataFolder, beforeTurn }: InstallOptions,
  { content, endpoint }: CaptureSettings,
): string {
  const kept =
    content === "local"
      ? "with prompts, answers, and what tools are given and give back"
      : "without prompts, answers, and what tools are given and give back";
  const note = noteOf(agent);
  return [
    `${cliAgents[agent].title} will tell of its sessions, turns, tools and subagents, ${kept}.`,
    endpoint === undefined
      ? `It goes into ${printable(dataFolder)} on this machine, and nowhere else.`
      : `It goes into ${printable(dataFolder)} on this machine, and without content to ${printable(showEndpoint(endpoint))}.`,
    ...(canBlock(agent) ? [blockText(beforeTurn)] : []),
    ...(note === undefined ? [] : [note]),
    'See it with "turnspan up"; what happens before that is kept. Sessions that run now are told from their next start on.',
    "",
  ].join("\n");
}

const isSame = ({ before, after }: SettingsChange): boolean => before === after;

async function runInstall(args: readonly string[], cli: CliContext): Promise<number> {
  const { values, positionals } = parseOptions("install", args, options);
  const agent = readAgent("install", positionals);
  const { isExperimental }: AgentContract = cliAgents[agent];
  if (isExperimental === true && !values.experimental) {
    throw wrongUse("install", `${agent} is experimental: add --experimental`);
  }
  const given = checkContent(values.content);
  const target = readTarget(values.endpoint, values.token);
  const place = installOptions("install", agent, values, cli);
  const server = findServer(place.dataFolder)?.otlpUrl ?? DEFAULT_SERVER;
  const beforeTurn = readBeforeTurn(values["before-turn"]);
  const where = { ...place, hookUrl: values.http ? server : undefined, beforeTurn };
  const change = await planInstall(where);
  cli.stdout.write(isSame(change) ? `${printable(change.file)} has it all\n` : diffText(change));
  if (values["dry-run"]) return 0;
  const { content, ...elsewhere } = await readCaptureSettings(where.dataFolder);
  const settings = {
    content: await askContent(given, content, cli),
    ...(target ?? elsewhere),
  };
  await install(change, where);
  await writeCaptureSettings(where.dataFolder, settings);
  cli.stdout.write(describe(where, settings));
  const isChanged = JSON.stringify({ content, ...elsewhere }) !== JSON.stringify(settings);
  if (isChanged && findServer(where.dataFolder) !== undefined) {
    cli.stdout.write("The server that runs heeds what is kept and sent from its next start on.\n");
  }
  return 0;
}

export const installCommand: Command = {
  name: "install",
  summary: "make a CLI agent tell of its sessions, by hooks in its settings",
  usage,
  run: runInstall,
};
