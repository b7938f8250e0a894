import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findClosedPort } from "./otlp-sink.ts";
import { runProcess } from "./run-process.ts";

/** A proxy that does to connections what it is told. */
export interface FaultyProxy {
  /** Address that it listens at, `127.0.0.1:<port>`. */
  readonly listen: string;
  /** Adds a fault to what flows: to the receiver (`upstream`) or back (`downstream`). */
  add(toxic: Toxic): Promise<void>;
  removeAll(): Promise<void>;
  /** Whether it takes connections; those that it has end when it does not. */
  enable(isEnabled: boolean): Promise<void>;
}

export interface Toxic {
  readonly type: "latency" | "bandwidth" | "reset_peer" | "slow_close" | "timeout" | "limit_data";
  readonly stream?: "upstream" | "downstream";
  /** The part of connections that it happens to. Default 1. */
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

export interface Toxiproxy extends AsyncDisposable {
  createProxy(upstreamPort: number): Promise<FaultyProxy>;
}

const MODULE = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0";
const FOLDER = path.resolve(import.meta.dirname, "../../node_modules/.cache/turnspan-toxiproxy");
const SERVER = path.join(FOLDER, "server");
const BUILD_TRIES = 3;

/** Builds Toxiproxy where it is not there yet: a minute of work. Needs Go, and its module proxy the first time. */
export async function buildToxiproxy(): Promise<void> {
  const isThere = await access(SERVER).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await mkdir(FOLDER, { recursive: true });
  let said = "";
  for (let tries = 0; tries < BUILD_TRIES; tries += 1) {
    // Without a C compiler: it needs none.
    const env = { ...process.env, GOBIN: FOLDER, CGO_ENABLED: "0" };
    const { code, stderr } = await runProcess("go", ["install", MODULE], { env });
    if (code === 0) return;
    said = stderr;
    await sleep(5000);
  }
  throw new Error(`go install ${MODULE} failed ${BUILD_TRIES} times:\n${said}`);
}

/** Starts Toxiproxy on ports of its own. */
export async function startToxiproxy(): Promise<Toxiproxy> {
  const port = await findClosedPort();
  const api = `http://127.0.0.1:${port}`;
  const server = spawn(SERVER, ["-host", "127.0.0.1", "-port", String(port)], { stdio: "ignore" });
  const ended = once(server, "exit");
  while (!(await isUp(api))) {
    if (server.exitCode !== null) throw new Error(`Toxiproxy ended with ${server.exitCode}`);
    await sleep(20);
  }
  let proxies = 0;
  return {
    createProxy: async (upstreamPort) => {
      const name = `p${proxies++}`;
      const upstream = `127.0.0.1:${upstreamPort}`;
      const proxy = { name, listen: "127.0.0.1:0", upstream, enabled: true };
      const { listen } = await ask<{ listen: string }>(api, "POST", "/proxies", proxy);
      return openProxy(api, name, listen);
    },
    [Symbol.asyncDispose]: async () => {
      server.kill("SIGKILL");
      await ended;
    },
  };
}

const isUp = (api: string): Promise<boolean> =>
  fetch(`${api}/version`).then(
    ({ ok }) => ok,
    () => false,
  );

function openProxy(api: string, name: string, listen: string): FaultyProxy {
  const place = `/proxies/${name}`;
  let toxics: string[] = [];
  return {
    listen,
    add: async ({ stream = "upstream", toxicity = 1, type, attributes }) => {
      const toxic = { name: `t${toxics.length}`, stream, toxicity, type, attributes };
      toxics.push(toxic.name);
      await ask(api, "POST", `${place}/toxics`, toxic);
    },
    removeAll: async () => {
      for (const toxic of toxics) await ask(api, "DELETE", `${place}/toxics/${toxic}`);
      toxics = [];
    },
    // It took a free port: the same one again is asked for by its number.
    enable: async (enabled) => void (await ask(api, "POST", place, { listen, enabled })),
  };
}

async function ask<Answer>(
  api: string,
  method: string,
  place: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${api}${place}`, {
    method,
    // Toxiproxy refuses browsers, and takes this for one.
    headers: { "user-agent": "turnspan-tests" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Toxiproxy: ${method} ${place}: ${response.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}
