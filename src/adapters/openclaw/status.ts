import { VERSION } from "../../version.ts";
import type { HostApi } from "./host-api.ts";
import type { Observation } from "./observation.ts";
import { seesConversations } from "./own-config.ts";
import type { SharedState } from "./shared-state.ts";

const API_GLOBALS = Symbol.for("opentelemetry.js.api.1");

/** What may be asked for beside the plugin's own state. */
export interface StatusRequest {
  /** A run to tell of. */
  readonly runId?: string | undefined;
  /** Send everything recorded so far first. */
  readonly flush?: boolean | undefined;
}

/** How the plugin is doing, as the gateway method, the command line and the chat command show it. */
export interface Status {
  readonly version: string;
  readonly hostVersion: string | undefined;
  /** Version of the OpenTelemetry API that somebody else in the gateway registered; undefined where nobody did. */
  readonly hostApi: string | undefined;
  readonly running: boolean;
  /** Where spans go; undefined where they go nowhere. */
  readonly endpoint: string | undefined;
  readonly conversationAccess: boolean;
  readonly openRuns: number;
  readonly openSessions: number;
  readonly dropped: readonly {
    readonly signal: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Whether everything so far was taken; undefined where that was not asked. */
  readonly flushed: boolean | undefined;
  /** Of the run that was asked for, while it is remembered. */
  readonly run: { readonly traceId: string | undefined; readonly ended: boolean } | undefined;
}

export async function readStatus(
  api: HostApi,
  state: SharedState,
  { runId, flush }: StatusRequest = {},
): Promise<Status> {
  const { observation } = state;
  const flushed = flush === true ? await observation?.telemetry.forceFlush() : undefined;
  const runs = observation?.openRuns() ?? [];
  return {
    version: VERSION,
    hostVersion: api.runtime?.version,
    hostApi: findHostApi(),
    running: observation !== undefined,
    endpoint: observation && endpointOf(observation),
    conversationAccess: seesConversations(api.config),
    openRuns: runs.length,
    openSessions: new Set(runs.map(({ sessionKey }) => sessionKey)).size,
    dropped: observation?.telemetry.dropped() ?? [],
    flushed,
    run: findRun(observation, runId),
  };
}

/** Where every copy of the API leaves its version and what was registered with it. */
function findHostApi(): string | undefined {
  const holder = globalThis as { readonly [API_GLOBALS]?: { readonly version?: string } };
  return holder[API_GLOBALS]?.version;
}

function findRun(observation: Observation | undefined, runId: string | undefined): Status["run"] {
  const run = observation?.memory.runs.get(runId ?? "");
  return run && { traceId: observation?.traceIdOf(run), ended: run.endedAt !== undefined };
}

/** Where spans go by OTLP over HTTP. */
export function endpointOf({ telemetry }: Observation): string | undefined {
  const target = telemetry.config.exporters.traces.find(({ kind }) => kind === "otlp");
  return target?.kind === "otlp" ? target.url : undefined;
}

/** In lines, for people. */
export function statusText(status: Status): string {
  const { dropped } = status;
  const lost = dropped.map(({ signal, reason, count }) => `${count} ${signal} (${reason})`);
  return [
    `Turnspan ${status.version}: ${status.running ? "recording" : "not running"}`,
    `sends to ${status.endpoint ?? "nothing"}`,
    `conversation access: ${status.conversationAccess ? "yes" : "no"}`,
    `running now: ${status.openRuns} turns in ${status.openSessions} sessions`,
    `lost: ${lost.length === 0 ? "nothing" : lost.join(", ")}`,
  ].join("\n");
}
