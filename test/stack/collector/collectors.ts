import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type CollectorName, filesOf, root } from "../../collector/configs.ts";
import { answers, findPorts, Program } from "./processes.ts";
import { buildProgram } from "./programs.ts";

export interface Collector {
  readonly program: Program;
  /** What SDKs send to. */
  readonly url: string;
  /** What other collectors send to, `127.0.0.1:<port>`. */
  readonly grpc: string;
  /** Its queues, and its audit file. */
  readonly folder: string;
  readonly auditFolder: string;
}

/** Waits that a test does not have the time for. Everything else is as it is shipped. */
const HURRY = {
  RETRY_MAX: "1s",
  TRACE_WAIT: "20s",
  TRACE_WAIT_AFTER_ROOT: "2s",
  DERIVED_INTERVAL: "2s",
  OWN_METRICS_INTERVAL_MS: "2000",
} as const;

/** Starts a collector from the files that users get, on ports and in a folder of its own. */
export function startCollector(
  name: CollectorName,
  folder: string,
  variables: Readonly<Record<string, string>>,
  /** A file that comes last. */
  ...overlays: readonly string[]
): Promise<Collector> {
  const files = filesOf(name).map((file) => path.join(root, file));
  return start({ name, folder, files: [...files, ...overlays], variables });
}

/** Takes everything and drops it: what no collector can do without. */
const BARE = `
extensions: { health_check: { endpoint: "\${env:HEALTH_LISTEN}" } }
receivers: { otlp: { protocols: { http: { endpoint: "\${env:OTLP_HTTP_LISTEN}" } } } }
exporters: { debug: { verbosity: basic, sampling_initial: 1, sampling_thereafter: 1000000 } }
service:
  extensions: [health_check]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [debug] } }
`;

export function startBareCollector(folder: string): Promise<Collector> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "bare.yaml");
  writeFileSync(file, BARE);
  return start({ name: "bare", folder, files: [file], variables: {} });
}

async function start(options: {
  readonly name: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}): Promise<Collector> {
  const { name, folder, files, variables } = options;
  mkdirSync(folder, { recursive: true });
  const [grpcPort, httpPort, healthPort] = await findPorts(3);
  const url = `http://127.0.0.1:${httpPort}`;
  const program = new Program({
    words: [await buildProgram("collector"), ...files.map((file) => `--config=${file}`)],
    env: {
      ...HURRY,
      OTLP_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
      OTLP_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
      HEALTH_LISTEN: `127.0.0.1:${healthPort}`,
      OWN_METRICS_ENDPOINT: url,
      COLLECTOR_NAME: path.basename(folder),
      DATA_DIR: folder,
      ...variables,
    },
    ...{ folder, name, isReady: answers(`http://127.0.0.1:${healthPort}/`) },
  });
  await program.start();
  return {
    program,
    url,
    grpc: `127.0.0.1:${grpcPort}`,
    folder,
    auditFolder: path.join(folder, "audit"),
  };
}
