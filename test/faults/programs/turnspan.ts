// Ten ended spans, five ended turns and one that is open; then the process ends as $END says.
import { trace } from "@opentelemetry/api";
import { startTelemetry } from "../../../src/sdk/start.ts";
import { linger, readEnd, sayReady, stayAlive } from "./work.ts";

const end = readEnd();

function drainAndExit(): void {
  process.stdout.write("the host drains\n");
  setTimeout(() => process.exit(7), 300);
}
if (end === "host-handler") process.on("SIGTERM", drainAndExit);

const telemetry = await startTelemetry({ exitGuard: { uncaughtException: end === "uncaught" } });
if (end === "late-host-handler") process.on("SIGTERM", drainAndExit);

const tracer = trace.getTracer("program");
for (let index = 0; index < 10; index += 1) tracer.startSpan(`work ${index}`).end();

const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
for (let index = 0; index < 5; index += 1) await session.turn({}, () => "done");
void session.turn({}, () => new Promise(() => {}));
await linger();

if (end === "flush-exit") {
  await telemetry.forceFlush();
  sayReady();
  process.exit(3);
}
sayReady();
if (end === "dispose") await telemetry[Symbol.asyncDispose]();
if (end === "signal" || end.endsWith("host-handler")) stayAlive();
if (end === "uncaught") {
  setTimeout(() => {
    throw new RangeError("nobody caught this");
  }, 10);
}
