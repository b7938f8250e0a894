import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { readText, readYaml } from "../../collector/configs.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { answers, findPorts, Program, waitFor } from "./processes.ts";
import { requireTool } from "./programs.ts";

const LIMIT_MS = 300_000;
const ALERT = "TurnspanTurnFailuresFast";

interface Alert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Hours are seconds here; nothing else of the rules is changed. */
const shortRules = (): string =>
  readText("dashboards/alerts/turnspan.rules.yml")
    .replaceAll("[5m]", "[5s]")
    .replaceAll("[30m]", "[15s]")
    .replaceAll("[1h]", "[20s]")
    .replaceAll("[6h]", "[40s]");

test("turns that fail alert by webhook, and the alert resolves when they succeed again", {
  timeout: LIMIT_MS,
}, async () => {
  await using started = new AsyncDisposableStack();
  const folder = started.use(makeTemporaryFolder());
  const received: Alert[] = [];
  const webhook = createServer(async (request, response) => {
    received.push(...((await json(request)) as { readonly alerts: Alert[] }).alerts);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(webhook, "listening");
  started.defer(() => void webhook.close());
  const [agentPort = 0, prometheusPort = 0, alertmanagerPort = 0] = await findPorts(3);
  const hookPort = (webhook.address() as AddressInfo).port;

  folder.write("turnspan.rules.yml", shortRules());
  folder.write("alertmanager.yml", alertmanagerConfig(hookPort));
  folder.write("prometheus.yml", prometheusConfig(agentPort, alertmanagerPort));
  await started.use(await alertmanager(folder.path, alertmanagerPort)).start();
  await started.use(await prometheus(folder.path, prometheusPort)).start();

  const agent = spawn(process.execPath, [path.join(import.meta.dirname, "failing-agent.ts")], {
    stdio: ["pipe", "inherit", "inherit"],
    env: {
      ...{ PATH: process.env["PATH"], HOME: folder.path, OTEL_TRACES_EXPORTER: "none" },
      ...{ OTEL_LOGS_EXPORTER: "none", OTEL_METRICS_EXPORTER: "prometheus" },
      OTEL_EXPORTER_PROMETHEUS_PORT: String(agentPort),
    },
  });
  started.defer(() => void agent.kill("SIGKILL"));
  const of = (status: Alert["status"]) =>
    received.find(({ labels, status: is }) => labels["alertname"] === ALERT && is === status);

  await waitFor(
    "turns in Prometheus",
    LIMIT_MS,
    async () => (await countTurns(prometheusPort)) > 100,
  );
  await sleep(5000);
  expect(received).toEqual([]);

  agent.stdin.write("fail\n");
  const firing = await waitFor("the alert", LIMIT_MS, async () => of("firing"));
  expect(firing.labels).toEqual({
    ...{ alertname: ALERT, severity: "page", job: "alerted", gen_ai_agent_name: "support" },
  });
  expect(firing.annotations["summary"]).toMatch(/^support: .+% of turns failed in the last hour$/);
  expect(decodeURIComponent(firing.annotations["link"] ?? "")).toBe(
    'http://127.0.0.1:16686/search?service=alerted&lookback=1h&limit=50&tags={"turnspan.turn.outcome":"failed","gen_ai.agent.name":"support"}',
  );

  agent.stdin.write("work\n");
  await waitFor("its end", LIMIT_MS, async () => of("resolved"));
});

/** The shipped file, with its webhooks here and less patience. */
function alertmanagerConfig(hookPort: number): string {
  return readText("dashboards/alerts/alertmanager.yml")
    .replaceAll("127.0.0.1:9095", `127.0.0.1:${hookPort}`)
    .replace("group_wait: 30s", "group_wait: 1s")
    .replace("group_interval: 5m", "group_interval: 2s");
}

/** The shipped file, with addresses of this test; this one is scraped, which needs nothing but Debian's Prometheus. */
function prometheusConfig(agentPort: number, alertmanagerPort: number): string {
  const {
    otlp: _,
    storage: __,
    ...shipped
  } = readYaml("collector/stack/prometheus.yml") as {
    readonly global: object;
    readonly alerting: object;
    readonly otlp: object;
    readonly storage: object;
  };
  return stringify({
    ...shipped,
    global: { ...shipped.global, scrape_interval: "1s", evaluation_interval: "1s" },
    alerting: {
      ...shipped.alerting,
      alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }],
    },
    scrape_configs: [
      { job_name: "alerted", static_configs: [{ targets: [`127.0.0.1:${agentPort}`] }] },
    ],
  });
}

async function alertmanager(folder: string, port: number): Promise<Program> {
  const command = await requireTool("prometheus-alertmanager");
  return new Program({
    words: [
      command,
      `--config.file=${path.join(folder, "alertmanager.yml")}`,
      `--storage.path=${path.join(folder, "alertmanager")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    ...{ folder, name: "alertmanager", isReady: answers(`http://127.0.0.1:${port}/-/ready`) },
  });
}

async function prometheus(folder: string, port: number): Promise<Program> {
  const command = await requireTool("prometheus");
  return new Program({
    words: [
      command,
      `--config.file=${path.join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${path.join(folder, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ...{ folder, name: "prometheus", isReady: answers(`http://127.0.0.1:${port}/-/ready`) },
  });
}

async function countTurns(port: number): Promise<number> {
  const query = encodeURIComponent("sum(turnspan_turn_count_total)");
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${query}`);
  const { data } = (await response.json()) as {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  return Number(data.result[0]?.value[1] ?? 0);
}
