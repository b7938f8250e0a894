import { getBooleanFromEnv, getNumberFromEnv } from "@opentelemetry/core";
import { z } from "zod";
import { CodedError } from "../base/errors.ts";
import { AuditOptions } from "./audit-options.ts";
import type { BatchLimits } from "./batch-queue.ts";
import type { Signal } from "./drop-counts.ts";
import { SpoolOptions } from "./spool-options.ts";
import { type ExporterChoice, findExporters, type Problem } from "./targets.ts";

const positive = z.number().positive();
const count = z.int().positive();

const ExitGuardOptions = z.strictObject({
  /** SIGTERM and SIGINT, each where the host has no handler of its own. */
  signals: z.boolean().default(true),
  uncaughtException: z.boolean().default(false),
  /** For all that is done at the exit together. Default 1.8 s: the process is gone within 2 s. */
  timeoutMs: positive.max(60_000).default(1800),
});

const BatchOptions = z.strictObject({
  maxQueueSize: count.optional(),
  maxBatchSize: count.optional(),
  delayMs: positive.optional(),
});

const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** What telemetry is started with. Values given here win over the `OTEL_*` variables. */
export const TelemetryOptions = z.strictObject({
  /** Default `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  serviceName: z.string().min(1).optional(),
  resourceAttributes: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional(),
  /** Base URL; `/v1/traces` and so on are added. Default `OTEL_EXPORTER_OTLP_ENDPOINT`, else port 4318 here. */
  endpoint: z.string().refine(isHttpUrl, "expected an http or https URL").optional(),
  /** Default `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`. */
  protocol: z.enum(["http/json", "http/protobuf"]).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Where prompts and answers may go: `local` keeps them from every exporter that leaves this machine. */
  content: z.enum(["none", "local", "export"]).default("none"),
  traceScope: z.enum(["turn", "session"]).default("turn"),
  sessionKeys: z.enum(["plain", "hashed"]).default("plain"),
  spans: z.enum(["live", "deferred"]).default("live"),
  metrics: z.boolean().default(true),
  /** Queue of spans, and that of log records. Default `OTEL_BSP_*` and `OTEL_BLRP_*`. */
  batch: BatchOptions.default({}),
  /**
   * Spans that find nobody to take them wait, as many as the queue holds, until somebody does. Default:
   * they are given up after some seconds.
   */
  waitForReceiver: z.boolean().default(false),
  /** Spans wait on disk until their receiver has them, over restarts too. Default: in memory, for a while. */
  spool: SpoolOptions.optional(),
  /** Records go through the audit lane, and not to the logger. Default: off. */
  audit: AuditOptions.optional(),
  /** `false`: nothing is done at the exit. */
  exitGuard: z.union([z.literal(false), ExitGuardOptions]).prefault({}),
});
export type TelemetryOptions = z.input<typeof TelemetryOptions>;
type ParsedOptions = z.output<typeof TelemetryOptions>;

/** Options and environment together: what will be done. Plain data, for `doctor` to show. */
export interface TelemetryConfig extends Omit<ParsedOptions, "batch"> {
  /** `OTEL_SDK_DISABLED`. */
  readonly disabled: boolean;
  readonly exporters: Readonly<Record<Signal, readonly ExporterChoice[]>>;
  readonly batch: Readonly<Record<"traces" | "logs", BatchLimits>>;
  readonly metricIntervalMs: number;
  readonly metricTimeoutMs: number;
}

/** Four times the SDK's, and well under the 30 batches that may be under way at once. */
const DEFAULT_QUEUE_SIZE = 8192;
const DEFAULT_BATCH_SIZE = 512;
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000;
/** A fifth of the SDK's: whoever looks on sees a turn within a second of its start. */
const DEFAULT_LOG_DELAY_MS = 200;

/**
 * Makes one resolved object of options and environment; `elsewhere`: what is known to be wrong already.
 * Throws TELEMETRY_OPTIONS_INVALID, with every wrong value and its path.
 */
export function resolveTelemetry(
  options: TelemetryOptions,
  elsewhere: readonly Problem[] = [],
): TelemetryConfig {
  const parsed = TelemetryOptions.safeParse(options);
  const found = parsed.success ? [] : parsed.error.issues.map(toProblem);
  const problems: Problem[] = [...found, ...elsewhere];
  const given = parsed.success ? parsed.data : {};
  const exporters = {
    traces: findExporters("traces", given, problems),
    logs: findExporters("logs", given, problems),
    metrics: findExporters("metrics", given, problems),
  };
  if (!parsed.success || problems.length > 0) throw invalid(problems);
  const { data } = parsed;
  return {
    ...data,
    disabled: getBooleanFromEnv("OTEL_SDK_DISABLED"),
    exporters: data.metrics ? exporters : { ...exporters, metrics: [] },
    batch: {
      traces: findBatchLimits("OTEL_BSP", 5000, data.batch),
      logs: findBatchLimits("OTEL_BLRP", DEFAULT_LOG_DELAY_MS, data.batch),
    },
    ...findMetricTimes(),
  };
}

function toProblem(issue: z.core.$ZodIssue): Problem {
  const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return { path: path.join("").replace(/^\./, "") || "(options)", message: issue.message };
}

function invalid(problems: readonly Problem[]): CodedError {
  const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
  return new CodedError("TELEMETRY_OPTIONS_INVALID", `Telemetry cannot start:${lines.join("")}`);
}

function fromEnv(variable: string): number | undefined {
  const value = getNumberFromEnv(variable);
  return value !== undefined && value > 0 ? value : undefined;
}

function findBatchLimits(
  prefix: "OTEL_BSP" | "OTEL_BLRP",
  defaultDelayMs: number,
  given: ParsedOptions["batch"],
): BatchLimits {
  const size = given.maxQueueSize ?? fromEnv(`${prefix}_MAX_QUEUE_SIZE`) ?? DEFAULT_QUEUE_SIZE;
  const batch =
    given.maxBatchSize ?? fromEnv(`${prefix}_MAX_EXPORT_BATCH_SIZE`) ?? DEFAULT_BATCH_SIZE;
  return {
    maxQueueSize: size,
    maxBatchSize: Math.min(batch, size),
    delayMs: given.delayMs ?? fromEnv(`${prefix}_SCHEDULE_DELAY`) ?? defaultDelayMs,
    exportTimeoutMs: fromEnv(`${prefix}_EXPORT_TIMEOUT`) ?? DEFAULT_EXPORT_TIMEOUT_MS,
  };
}

function findMetricTimes(): Pick<TelemetryConfig, "metricIntervalMs" | "metricTimeoutMs"> {
  const metricIntervalMs = fromEnv("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const timeout = fromEnv("OTEL_METRIC_EXPORT_TIMEOUT") ?? DEFAULT_EXPORT_TIMEOUT_MS;
  // The reader throws where a try may last longer than the time to the next.
  return { metricIntervalMs, metricTimeoutMs: Math.min(timeout, metricIntervalMs) };
}
