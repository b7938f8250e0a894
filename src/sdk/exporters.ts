import { getStringFromEnv } from "@opentelemetry/core";
import { OTLPMetricExporterBase } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import {
  type IExportLogsServiceResponse,
  type IExportMetricsServiceResponse,
  type IExportTraceServiceResponse,
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import type { LogRecordExporter, ReadableLogRecord } from "@opentelemetry/sdk-logs";
import {
  AggregationType,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { DropCounts, Signal } from "./drop-counts.ts";
import { OtlpDelegate, type OtlpTarget } from "./otlp-delegate.ts";

/** An exporter that can be told to give up. */
export interface Stoppable<Exporter> {
  readonly exporter: Exporter;
  stop(): void;
}

interface ExporterBySignal {
  readonly traces: SpanExporter;
  readonly logs: LogRecordExporter;
  readonly metrics: PushMetricExporter;
}

type Create<S extends Signal> = (
  target: OtlpTarget,
  drops: DropCounts,
) => Promise<Stoppable<ExporterBySignal[S]>>;

const spansOverHttp =
  (serializer: ISerializer<ReadableSpan[], IExportTraceServiceResponse>): Create<"traces"> =>
  async (target, drops) => {
    const rejectedField = "rejectedSpans";
    const delegate = new OtlpDelegate({
      signal: "traces",
      target,
      serializer,
      rejectedField,
      drops,
    });
    return { exporter: new OTLPExporterBase(delegate), stop: () => delegate.stop() };
  };

const logsOverHttp =
  (serializer: ISerializer<ReadableLogRecord[], IExportLogsServiceResponse>): Create<"logs"> =>
  async (target, drops) => {
    const rejectedField = "rejectedLogRecords";
    const delegate = new OtlpDelegate({ signal: "logs", target, serializer, rejectedField, drops });
    return { exporter: new OTLPExporterBase(delegate), stop: () => delegate.stop() };
  };

const metricsOverHttp =
  (serializer: ISerializer<ResourceMetrics, IExportMetricsServiceResponse>): Create<"metrics"> =>
  async (target, drops) => {
    const rejectedField = "rejectedDataPoints";
    const delegate = new OtlpDelegate({
      signal: "metrics",
      target,
      serializer,
      rejectedField,
      drops,
    });
    const exporter = new OTLPMetricExporterBase(delegate, histogramPreference());
    return { exporter, stop: () => delegate.stop() };
  };

/** The one variable of metric exporters that the SDK's own do not read. */
function histogramPreference(): ConstructorParameters<typeof OTLPMetricExporterBase>[1] {
  const wanted = getStringFromEnv("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
  if (wanted?.trim() !== "base2_exponential_bucket_histogram") return {};
  return {
    aggregationPreference: (type) => ({
      type:
        type === InstrumentType.HISTOGRAM
          ? AggregationType.EXPONENTIAL_HISTOGRAM
          : AggregationType.DEFAULT,
    }),
  };
}

/** gRPC is the SDK's own; it cannot be stopped, so it is only shut down. */
function overGrpc<Exporter extends { shutdown(): Promise<void> }>(
  load: (config: { url?: string }) => Promise<Exporter>,
): (target: OtlpTarget) => Promise<Stoppable<Exporter>> {
  return async ({ url }) => {
    const exporter = await load(url === undefined ? {} : { url });
    return { exporter, stop: () => void exporter.shutdown().catch(() => {}) };
  };
}

/** Signal × protocol → exporter. */
export const otlpExporters = {
  traces: {
    "http/json": spansOverHttp(JsonTraceSerializer),
    "http/protobuf": spansOverHttp(ProtobufTraceSerializer),
    grpc: overGrpc(async (config) => {
      const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
      return new OTLPTraceExporter(config);
    }),
  },
  logs: {
    "http/json": logsOverHttp(JsonLogsSerializer),
    "http/protobuf": logsOverHttp(ProtobufLogsSerializer),
    grpc: overGrpc(async (config) => {
      const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-grpc");
      return new OTLPLogExporter(config);
    }),
  },
  metrics: {
    "http/json": metricsOverHttp(JsonMetricsSerializer),
    "http/protobuf": metricsOverHttp(ProtobufMetricsSerializer),
    grpc: overGrpc(async (config) => {
      const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
      return new OTLPMetricExporter(config);
    }),
  },
} as const satisfies { readonly [S in Signal]: Record<OtlpTarget["protocol"], Create<S>> };
