import path from "node:path";
import type { HostTelemetryOptions } from "../../sdk/host-telemetry.ts";
import type { Telemetry } from "../../sdk/start.ts";
import { VERSION } from "../../version.ts";
import { createChannel } from "./channel.ts";
import { findEndpointProblem } from "./endpoint-check.ts";
import { record } from "./fields.ts";
import type { HostApi, ServiceContext } from "./host-api.ts";
import { loadDiagnostics } from "./host-modules.ts";
import { importScript } from "./import-script.ts";
import { Observation } from "./observation.ts";
import { seesConversations } from "./own-config.ts";
import type { SharedState } from "./shared-state.ts";
import { endpointOf } from "./status.ts";
import { listenToDiagnostics, tell, untilTold } from "./taps.ts";

/** A reloaded plugin is back within seconds; one that was switched off never comes. */
const FAREWELL_MS = 30_000;
const IDLE_POLL_MS = 500;
/** A gateway that is never idle gets its new config nevertheless. */
const MAX_WAIT_FOR_IDLE_MS = 300_000;
const DRAIN_MS = 500;
const LOSSES_EVERY_MS = 30_000;
const NO_ACCESS =
  "it may not see conversations: sessions, turns, calls, tokens and cost are complete, but beforeTurn " +
  "cannot stop a turn, and prompts, answers and stop reasons are missing. To allow it: openclaw config " +
  "set plugins.entries.turnspan.hooks.allowConversationAccess true";
const HOST_EXPORTER =
  "the host's own exporter sends spans with the same ids; Turnspan makes ids of its own for its spans";

/** Everything that lives as long as the gateway's plugin service. */
export class ObservationService {
  readonly #api: HostApi;
  readonly #state: SharedState;
  #timers: NodeJS.Timeout[] = [];
  #stopListening: (() => void) | undefined;

  constructor(api: HostApi, state: SharedState) {
    this.#api = api;
    this.#state = state;
  }

  /** Begins, and lets the gateway go on with its own start. */
  start(context: ServiceContext): void {
    const state = this.#state;
    clearTimeout(state.farewell);
    state.isStopping = false;
    this.#hold(this.#start(context));
  }

  /** Who asks for the observation waits for this. */
  #hold(starting: Promise<void>): void {
    const state = this.#state;
    state.starting = starting
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        state.starting = undefined;
      });
  }

  /** A gateway that stops waits for the last data; a plugin that is replaced leaves them to its successor. */
  async stop(): Promise<void> {
    const state = this.#state;
    await state.starting;
    await untilTold(state, DRAIN_MS);
    this.#stopListening?.();
    for (const timer of this.#timers) clearInterval(timer);
    tell(state, "service", "stop", {});
    const { observation } = state;
    if (observation === undefined) return;
    if (state.isStopping) {
      state.observation = undefined;
      await observation.close();
      return;
    }
    state.farewell = setTimeout(() => this.#leave(observation), FAREWELL_MS);
    state.farewell.unref();
  }

  #leave(observation: Observation): void {
    if (this.#state.observation === observation) this.#state.observation = undefined;
    void observation.close();
  }

  async #start(context: ServiceContext): Promise<void> {
    const state = this.#state;
    const beganAt = performance.now();
    const diagnostics = await loadDiagnostics();
    if (diagnostics !== undefined) this.#stopListening = listenToDiagnostics(state, diagnostics);
    const madeFor = JSON.stringify([VERSION, this.#api.pluginConfig ?? {}]);
    const known = state.observation;
    if (known?.madeFor === madeFor) return;
    const begin = (): Promise<void> => this.#begin(context, madeFor, beganAt);
    if (known === undefined) await begin();
    else this.#replaceWhenIdle(known, begin);
  }

  async #begin(context: ServiceContext, madeFor: string, beganAt: number): Promise<void> {
    const state = this.#state;
    const telemetry = await this.#startTelemetry(context);
    const observation = new Observation(telemetry, {
      madeFor,
      adoptsIds: !hasHostExporter(this.#api.config),
      whenTold: () => state.diagnostics?.waitForDiagnosticEventsDrained?.(),
    });
    state.observation = observation;
    for (const host of state.early.splice(0)) observation.take(host);
    const ms = Math.round(performance.now() - beganAt);
    const endpoint = endpointOf(observation);
    this.#api.logger.info(`turnspan ${VERSION}: recording to ${endpoint ?? "nothing"} (${ms} ms)`);
    this.#sayOnce(observation);
    const losses = setInterval(() => this.#sayLosses(observation), LOSSES_EVERY_MS);
    losses.unref();
    this.#timers.push(losses);
  }

  /** What runs goes on as it began: a new config counts from the first moment when nothing runs. */
  #replaceWhenIdle(old: Observation, begin: () => Promise<void>): void {
    const since = Date.now();
    const timer = setInterval(() => {
      const isBusy = old.openRuns().length > 0 && Date.now() - since < MAX_WAIT_FOR_IDLE_MS;
      if (isBusy || this.#state.observation !== old) return;
      clearInterval(timer);
      this.#state.observation = undefined;
      this.#hold(old.close().then(begin));
    }, IDLE_POLL_MS);
    timer.unref();
    this.#timers.push(timer);
  }

  /** With a config that is wrong nothing of it counts, but the gateway is recorded all the same. */
  async #startTelemetry(context: ServiceContext): Promise<Telemetry> {
    const { createHostTelemetry } = await import("../../sdk/host-telemetry.ts");
    const options = this.#telemetryOptions(context);
    try {
      return await createHostTelemetry(options);
    } catch (error) {
      this.#complain(error);
      this.#api.logger.error("turnspan: recording goes on without this config, hooks included");
      return createHostTelemetry({ ...options, config: {}, env: {} });
    }
  }

  #telemetryOptions({ stateDir }: ServiceContext): HostTelemetryOptions {
    const { logger } = this.#api;
    return {
      host: "openclaw",
      config: this.#api.pluginConfig ?? {},
      source: "plugins.entries.turnspan.config",
      folder: stateDir,
      defaults: {
        serviceName: "openclaw",
        audit: { folder: path.join(stateDir, "turnspan", "audit") },
        waitForReceiver: true,
      },
      actions: {
        channel: createChannel(this.#api, this.#state),
        importModule: importScript,
      },
      log: {
        debug: (message) => logger.debug?.(message),
        info: (message) => logger.info(message),
        warn: (message) => logger.warn(message),
        error: (message) => logger.error(message),
      },
      env: process.env,
    };
  }

  #sayOnce(observation: Observation): void {
    const { said } = this.#state;
    const say = (what: string): void => {
      if (!said.has(what)) this.#api.logger.warn(`turnspan: ${what}`);
      said.add(what);
    };
    if (!seesConversations(this.#api.config)) say(NO_ACCESS);
    if (hasHostExporter(this.#api.config)) say(HOST_EXPORTER);
    const url = endpointOf(observation);
    if (url === undefined) return;
    const { headers } = observation.telemetry.config;
    void findEndpointProblem(url, headers).then((problem) => problem && say(problem));
  }

  #sayLosses({ telemetry }: Observation): void {
    const { said } = this.#state;
    for (const { signal, reason, count } of telemetry.dropped()) {
      const key = `lost ${signal} ${reason}`;
      if (said.has(key)) continue;
      said.add(key);
      this.#api.logger.warn(
        `turnspan: ${count} ${signal} lost (${reason}); later ones are counted`,
      );
    }
  }

  #complain(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#api.logger.error(`turnspan: ${message}`);
  }
}

/** Whether another plugin makes spans of the same events, with the ids that they carry. */
function hasHostExporter(config: unknown): boolean {
  const { diagnostics, plugins } = record(config);
  const entry = record(record(record(plugins)["entries"])["diagnostics-otel"]);
  const otel = record(record(diagnostics)["otel"]);
  return otel["enabled"] === true && entry["enabled"] === true;
}
