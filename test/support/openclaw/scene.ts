import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
import type { RpcAnswer } from "./gateway-client.ts";
import { installHost, packTurnspan } from "./host.ts";
import { openclaw } from "./host-command.ts";
import { type MockProvider, startMockProvider } from "./mock-provider.ts";

/** What the recording hook wrote down: a hook's payload as JSON. */
interface Heard {
  readonly hookPoint: string;
  readonly sessionKey: string;
  readonly runId?: string;
  readonly message?: string;
  readonly outcome?: string;
  readonly label?: string;
  readonly error?: string;
  readonly success?: boolean;
  readonly costUsd?: number;
  readonly timestamp: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly turnspan?: {
    readonly reason?: string;
    readonly actor?: { readonly kind: string; readonly id?: string; readonly evidence?: string };
    readonly changes?: readonly { readonly field: string; readonly after?: unknown }[];
  };
}

export interface SceneOptions extends Partial<GatewayOptions> {
  /** `plugins.entries.turnspan.config`. */
  readonly turnspan: object;
  /** Default true. */
  readonly conversationAccess?: boolean;
  /** Id and folder of a plugin that is on beside ours. */
  readonly beside?: { readonly id: string; readonly folder: string };
}

/** A real gateway with the packed plugin and a mock provider, in a folder that goes with it. */
export interface Scene extends AsyncDisposable {
  readonly work: string;
  readonly provider: MockProvider;
  readonly gateway: Gateway;
  /** Starts a turn and waits until the gateway says that it is over. Returns its run id. */
  turn(message: string, sessionKey?: string, traceparent?: string): Promise<string>;
  /** Starts a turn and does not wait. */
  begin(message: string, sessionKey?: string, traceparent?: string): Promise<string>;
  /** Waits until the gateway says that a turn is over. */
  over(runId: string): Promise<void>;
  /** A request that has to go well. */
  request(method: string, params: object): Promise<Readonly<Record<string, unknown>>>;
  /** Runs a command of `openclaw`'s; returns its standard output. */
  openclaw(args: readonly string[], exitCode?: number): Promise<string>;
  /** What hooks heard so far. */
  heard(): Heard[];
  /** Waits until a hook hears this. */
  hear(what: string, matches: (heard: Heard) => boolean): Promise<Heard>;
  /** Ends the gateway by a signal and starts it again with the config that it has. */
  restart(signal: NodeJS.Signals): Promise<void>;
}

export const MAIN = "agent:main:main";
/** A busy machine takes ten times as long as a quiet one. */
const WAIT_MS = 240_000;

export const HOOKS = [
  "session:start",
  "session:end",
  "session:patch",
  "beforeTurn",
  "afterTurn",
  "onTurnError",
  "onMessageReceived",
  "onMessageSent",
  "onSubagentSpawned",
  "onSubagentFinished",
  "onSubagentKilled",
] as const;

type Hook = (typeof HOOKS)[number];

/** Writes down each payload; stops turns that ask for it. */
const RECORDING_HOOK = `import { appendFileSync } from "node:fs";
export default (ctx) => {
  appendFileSync(new URL("heard.jsonl", import.meta.url), JSON.stringify(ctx) + "\\n");
  if (ctx.hookPoint === "beforeTurn" && String(ctx.message).includes("BLOCKME"))
    return { abort: true, reason: "not today" };
};`;

const THROWING_HOOK = `export default (ctx) => { throw new Error("thrown at " + ctx.hookPoint); };`;

/** Every hook thrice: one that throws first, one that throws later, and one that writes down. */
export const recordingHooks = (work: string): Record<Hook, object[]> =>
  Object.fromEntries(
    HOOKS.map((hook) => [
      hook,
      [
        { script: path.join(work, "throws.mjs"), priority: 1 },
        { script: path.join(work, "records.mjs") },
      ],
    ]),
  ) as Record<Hook, object[]>;

/** Polls until there is something. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms: number = WAIT_MS,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(50);
  }
}

export async function startScene(
  describe: (work: string) => SceneOptions | Promise<SceneOptions>,
): Promise<Scene> {
  await using started = new AsyncDisposableStack();
  const host = await installHost();
  const folder = process.env["TURNSPAN_PLUGIN_FOLDER"] ?? (await packTurnspan()).folder;
  const work = await mkdtemp(path.join(tmpdir(), "turnspan-openclaw-"));
  // What a gateway started may write for a moment after its own end.
  started.defer(() => rm(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 }));
  const provider = started.use(await startMockProvider());
  writeFileSync(path.join(work, "records.mjs"), RECORDING_HOOK);
  writeFileSync(path.join(work, "throws.mjs"), THROWING_HOOK);
  const { turnspan, conversationAccess = true, beside, ...more } = await describe(work);
  const hooks = conversationAccess ? { hooks: { allowConversationAccess: true } } : {};
  const options: GatewayOptions = {
    ...{ host, work, providerUrl: provider.url },
    pluginPaths: beside === undefined ? [folder] : [folder, beside.folder],
    plugins: {
      turnspan: { enabled: true, ...hooks, config: turnspan },
      ...(beside !== undefined && { [beside.id]: { enabled: true } }),
    },
    ...more,
  };
  let gateway = await startGateway(options);
  started.defer(() => gateway[Symbol.asyncDispose]());
  const request: Scene["request"] = async (method, params) =>
    payloadOf(method, await gateway.client.request(method, params));
  let runs = 0;
  const begin: Scene["begin"] = async (message, sessionKey = MAIN, traceparent) => {
    const runId = `run-${++runs}`;
    const params = { agentId: "main", sessionKey, message, idempotencyKey: runId };
    payloadOf("agent", await gateway.client.request("agent", params, traceparent));
    return runId;
  };
  const over: Scene["over"] = async (runId) => {
    await until(`the end of ${runId}`, () => isOver(request, runId));
  };
  const heard = (): Heard[] => readHeard(path.join(work, "heard.jsonl"));
  const all = started.move();
  return {
    ...{ work, provider, request, begin, heard },
    get gateway() {
      return gateway;
    },
    over,
    openclaw: (args, exitCode) => openclaw(host, work, args, exitCode),
    turn: async (...about) => {
      const runId = await begin(...about);
      await over(runId);
      return runId;
    },
    hear: (what, matches) => until(what, () => heard().find(matches)),
    restart: async (signal) => {
      const { port } = gateway;
      await gateway.stop(signal);
      gateway = await startGateway({ ...options, keepConfig: true, port });
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function isOver(request: Scene["request"], runId: string): Promise<boolean> {
  const { status } = await request("agent.wait", { runId, timeoutMs: 30_000 });
  return status === "ok" || status === "error";
}

function payloadOf(method: string, answer: RpcAnswer): Readonly<Record<string, unknown>> {
  if (!answer.ok) throw new Error(`${method}: ${answer.error?.message}`);
  return answer.payload ?? {};
}

function readHeard(file: string): Heard[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Heard);
}
