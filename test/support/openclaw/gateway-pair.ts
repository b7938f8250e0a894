import { mkdirSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startTestServer, type TestServer } from "../server.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { installHost, packTurnspan } from "./host.ts";
import { startMockProvider } from "./mock-provider.ts";

/** Two gateways that differ in the plugin alone, with one provider. */
export interface GatewayPair extends AsyncDisposable {
  readonly bare: Gateway;
  readonly ours: Gateway;
  /** What the plugin sends goes here. */
  readonly server: TestServer;
}

/** A turn's deadline. */
const TURN_MS = 120_000;

/** Starts both, with further environment variables. */
export async function startGatewayPair(
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayPair> {
  await using started = new AsyncDisposableStack();
  const host = await installHost();
  const { folder } = await packTurnspan();
  const { path: work } = started.use(
    await mkdtempDisposable(path.join(tmpdir(), "turnspan-gateways-")),
  );
  const provider = started.use(await startMockProvider());
  const server = started.use(await startTestServer());
  const start = async (name: string, plugins: Record<string, object>): Promise<Gateway> => {
    const own = path.join(work, name);
    mkdirSync(own);
    const gateway = await startGateway({
      ...{ host, work: own, providerUrl: provider.url, plugins, env },
      pluginPaths: "turnspan" in plugins ? [folder] : [],
      // The same for both, so that neither loads what the other does not.
      config: { plugins: { allow: ["turnspan"] } },
    });
    return started.use(gateway);
  };
  const config = { telemetry: { endpoint: server.server.otlpUrl } };
  const hooks = { allowConversationAccess: true };
  const bare = await start("without", {});
  const ours = await start("with", { turnspan: { enabled: true, hooks, config } });
  const all = started.move();
  return { bare, ours, server, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Runs a turn to its good end; rejects where it has none. */
export async function runTurn(
  { client }: Gateway,
  runId: string,
  sessionKey: string,
): Promise<void> {
  const params = { agentId: "main", sessionKey, message: "hello", idempotencyKey: runId };
  await client.request("agent", params);
  const { payload } = await client.request("agent.wait", { runId, timeoutMs: TURN_MS });
  if (payload?.["status"] !== "ok") throw new Error(`${runId}: ${JSON.stringify(payload)}`);
}
