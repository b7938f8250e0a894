// The control: NodeSDK as its documentation shows it, ten ended spans and ten records.
import { logs, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { linger, readEnd, sayReady, stayAlive } from "./work.ts";

const end = readEnd();
const sdk = new NodeSDK();
sdk.start();

const tracer = trace.getTracer("program");
const logger = logs.getLogger("program");
for (let index = 0; index < 10; index += 1) {
  tracer.startSpan(`work ${index}`).end();
  logger.emit({ eventName: `event ${index}` });
}
await linger();

sayReady();
if (end === "dispose") await sdk.shutdown().catch(() => {});
if (end === "signal") stayAlive();
if (end === "uncaught") {
  setTimeout(() => {
    throw new RangeError("nobody caught this");
  }, 10);
}
