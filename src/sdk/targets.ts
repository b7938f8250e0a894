import { diag } from "@opentelemetry/api";
import { getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import type { Signal } from "./drop-counts.ts";
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
  if (named.size === 0) named.add("otlp");
  if (named.has("none")) return [];
  return [...named].flatMap((kind): ExporterChoice[] => {
    if (kind === "otlp") return [{ kind, ...findTarget(signal, given, problems) }];
    if (isOtherKind(kind) && kinds[signal].has(kind)) return [{ kind }];
    diag.warn(`${variable}: "${kind}" is not known, and ignored.`);
    return [];
  });
}

const isOtherKind = (kind: string): kind is "console" | "prometheus" | "zipkin" =>
  kind === "console" || kind === "prometheus" || kind === "zipkin";

function findTarget(signal: Signal, given: GivenTarget, problems: Problem[]): OtlpTarget {
  const { headers } = given;
  const protocol = given.protocol ?? findProtocol(signal);
  if (protocol !== "grpc") return { protocol, headers, url: findUrl(signal, given, problems) };
  if (headers !== undefined) {
    const message = "cannot be given in code for gRPC: use OTEL_EXPORTER_OTLP_HEADERS";
    problems.push({ path: "headers", message });
  }
  return { protocol, headers, url: given.endpoint };
}

function findProtocol(signal: Signal): OtlpTarget["protocol"] {
  const { variable } = signalNames[signal];
  const named = (
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${variable}_PROTOCOL`) ??
    getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL") ??
    DEFAULT_PROTOCOL
  ).trim();
  if (isProtocol(named)) return named;
  diag.warn(`OTLP protocol "${named}" is not known: ${DEFAULT_PROTOCOL} is used.`);
  return DEFAULT_PROTOCOL;
}

const isProtocol = (name: string): name is OtlpTarget["protocol"] => PROTOCOLS.has(name);

/** A signal's own variable is taken as it is; to a general endpoint the signal's path is added. */
function findUrl(signal: Signal, given: GivenTarget, problems: Problem[]): string | undefined {
  const { variable, path } = signalNames[signal];
  const own = `OTEL_EXPORTER_OTLP_${variable}_ENDPOINT`;
  const general = "OTEL_EXPORTER_OTLP_ENDPOINT";
  const withPath = (endpoint: string): string => `${endpoint.replace(/\/+$/, "")}/${path}`;
  if (given.endpoint !== undefined) return withPath(given.endpoint);
  const ownUrl = getStringFromEnv(own)?.trim();
  if (ownUrl !== undefined) return check(ownUrl, own, problems);
  const base = getStringFromEnv(general)?.trim();
  if (base !== undefined) return check(withPath(base), general, problems);
  return withPath(DEFAULT_ENDPOINT);
}

function check(url: string, path: string, problems: Problem[]): string | undefined {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  if (!problems.some((problem) => problem.path === path)) {
    problems.push({ path, message: "expected an http or https URL" });
  }
  return undefined;
}
