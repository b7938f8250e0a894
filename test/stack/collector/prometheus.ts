import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readText, readYaml, root } from "../../collector/configs.ts";
import { answers, findPorts, Program } from "./processes.ts";
import { buildProgram } from "./programs.ts";

export interface Prometheus {
  readonly program: Program;
  readonly url: string;
  query(expr: string): Promise<readonly Sample[]>;
  /** The one value of a query; NaN where there is none. */
  value(expr: string): Promise<number>;
  /** How many series a query has in the last quarter of an hour. */
  countSeries(expr: string): Promise<number>;
  /** Traces that the exemplars of a metric name. */
  exemplarTraces(metric: string): Promise<readonly string[]>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

/** The Prometheus of docker-compose.yml: its settings, its rules, its flags. */
export async function startPrometheus(folder: string): Promise<Prometheus> {
  mkdirSync(folder, { recursive: true });
  const [port] = await findPorts(1);
  const url = `http://127.0.0.1:${port}`;
  const settings = readText("collector/stack/prometheus.yml").replace("30s", "2s");
  writeFileSync(path.join(folder, "prometheus.yml"), settings);
  cpSync(
    path.join(root, "dashboards/alerts/turnspan.rules.yml"),
    path.join(folder, "turnspan.rules.yml"),
  );
  const program = new Program({
    words: [
      await buildProgram("prometheus"),
      `--config.file=${path.join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${path.join(folder, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...shippedFlags(),
    ],
    ...{ folder, name: "prometheus", isReady: answers(`${url}/-/ready`) },
  });
  await program.start();
  const query = (expr: string) => askFor<readonly Sample[]>(`${url}/api/v1/query`, { query: expr });
  return {
    ...{ program, url, query },
    value: async (expr) => Number((await query(expr))[0]?.value[1] ?? Number.NaN),
    countSeries: async (expr) => {
      const now = Date.now() / 1000;
      const times = { start: String(now - 900), end: String(now), step: "15" };
      const parameters = { query: expr, ...times };
      return (await askFor<readonly object[]>(`${url}/api/v1/query_range`, parameters)).length;
    },
    exemplarTraces: async (metric) => {
      const now = Date.now() / 1000;
      const times = { start: String(now - 3600), end: String(now + 60) };
      const parameters = { query: metric, ...times };
      const found = await ask<readonly ExemplarSeries[]>(
        `${url}/api/v1/query_exemplars`,
        parameters,
      );
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
    },
  };
}

/** What docker-compose.yml switches on. */
function shippedFlags(): readonly string[] {
  const { services } = readYaml("docker-compose.yml") as {
    readonly services: { readonly prometheus: { readonly command: readonly string[] } };
  };
  return services.prometheus.command.filter((flag) => /^--(web\.)?enable-/.test(flag));
}

interface ExemplarSeries {
  readonly exemplars: readonly { readonly labels: { readonly trace_id: string } }[];
}

type Parameters = Readonly<Record<string, string>>;

async function askFor<Result>(url: string, parameters: Parameters): Promise<Result> {
  return (await ask<{ readonly result: Result }>(url, parameters)).result;
}

/** Asks Prometheus' API; throws with its own words where it refuses. */
async function ask<Data>(url: string, parameters: Parameters): Promise<Data> {
  const response = await fetch(`${url}?${new URLSearchParams(parameters)}`);
  const answer = (await response.json()) as
    | { readonly status: "success"; readonly data: Data }
    | { readonly status: "error"; readonly error: string };
  if (answer.status === "error") throw new Error(`${parameters["query"]}: ${answer.error}`);
  return answer.data;
}
