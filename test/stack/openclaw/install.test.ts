import { readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import type { TurnList } from "../../../src/server/api-types.ts";
import {
  type GatewayOptions,
  gatewayPaths,
  startGateway,
  writeGatewayConfig,
} from "../../support/openclaw/gateway.ts";
import { installHost, packTurnspan } from "../../support/openclaw/host.ts";
import { openclaw } from "../../support/openclaw/host-command.ts";
import { startMockProvider } from "../../support/openclaw/mock-provider.ts";
import { until } from "../../support/openclaw/scene.ts";
import { findClosedPort } from "../../support/otlp-sink.ts";
import { startTestServer } from "../../support/server.ts";

const FLAGS = ["--force", "--accept-capabilities"];

/** A gateway's folder with a config that knows nothing of us. */
async function withGateway(
  body: (options: GatewayOptions & { readonly port: number }) => Promise<void>,
): Promise<void> {
  const host = await installHost();
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-install-"));
  await using provider = await startMockProvider();
  const options = { host, work: folder.path, providerUrl: provider.url, plugins: {} };
  const port = await findClosedPort();
  writeGatewayConfig(options, port);
  await body({ ...options, port });
}

const entryOf = (work: string): { enabled?: boolean } | undefined =>
  JSON.parse(readFileSync(gatewayPaths(work).config, "utf8")).plugins.entries.turnspan;

test("installed from its package, the plugin records the first turn", async () => {
  const { tarball } = await packTurnspan();
  await withGateway(async (options) => {
    const { host, work } = options;
    await openclaw(host, work, ["plugins", "install", `npm-pack:${tarball}`, ...FLAGS]);
    expect(entryOf(work)?.enabled).toBe(true);
    const data = path.join(work, "home", "data", "turnspan");
    await using server = await startTestServer({ dataFolder: data });
    await openclaw(host, work, [
      "config",
      "set",
      "plugins.entries.turnspan.config.telemetry.endpoint",
      server.server.otlpUrl,
    ]);
    await using gateway = await startGateway({ ...options, keepConfig: true });
    const params = {
      agentId: "main",
      sessionKey: "agent:main:main",
      message: "hello",
      idempotencyKey: "run-1",
    };
    expect(await gateway.client.request("agent", params)).toMatchObject({ ok: true });
    const turn = await until("the turn", async () => {
      const { turns } = await server.ask<TurnList>("/api/turns");
      return turns.find(({ state }) => state === "completed");
    });
    // Without access to conversations, which an installation does not give.
    expect(turn).toMatchObject({ runId: "run-1", totals: { modelCalls: 1, unknownCostCalls: 0 } });
    expect(gateway.log()).toContain("it may not see conversations");
    expect(await openclaw(host, work, ["turnspan", "status"])).toContain("recording");
    const { link, runId } = JSON.parse(await openclaw(host, work, ["turnspan", "test", "--json"]));
    const { turns } = await server.ask<TurnList>("/api/turns");
    const tested = turns.find((found) => found.runId === runId);
    expect(tested?.state).toBe("completed");
    expect(link).toBe(`${server.server.uiUrl}/traces/${tested?.traceId}`);
    // One thing is left to do, and it says how.
    const { checks } = JSON.parse(await openclaw(host, work, ["turnspan", "doctor", "--json"], 1));
    const problems = checks.filter(({ problem }: { problem?: string }) => problem !== undefined);
    expect(problems).toEqual([
      {
        what: "it may see conversations",
        problem: expect.stringContaining("allowConversationAccess true"),
      },
    ]);
  });
}, 900_000);

test("installed from a folder, the host finds nothing to complain of", async () => {
  const { folder } = await packTurnspan();
  await withGateway(async ({ host, work }) => {
    await openclaw(host, work, ["plugins", "install", folder, ...FLAGS]);
    expect(entryOf(work)?.enabled).toBe(true);
    const text = await openclaw(host, work, [
      "plugins",
      "inspect",
      "turnspan",
      "--runtime",
      "--json",
    ]);
    const found = JSON.parse(text.slice(text.indexOf("{")));
    expect(JSON.stringify(found)).not.toContain('"level":"error"');
    expect(found).toMatchObject({ plugin: { id: "turnspan", status: "loaded" } });
  });
}, 900_000);
