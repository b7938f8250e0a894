import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findClosedPort } from "../otlp-sink.ts";
import { connectGateway, type GatewayClient, type GatewayClientOptions } from "./gateway-client.ts";

const TOKEN = "test-token-loopback";
/** A busy machine takes ten times as long as a quiet one. */
const START_MS = 480_000;
const STOP_MS = 60_000;

export interface GatewayOptions {
  /** The folder that has `node_modules/openclaw`. */
  readonly host: string;
  /** Holds state, home and logs; given again, the same gateway starts anew. */
  readonly work: string;
  readonly providerUrl: string;
  /** Folders of plugins to load as they are; not for those that were installed. */
  readonly pluginPaths?: readonly string[];
  /** `plugins.entries`, by plugin id. */
  readonly plugins: Readonly<Record<string, object>>;
  /** Further keys of `agents.defaults`. */
  readonly agentDefaults?: Readonly<Record<string, object>>;
  /** Further top-level keys of the gateway's config. */
  readonly config?: Readonly<Record<string, object>>;
  /** Default: those of the mock provider's two models. */
  readonly prices?: boolean;
  readonly channels?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Gateway extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly client: GatewayClient;
  connect(options?: Partial<GatewayClientOptions>): Promise<GatewayClient>;
  /** Standard output and error so far. */
  log(): string;
  /** Ends it by a signal, and waits for that. Default SIGTERM. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Where a gateway keeps things below its work folder. */
export const gatewayPaths = (work: string) => ({
  state: path.join(work, "state"),
  config: path.join(work, "state", "openclaw.json"),
  log: path.join(work, "gateway.out"),
});

/** How npm reaches its registry from here: the gateway installs plugins with it, from a home of its own. */
function registryAccess(): Record<string, string> {
  const names = /^(npm_config_.*|node_extra_ca_certs|ssl_cert_file|https?_proxy|no_proxy)$/i;
  const given = Object.entries(process.env).filter(([name]) => names.test(name));
  const known = given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return { npm_config_userconfig: path.join(homedir(), ".npmrc"), ...Object.fromEntries(known) };
}

/** Everything that keeps a gateway on this machine and quiet. */
export function gatewayEnvironment(work: string): Record<string, string> {
  const { state, config } = gatewayPaths(work);
  return {
    ...registryAccess(),
    PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: path.join(work, "home"),
    XDG_DATA_HOME: path.join(work, "home", "data"),
    XDG_CONFIG_HOME: path.join(work, "home", "config"),
    TMPDIR: path.join(work, "tmp"),
    // One for all gateways: the first one compiles what the others load. It would start itself again for a
    // cache of its own, and the process that we know would not be the gateway.
    NODE_COMPILE_CACHE: path.join(tmpdir(), "turnspan-openclaw-compiled"),
    OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED: "1",
    LANG: "C.UTF-8",
    OPENCLAW_STATE_DIR: state,
    OPENCLAW_CONFIG_PATH: config,
    OPENCLAW_GATEWAY_TOKEN: TOKEN,
    OPENCLAW_DISABLE_BONJOUR: "1",
    OPENCLAW_NO_RESPAWN: "1",
    OPENCLAW_EXEC_SHELL_SNAPSHOT: "0",
    OPENCLAW_NO_AUTO_UPDATE: "1",
    OPENCLAW_SKIP_CRON: "1",
    OPENCLAW_SKIP_GMAIL_WATCHER: "1",
    OPENCLAW_SKIP_CANVAS_HOST: "1",
    OPENCLAW_SKIP_BROWSER_CONTROL_SERVER: "1",
    DO_NOT_TRACK: "1",
  };
}

const cost = { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 0 };
const model = (id: string, prices: boolean): object => ({
  ...{ id, name: id, reasoning: false, input: ["text"], contextWindow: 128_000, maxTokens: 4096 },
  ...(prices && { cost }),
});

/** Writes a gateway's config, with its folders. */
export function writeGatewayConfig(options: GatewayOptions, port: number): void {
  const { work, providerUrl, plugins, pluginPaths = [], config = {}, prices = true } = options;
  for (const folder of ["state", "home", "ws", "tmp"]) {
    mkdirSync(path.join(work, folder), { recursive: true });
  }
  const models = ["mock-a", "mock-b"].map((id) => model(id, prices));
  const provider = { baseUrl: providerUrl, apiKey: "mock", api: "openai-completions", models };
  const { plugins: morePlugins = {}, ...rest } = config;
  const whole = {
    gateway: { mode: "local", bind: "loopback", port, auth: { mode: "token", token: TOKEN } },
    update: { checkOnStart: false },
    logging: { file: path.join(work, "gateway-log.jsonl") },
    tools: { toolSearch: false },
    agents: {
      defaults: {
        workspace: path.join(work, "ws"),
        skipBootstrap: true,
        model: { primary: "mock/mock-a" },
        models: { "mock/mock-a": {}, "mock/mock-b": {} },
        heartbeat: { every: "0m" },
        ...options.agentDefaults,
      },
    },
    models: { mode: "merge", catalogRefresh: { enabled: false }, providers: { mock: provider } },
    plugins: {
      slots: { memory: "none" },
      ...(pluginPaths.length > 0 && { load: { paths: pluginPaths } }),
      allow: Object.keys(plugins),
      entries: plugins,
      ...morePlugins,
    },
    ...rest,
  };
  writeFileSync(gatewayPaths(work).config, JSON.stringify(whole, undefined, 1));
}

/** A busy machine lets some of the gateway's own deadlines pass, and then it ends itself. */
const START_ATTEMPTS = 5;

/** Starts the real gateway and waits until it is ready. Its config is written anew unless `keepConfig`. */
export async function startGateway(
  options: GatewayOptions & { readonly keepConfig?: boolean; readonly port?: number },
): Promise<Gateway> {
  const port = options.port ?? (await findClosedPort());
  if (options.keepConfig !== true) writeGatewayConfig(options, port);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryGateway(options, port);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function tryGateway(options: GatewayOptions, port: number): Promise<Gateway> {
  const { host, work } = options;
  const child = run(host, work, ["gateway", "run", "--port", String(port)], {
    ...(options.channels !== true && { OPENCLAW_SKIP_CHANNELS: "1" }),
    ...options.env,
  });
  const { log: logFile } = gatewayPaths(work);
  const log = (): string => readFileSync(logFile, "utf8");
  const stop: Gateway["stop"] = (signal = "SIGTERM") => end(child, signal);
  try {
    await waitUntilReady(child, port, log);
    const connect: Gateway["connect"] = (more = {}) =>
      connectGateway({ url: `ws://127.0.0.1:${port}`, token: TOKEN, ...more });
    const client = await connect();
    return {
      ...{ port, pid: child.pid ?? 0, client, connect, log },
      stop: async (signal) => {
        client[Symbol.dispose]();
        await stop(signal);
      },
      [Symbol.asyncDispose]: async () => {
        client[Symbol.dispose]();
        await stop();
      },
    };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

function run(
  host: string,
  work: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const output = openSync(gatewayPaths(work).log, "a");
  try {
    return spawn(
      process.execPath,
      [path.join(host, "node_modules/openclaw/openclaw.mjs"), ...args],
      {
        env: { ...gatewayEnvironment(work), ...env },
        cwd: work,
        stdio: ["ignore", output, output],
      },
    );
  } finally {
    closeSync(output);
  }
}

async function waitUntilReady(child: ChildProcess, port: number, log: () => string): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`The gateway ended (${child.exitCode}):\n${log()}`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`The gateway is not ready:\n${log()}`);
    await sleep(100);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(late);
}
