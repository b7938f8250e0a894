import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type TurnspanServer } from "../../src/server/server.ts";
import type { ServerOptions } from "../../src/server/server-options.ts";

type Body = string | Uint8Array<ArrayBuffer>;
type Signal = "traces" | "logs" | "metrics";

export interface TestServer extends AsyncDisposable {
  readonly server: TurnspanServer;
  readonly folder: string;
  /** Sends a request body; JSON unless headers say otherwise. */
  send(
    signal: Signal,
    body: Body | object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** Asks the API; throws where it does not answer 200. */
  ask<Answer>(path: string): Promise<Answer>;
  /** Asks the API for whatever it answers. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Long enough that nothing of a recording is too old. */
const MAX_AGE_DAYS = 36_500;

/** A real server on ports of its own, with a data folder that goes with it. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const parent = mkdtempDisposableSync(join(tmpdir(), "turnspan-server-"));
  const folder = options.dataFolder ?? join(parent.path, "data");
  const server = await startServer({
    port: 0,
    uiPort: 0,
    maxAgeDays: MAX_AGE_DAYS,
    ...options,
    dataFolder: folder,
  });
  const get: TestServer["get"] = (path, headers = {}) =>
    fetch(server.uiUrl + path, {
      headers: { authorization: `Bearer ${server.readToken}`, ...headers },
      redirect: "manual",
    });
  return {
    server,
    folder,
    get,
    ask: async <Answer>(path: string) => {
      const response = await get(path);
      if (response.status === 200) return (await response.json()) as Answer;
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    },
    send: (signal, body, headers = {}) =>
      fetch(`${server.otlpUrl}/v1/${signal}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: isBody(body) ? body : JSON.stringify(body),
        redirect: "manual",
      }),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      parent.remove();
    },
  };
}

const isBody = (body: Body | object): body is Body =>
  typeof body === "string" || body instanceof Uint8Array;
