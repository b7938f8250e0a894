import { diag, type Meter, type Tracer } from "@opentelemetry/api";
import type { AuditLane, Recovered } from "../audit/lane.ts";
import type { WireRecord } from "../lifecycle/record-log.ts";
import { EVENT_SESSION_START, SCHEMA_URL } from "../semconv/gen-ai.ts";
import { ATTR_HOST, ATTR_SOURCE, SCOPE_NAME } from "../semconv/turnspan.ts";
import { VERSION } from "../version.ts";
import type { Prepared } from "./prepare.ts";
import type { Providers } from "./telemetry.ts";

const NOTHING: Recovered = { writers: 0, ended: 0 };

/**
 * Ends what dead processes left in the audit log: when asked, else with the first session that opens
 * here, so that whoever wants to hear of it has attached a handler by then. Hooks that a config file
 * names are there from the beginning: with such, it is done right after the start.
 */
export class Recovery {
  readonly #lane: AuditLane | undefined;
  readonly #prepared: Prepared;
  readonly #providers: Providers;
  #isDone = false;

  constructor(prepared: Prepared, providers: Providers) {
    this.#lane = prepared.audit;
    this.#prepared = prepared;
    this.#providers = providers;
    if (this.#lane !== undefined && prepared.configured !== undefined) {
      // Not at once: the code that waits for the start attaches its handlers first.
      setImmediate(() => this.#runOnce());
    }
  }

  /** The audit lane's door for records. */
  append(record: WireRecord): void {
    void this.#lane?.append(record);
    if (!this.#isDone && record.eventName === EVENT_SESSION_START) this.#runOnce();
  }

  /** Rejects with what the file system says. */
  async run(): Promise<Recovered> {
    this.#isDone = true;
    const { config, hooks, ids, parts } = this.#prepared;
    const { tracerProvider, meterProvider } = this.#providers;
    const scope = [SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL }] as const;
    const tracer: Tracer = tracerProvider.getTracer(...scope);
    const findMeter = (): Meter => meterProvider.getMeter(...scope);
    const recovered = await this.#lane?.recover({
      ...{ tracer, ids, hooks },
      spans: "deferred",
      traceScope: config.traceScope,
      policy: {
        content: "none",
        // Keys stand in the log as they may be shown.
        sessionKeys: "plain",
        constant: {
          [ATTR_SOURCE]: "recovery",
          ...(parts.host !== undefined && { [ATTR_HOST]: parts.host }),
        },
      },
      ...(config.metrics && { findMeter }),
    });
    return recovered ?? NOTHING;
  }

  #runOnce(): void {
    if (this.#isDone) return;
    this.run().catch((error) => diag.error("turnspan: the audit log cannot be recovered", error));
  }
}
