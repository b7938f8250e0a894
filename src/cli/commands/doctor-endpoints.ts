import { connect } from "node:net";
import type { TelemetryConfig } from "../../sdk/config.ts";
import type { ExporterChoice } from "../../sdk/targets.ts";
import type { CliContext } from "../context.ts";
import type { Finding } from "./doctor-finding.ts";

const TIMEOUT_MS = 5000;
const GRPC_PORT = 4317;

interface Endpoint {
  readonly signals: string;
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Whether each endpoint that telemetry would go to takes an empty request. */
export async function checkEndpoints(config: TelemetryConfig, cli: CliContext): Promise<Finding[]> {
  if (config.disabled) {
    const fix = "unset OTEL_SDK_DISABLED";
    return [{ state: "warn", check: "endpoints", found: "OpenTelemetry is disabled", fix }];
  }
  return Promise.all(listEndpoints(config).map((endpoint) => checkEndpoint(endpoint, cli)));
}

function listEndpoints({ exporters, audit }: TelemetryConfig): Endpoint[] {
  const signals = Object.entries(exporters).flatMap(([signal, choices]) =>
    choices.flatMap((choice) => toEndpoint(signal, choice)),
  );
  const named = (audit?.destinations ?? []).map(({ name, url, protocol, headers }) => ({
    ...{ signals: `audit, ${name}`, url, protocol, headers },
  }));
  return [...signals, ...named];
}

const toEndpoint = (signal: string, choice: ExporterChoice): Endpoint[] => {
  if (choice.kind !== "otlp") return [];
  const { url = `http://127.0.0.1:${GRPC_PORT}`, protocol, headers } = choice;
  return [{ signals: signal, url, protocol, headers }];
};

async function checkEndpoint(endpoint: Endpoint, cli: CliContext): Promise<Finding> {
  const { signals, url, protocol } = endpoint;
  const check = `endpoint (${signals})`;
  const shown = `${shownUrl(url)} by ${protocol}`;
  try {
    if (protocol === "grpc") {
      await openConnection(new URL(url));
      return { state: "ok", check, found: `${shown}: takes connections` };
    }
    const { status } = await postNothing(endpoint, cli);
    if (status < 400) return { state: "ok", check, found: `${shown}: answers ${status}` };
    const fix = statusFixes.get(status) ?? "read the receiver's log";
    return { state: "fail", check, found: `${shown}: answers ${status}`, fix };
  } catch (error) {
    cli.signal.throwIfAborted();
    return { state: "fail", check, found: `${shown}: ${reasonOf(error)}`, fix: UNREACHABLE_FIX };
  }
}

const UNREACHABLE_FIX =
  "start a receiver there (turnspan up listens on port 4318), or set OTEL_EXPORTER_OTLP_ENDPOINT to one";

const statusFixes: ReadonlyMap<number, string> = new Map([
  [401, "give the receiver's token by OTEL_EXPORTER_OTLP_HEADERS or telemetry.headers"],
  [403, "give a token that may write, by OTEL_EXPORTER_OTLP_HEADERS or telemetry.headers"],
  [404, "check the address: an OTLP receiver has /v1/traces, /v1/logs and /v1/metrics below it"],
  [405, "check the address: what answers there is no OTLP receiver"],
  [415, "set OTEL_EXPORTER_OTLP_PROTOCOL to one that the receiver takes"],
]);

const BODIES = {
  "http/json": ["application/json", "{}"],
  "http/protobuf": ["application/x-protobuf", ""],
} as const;

function postNothing({ url, protocol, headers }: Endpoint, cli: CliContext): Promise<Response> {
  const [type, body] = BODIES[protocol === "http/json" ? "http/json" : "http/protobuf"];
  return cli.fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": type },
    body,
    signal: AbortSignal.any([cli.signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
}

function openConnection({ hostname, port, protocol }: URL): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fallback = protocol === "https:" ? 443 : GRPC_PORT;
  const socket = connect({ host: hostname, port: Number(port || fallback), timeout: TIMEOUT_MS });
  socket.on("connect", resolve);
  socket.on("timeout", () => reject(new Error("no answer")));
  socket.on("error", reject);
  return promise.finally(() => socket.destroy());
}

/** Without user, password and query, which may hold a secret. */
function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === "/" ? "" : pathname}`;
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message || String(cause) : message;
}
