// The same program with one line more in its set-up: hooks hear of other libraries' agents too. Run it with
//
//     node --conditions=turnspan-source examples/own-otel/with-hook-processor.ts
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { createTurnspan, HookSpanProcessor } from "turnspan";
import { handleRequest, runOtherLibrary } from "./orders.ts";
import { showHooks } from "./show-hooks.ts";

const turnspan = createTurnspan();
const sdk = new NodeSDK({
  serviceName: "order-service",
  spanProcessors: [
    // Before those that export.
    new HookSpanProcessor(turnspan.hooks),
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ timeoutMillis: 1500 }) }),
  ],
  logRecordProcessors: [],
  metricReaders: [],
});
sdk.start();

showHooks(turnspan.hooks);
console.log(await handleRequest(turnspan));
runOtherLibrary();
await sdk.shutdown().catch((error: Error) => console.log(`not delivered: ${error.message}`));
