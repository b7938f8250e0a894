import { getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import type { Signal } from "./drop-counts.ts";
import { type Endpoint, readEndpoint } from "./endpoint.ts";
import { type OtlpTarget, signalNames } from "./otlp-delegate.ts";

/** One exporter of a signal. `prometheus` is for metrics, `zipkin` for traces only. */
export type ExporterChoice =
  | ({ readonly kind: "otlp" } & OtlpTarget)
  | { readonly kind: "console" | "prometheus" | "zipkin" };

/** What was given in code; it wins over the environment. */
export interface GivenTarget {
  readonly endpoint?: string | undefined;
  readonly protocol?: "http/json" | "http/protobuf" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A wrong value of a start-up option or variable. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

const DEFAULT_ENDPOINT = "http://127.0.0.1:4318";
/** 0.67 of the CPU time that JSON takes from object to socket, and less than half the bytes. */
const DEFAULT_PROTOCOL = "http/protobuf";
const PROTOCOLS: ReadonlySet<string> = new Set(["http/json", "http/protobuf", "grpc"]);

const kinds: Readonly<Record<Signal, ReadonlySet<string>>> = {
  traces: new Set(["otlp", "console", "zipkin"]),
  logs: new Set(["otlp", "console"]),
  metrics: new Set(["otlp", "console", "prometheus"]),
};

/** Which exporters a signal has by `OTEL_<SIGNAL>_EXPORTER`; default OTLP, none at all by `none`. */
export function findExporters(
  signal: Signal,
  given: GivenTarget,
  problems: Problem[],
): readonly ExporterChoice[] {
  const variable = `OTEL_${signalNames[signal].variable}_EXPORTER`;
  const named = new Set(getStringListFromEnv(variable) ?? []);
  if (named.has("none")) return [];
  const known = [...named].filter((kind) => kinds[signal].has(kind));
  // Names that are not known are told of by `warnOfEnvironment`, and are as good as not given.
  if (known.length === 0) known.push("otlp");
  return known.flatMap((kind): ExporterChoice[] => {
    if (kind === "otlp") return [{ kind, ...findTarget(signal, given, problems) }];
    return isOtherKind(kind) ? [{ kind }] : [];
  });
}

const isOtherKind = (kind: string): kind is "console" | "prometheus" | "zipkin" =>
  kind === "console" || kind === "prometheus" || kind === "zipkin";

function findTarget(signal: Signal, given: GivenTarget, problems: Problem[]): OtlpTarget {
  const { headers } = given;
  const protocol = given.protocol ?? findProtocol(signal);
  if (protocol !== "grpc") {
    const endpoint = findEndpoint(signal, given, problems);
    const all = endpoint?.headers || headers ? { ...endpoint?.headers, ...headers } : undefined;
    return { protocol, headers: all, url: endpoint?.url };
  }
  if (headers !== undefined) {
    const message = "cannot be given in code for gRPC: use OTEL_EXPORTER_OTLP_HEADERS";
    problems.push({ path: "headers", message });
  }
  if (given.endpoint !== undefined && readEndpoint(given.endpoint)?.headers !== undefined) {
    const message = "name and password do not go with gRPC: use OTEL_EXPORTER_OTLP_HEADERS";
    problems.push({ path: "endpoint", message });
  }
  return { protocol, headers, url: given.endpoint };
}

/** A wrong one, told of by `warnOfEnvironment`, is as good as none. */
function findProtocol(signal: Signal): OtlpTarget["protocol"] {
  const { variable } = signalNames[signal];
  const named = [`OTEL_EXPORTER_OTLP_${variable}_PROTOCOL`, "OTEL_EXPORTER_OTLP_PROTOCOL"].map(
    (name) => getStringFromEnv(name)?.trim() ?? "",
  );
  return named.find(isProtocol) ?? DEFAULT_PROTOCOL;
}

const isProtocol = (name: string): name is OtlpTarget["protocol"] => PROTOCOLS.has(name);

/** A signal's own variable is taken as it is; to a general endpoint the signal's path is added. */
function findEndpoint(
  signal: Signal,
  given: GivenTarget,
  problems: Problem[],
): Endpoint | undefined {
  const { variable, path } = signalNames[signal];
  if (given.endpoint !== undefined) return readEndpoint(given.endpoint, path);
  const own = `OTEL_EXPORTER_OTLP_${variable}_ENDPOINT`;
  const ownUrl = getStringFromEnv(own)?.trim();
  if (ownUrl !== undefined) return check(readEndpoint(ownUrl), own, problems);
  const general = "OTEL_EXPORTER_OTLP_ENDPOINT";
  const base = getStringFromEnv(general)?.trim() ?? DEFAULT_ENDPOINT;
  return check(readEndpoint(base, path), general, problems);
}

function check(
  endpoint: Endpoint | undefined,
  path: string,
  problems: Problem[],
): Endpoint | undefined {
  if (endpoint === undefined && !problems.some((problem) => problem.path === path)) {
    problems.push({ path, message: "expected an http or https URL" });
  }
  return endpoint;
}
