import { RecentMap } from "../../base/recent-map.ts";
import type { HostEvent } from "./host-events.ts";
import type { DiagnosticModule } from "./host-modules.ts";
import type { Observation } from "./observation.ts";

const KEY = Symbol.for("turnspan.openclaw.1");
/** A gateway's start says less than a hundred things before its services run. */
const MAX_EARLY = 5_000;
/** How long a turn that comes before the service runs is kept waiting for the guards. */
const READY_MS = 5_000;
const MAX_TOKENS = 10_000;

/**
 * What all instances of this module in one process share. The host loads it several times: one instance
 * hears of sessions and messages, another one of runs, and a reload replaces them one by one.
 */
export interface SharedState {
  observation: Observation | undefined;
  /** Resolves when the service that is starting has started, or failed. */
  starting: Promise<void> | undefined;
  /** Heard before there was an observation. */
  early: HostEvent[];
  /** The gateway said that it stops: what is closed now is closed for good. */
  isStopping: boolean;
  /** Ends the observation of a plugin that was stopped and does not come back. */
  farewell: NodeJS.Timeout | undefined;
  diagnostics: DiagnosticModule | undefined;
  /** Which conversation a button went to whose value had to be replaced by a token. */
  readonly sentTokens: RecentMap<string, { readonly owner: string; readonly to: string }>;
  /** Said once a process. */
  readonly said: Set<string>;
}

/** The state of this process; made by whoever asks first. */
export function sharedState(): SharedState {
  const holder = globalThis as { [KEY]?: SharedState };
  holder[KEY] ??= {
    observation: undefined,
    starting: undefined,
    early: [],
    isStopping: false,
    farewell: undefined,
    diagnostics: undefined,
    sentTokens: new RecentMap(MAX_TOKENS),
    said: new Set(),
  };
  return holder[KEY];
}

/** Takes what the host said to the observation, or keeps it until there is one. Never throws. */
export function hear(state: SharedState, host: HostEvent): void {
  if (state.observation !== undefined) state.observation.take(host);
  else if (state.early.length < MAX_EARLY) state.early.push(host);
}

/** The observation, waited for while a service is starting; undefined where none comes in time. */
export async function observationOf(state: SharedState): Promise<Observation | undefined> {
  if (state.observation === undefined && state.starting !== undefined) {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, READY_MS);
    await Promise.race([state.starting, late]);
    clearTimeout(timer);
  }
  return state.observation;
}
