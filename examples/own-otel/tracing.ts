// The OpenTelemetry set-up of a program that knows nothing of Turnspan.
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";

/** An exporter tries an unreachable collector for this long; by default 10 s, also at the exit. */
const timeoutMillis = 1500;

const sdk = new NodeSDK({
  serviceName: "order-service",
  traceExporter: new OTLPTraceExporter({ timeoutMillis }),
  logRecordProcessors: [
    new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ timeoutMillis }) }),
  ],
  metricReaders: [
    new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ timeoutMillis }) }),
  ],
});
sdk.start();

export async function stopTracing(): Promise<void> {
  await sdk.shutdown().catch((error: Error) => console.log(`not delivered: ${error.message}`));
}
