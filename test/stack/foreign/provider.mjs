// OpenTelemetry as a program of others sets it up: its spans go to $OTLP_URL.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";

const exporter = new OTLPTraceExporter({ url: `${process.env.OTLP_URL}/v1/traces` });

export const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop" }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.register();
