import { mkdirSync } from "node:fs";
import path from "node:path";
import { root } from "../../collector/configs.ts";
import { answers, findPorts, Program, waitFor } from "./processes.ts";
import { buildProgram } from "./programs.ts";

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
}

interface JaegerSearch {
  readonly service: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Jaeger {
  readonly program: Program;
  /** Of its query API, which its pages and Grafana use. */
  readonly url: string;
  /** Where collectors send to. */
  readonly otlpUrl: string;
  readonly folder: string;
  /** The spans of a trace; undefined where Jaeger does not know it. */
  findTrace(traceId: string): Promise<readonly JaegerSpan[] | undefined>;
  /** The spans of a trace when there are as many, or more; throws where they do not come. */
  waitForTrace(traceId: string, spans: number): Promise<readonly JaegerSpan[]>;
  /** Traces that have a span with all these tags, of the last two days. */
  search(search: JaegerSearch): Promise<readonly JaegerTrace[]>;
}

const DAYS_MS = 2 * 86_400_000;
const LIMIT = 10_000;
const WAIT_MS = 300_000;

/** The Jaeger of docker-compose.yml: its settings, on one disk. Started again it has what it had. */
export async function startJaeger(folder: string): Promise<Jaeger> {
  mkdirSync(folder, { recursive: true });
  const [uiPort, grpcPort, otlpPort] = await findPorts(3);
  const url = `http://127.0.0.1:${uiPort}`;
  const program = new Program({
    words: [
      await buildProgram("jaeger"),
      "--config",
      path.join(root, "collector/stack/jaeger.yaml"),
    ],
    env: {
      JAEGER_DATA: path.join(folder, "data"),
      JAEGER_UI_PORT: String(uiPort),
      JAEGER_QUERY_GRPC_PORT: String(grpcPort),
      JAEGER_OTLP_PORT: String(otlpPort),
      OTEL_TRACES_SAMPLER: "always_off",
    },
    ...{ folder, name: "jaeger", isReady: answers(`${url}/api/services`) },
  });
  await program.start();
  const findTrace: Jaeger["findTrace"] = async (traceId) => {
    const response = await fetch(`${url}/api/traces/${traceId}`);
    if (response.status === 404) return undefined;
    return (await tracesOf(response))[0]?.spans;
  };
  return {
    ...{ program, url, folder, otlpUrl: `http://127.0.0.1:${otlpPort}`, findTrace },
    waitForTrace: (traceId, spans) =>
      waitFor(`${spans} spans of trace ${traceId}`, WAIT_MS, async () => {
        const found = await findTrace(traceId);
        return found !== undefined && found.length >= spans && found;
      }),
    search: async ({ service, tags = {} }) => {
      const now = Date.now();
      const parameters = new URLSearchParams({
        ...{ service, limit: String(LIMIT), tags: JSON.stringify(tags) },
        ...{ start: `${now - DAYS_MS}000`, end: `${now + 60_000}000` },
      });
      return tracesOf(await fetch(`${url}/api/traces?${parameters}`));
    },
  };
}

async function tracesOf(response: Response): Promise<readonly JaegerTrace[]> {
  if (!response.ok) throw new Error(`Jaeger: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as { readonly data: readonly JaegerTrace[] | null };
  return data ?? [];
}

/** The value of a span's tag; undefined where it has none. */
export const tagOf = (span: JaegerSpan, key: string): unknown =>
  span.tags.find((tag) => tag.key === key)?.value;
