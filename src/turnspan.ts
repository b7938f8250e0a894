import * as api from "@opentelemetry/api";
import { HookEngine } from "./hooks/engine.ts";
import { hasGlobalLogger, hasGlobalMeter, hasGlobalProvider } from "./lifecycle/api-globals.ts";
import { createClock } from "./lifecycle/clock.ts";
import type { ContentMode } from "./lifecycle/content.ts";
import type { LifecycleEvent, RunStart } from "./lifecycle/events.ts";
import type { Verdict } from "./lifecycle/hand-over.ts";
import { writeHookSpan } from "./lifecycle/hook-span.ts";
import { Lifecycle } from "./lifecycle/lifecycle.ts";
import type { CountDrop } from "./lifecycle/outputs.ts";
import type { PresetIds } from "./lifecycle/preset-ids.ts";
import type { LoggerLike, LoggerProviderLike, WireRecord } from "./lifecycle/record-log.ts";
import type { Recorder } from "./lifecycle/recorder.ts";
import type { PriceCall } from "./lifecycle/records.ts";
import { Session, type SessionInfo } from "./lifecycle/session.ts";
import type { SpanPolicy } from "./lifecycle/span-shape.ts";
import { SCHEMA_URL } from "./semconv/gen-ai.ts";
import { ATTR_HOST, ATTR_SOURCE, SCOPE_NAME } from "./semconv/turnspan.ts";
import { VERSION } from "./version.ts";

/** Where telemetry goes and what it may hold. Everything is optional. */
export interface TurnspanOptions {
  /** Default: what is registered with `@opentelemetry/api`, also when that happens later. */
  readonly tracerProvider?: api.TracerProvider;
  readonly meterProvider?: api.MeterProvider;
  readonly loggerProvider?: LoggerProviderLike;
  /** Default: an engine of its own. Share one to register its span processor. */
  readonly hooks?: HookEngine;
  /** The id generator of a tracer provider that is ours: lets deferred spans have the host's ids. */
  readonly ids?: PresetIds;
  /**
   * `live` (default): opened at their start. `deferred`: written at their end, for hosts that only tell;
   * it needs `ids`, since only then children find the parents that are written after them.
   */
  readonly spans?: "live" | "deferred";
  /** What a model call costs; without it costs are unknown unless the host names them. */
  readonly price?: PriceCall;
  /** The audit lane; with it records go there and not to the logger. */
  readonly append?: (record: WireRecord) => void;
  /** Sees every record as it goes out, whichever lane it takes. */
  readonly onRecord?: (record: WireRecord) => void;
  /**
   * Told of events that came too late to be of use, beside the drops that the hooks' engine tells of
   * itself. Default: both are counted in `turnspan.telemetry.dropped`.
   */
  readonly onDrop?: CountDrop;
  /**
   * Where prompts and answers may go. Default `none`. `local` is `none` without `ids`: nobody would strip
   * content from the exporters of a provider that is not ours.
   */
  readonly content?: ContentMode;
  /** `turn` (default): each turn a trace of its own. `session`: turns are children of the session span. */
  readonly traceScope?: "turn" | "session";
  /** `hashed` where session keys hold telephone numbers and the like. Default `plain`. */
  readonly sessionKeys?: "plain" | "hashed";
  /** `turnspan.source` on everything that is not live. Default `live`. */
  readonly source?: "live" | "replay" | "import" | "recovery";
  /** `turnspan.host`: the program that was observed. */
  readonly host?: string;
  /** Default true. */
  readonly metrics?: boolean;
  /** Sends metrics now; asked when an agent is first seen. */
  readonly flushMetrics?: () => void;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

/** Lifecycle instrumentation of one agent runtime. */
export interface Turnspan {
  readonly hooks: HookEngine;
  /** Opens a session; dispose it, or call `end`, to end it. */
  openSession(info: SessionInfo): Session;
  /** Takes what a host said. Never throws. */
  observe(event: Exclude<LifecycleEvent, RunStart>): void;
  /** The same for an event that starts a run: gives back what the guards say. Never throws or rejects. */
  observe(event: LifecycleEvent): Verdict | Promise<Verdict>;
  /** Lets time pass (epoch ms) for runs that wait for late facts. */
  advance(now: number): void;
  /** Ends everything that is open. Default: cancelled, reason "shutdown". */
  close(reason?: string, outcome?: "cancelled" | "abandoned"): void;
}

function constantAttributes(options: TurnspanOptions): api.Attributes {
  const constant: api.Attributes = {};
  if (options.source !== undefined && options.source !== "live") {
    constant[ATTR_SOURCE] = options.source;
  }
  if (options.host !== undefined) constant[ATTR_HOST] = options.host;
  return constant;
}

/** The logger of the provider given, else of the global one; API 1.9 has no `logs`. */
function findLogger(provider: LoggerProviderLike | undefined): () => LoggerLike | undefined {
  const given = provider?.getLogger(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
  if (given !== undefined) return () => given;
  let found: LoggerLike | undefined;
  return () => {
    if (found !== undefined || !hasGlobalLogger()) return found;
    const { logs } = api as { readonly logs?: LoggerProviderLike };
    found = logs?.getLogger(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
    return found;
  };
}

function findMeter(options: TurnspanOptions): () => api.Meter | undefined {
  if (options.metrics === false) return () => undefined;
  const { meterProvider } = options;
  if (meterProvider !== undefined) {
    return () => meterProvider.getMeter(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
  }
  return () =>
    hasGlobalMeter()
      ? api.metrics.getMeter(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL })
      : undefined;
}

const contentOf = ({ content = "none", ids }: TurnspanOptions): ContentMode =>
  content === "local" && ids === undefined ? "none" : content;

const policyOf = (options: TurnspanOptions): SpanPolicy => ({
  content: contentOf(options),
  sessionKeys: options.sessionKeys ?? "plain",
  constant: constantAttributes(options),
});

const tracerOf = ({ tracerProvider = api.trace }: TurnspanOptions): api.Tracer =>
  tracerProvider.getTracer(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });

function createLifecycle(options: TurnspanOptions, hooks: HookEngine): Lifecycle {
  return new Lifecycle(
    { price: options.price, keepsContent: contentOf(options) !== "none" },
    {
      tracer: tracerOf(options),
      spans: options.ids === undefined ? "live" : (options.spans ?? "live"),
      ids: options.ids,
      traceScope: options.traceScope ?? "turn",
      policy: policyOf(options),
      hooks,
      findMeter: findMeter(options),
      flushMetrics: options.flushMetrics,
      findLogger: findLogger(options.loggerProvider),
      append: options.append,
      onRecord: options.onRecord,
      onDrop: options.onDrop,
    },
  );
}

const hasOutput = (options: TurnspanOptions): boolean =>
  [
    options.tracerProvider,
    options.meterProvider,
    options.loggerProvider,
    options.append,
    options.onRecord,
  ].some((output) => output !== undefined);

/** Makes the lifecycle API. Loads nothing but `@opentelemetry/api`, sets no global, starts no timer. */
export function createTurnspan(options: TurnspanOptions = {}): Turnspan {
  const hooks = options.hooks ?? new HookEngine();
  const lifecycle = createLifecycle(options, hooks);
  const clock = options.clock ?? createClock();
  const [tracer, policy] = [tracerOf(options), policyOf(options)];
  hooks.connect({
    report: (finding) => lifecycle.tell({ ...finding, time: clock() }),
    duration: (hook, seconds, errorType) => lifecycle.measureHook(hook, seconds, errorType),
    called: (call) => writeHookSpan(tracer, policy, call, clock()),
    // Who counts drops listens to the engine too.
    drop:
      options.onDrop === undefined
        ? (reason) => lifecycle.countDrop("hooks", reason, 1)
        : undefined,
  });
  const always = hasOutput(options);
  const prefix = Math.random().toString(36).slice(2, 10).padEnd(8, "0");
  let runs = 0;
  const recorder: Recorder = {
    lifecycle,
    now: clock,
    isIdle: () => !always && !hooks.hasListeners && !hasGlobalProvider(),
    nextRunId: () => `${prefix}-${runs++}`,
  };
  return {
    hooks,
    openSession: (info) => new Session(recorder, info),
    observe: (event) => lifecycle.ask(event),
    advance: (now) => lifecycle.advance(now),
    close: (reason = "shutdown", outcome = "cancelled") =>
      lifecycle.stop(() => ({ type: "host.stop", time: clock(), reason, outcome })),
  };
}
