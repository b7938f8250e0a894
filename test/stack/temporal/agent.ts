// An agent runtime whose sessions end as standard input says: a line a session, `KEY WORKFLOW_ID`.
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";

// `@temporalio/client` is installed here and not beside the product's source, as it would be in a user's project.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith("@temporalio/")
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context),
});
const { startTelemetry } = await import("../../../src/sdk/start.ts");

const [config = ""] = process.argv.slice(2);
const telemetry = await startTelemetry({
  config,
  endpoint: "http://127.0.0.1:1",
  exitGuard: false,
});
for await (const line of createInterface({ input: process.stdin })) {
  const [sessionKey = "", workflowId] = line.split(" ");
  telemetry.turnspan.openSession({ sessionKey, metadata: { workflowId } }).end();
  console.log(`ended ${sessionKey}`);
}
await telemetry.shutdown();
