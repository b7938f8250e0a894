import path from "node:path";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { type Jaeger, startJaeger } from "./jaeger.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** What stands behind the collectors, as in docker-compose.yml. */
export interface Stores {
  readonly records: TestServer;
  readonly jaeger: Jaeger;
  readonly prometheus: Prometheus;
  /** Where they are, for a collector. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Starts them in folders of their own; they end with the stack. */
export async function startStores(started: AsyncDisposableStack, folder: string): Promise<Stores> {
  const records = started.use(await startTestServer());
  const jaeger = await startJaeger(path.join(folder, "jaeger"));
  started.use(jaeger.program);
  const prometheus = await startPrometheus(path.join(folder, "prometheus"));
  started.use(prometheus.program);
  return {
    ...{ records, jaeger, prometheus },
    variables: {
      RECORDS_ENDPOINT: records.server.otlpUrl,
      TRACES_ENDPOINT: jaeger.otlpUrl,
      METRICS_ENDPOINT: `${prometheus.url}/api/v1/otlp`,
    },
  };
}
