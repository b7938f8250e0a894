import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openReplay } from "../../src/adapters/openclaw/replay.ts";
import type { LifecycleEvent } from "../../src/lifecycle/events.ts";
import { createProviders } from "../../src/sdk/providers.ts";

const RECORDING = fileURLToPath(
  new URL("../../test/fixtures/openclaw/gateway-events.jsonl", import.meta.url),
);
const FLUSH_TIMEOUT_MS = 10_000;

async function readEvents(): Promise<LifecycleEvent[]> {
  const lines = createInterface({ input: createReadStream(RECORDING) });
  const events: LifecycleEvent[] = [];
  for await (const event of openReplay().events(lines)) events.push(event);
  return events;
}

function shift(event: LifecycleEvent, byMs: number): LifecycleEvent {
  const time = event.time + byMs;
  if (!("startedAt" in event) || event.startedAt === undefined) return { ...event, time };
  return { ...event, time, startedAt: event.startedAt + byMs };
}

/**
 * Plays a session that an OpenClaw gateway really had, to a server: at its own pace, but as if its last moment
 * were `endMs`.
 */
export async function playRecordedSession(otlpUrl: string, endMs: number): Promise<void> {
  const events = await readEvents();
  const last = events.at(-1);
  if (last === undefined) throw new Error(`${RECORDING} holds nothing`);
  const telemetry = await createProviders({
    endpoint: otlpUrl,
    serviceName: "openclaw",
    host: "openclaw",
    spans: "deferred",
    source: "replay",
    content: "export",
    metrics: false,
  });
  const { turnspan } = telemetry;
  for (const event of events) {
    const moved = shift(event, endMs - last.time);
    turnspan.advance(moved.time);
    void turnspan.observe(moved);
  }
  turnspan.advance(Number.POSITIVE_INFINITY);
  void turnspan.observe({ type: "host.stop", time: endMs, reason: "end", outcome: "abandoned" });
  await telemetry.forceFlush(FLUSH_TIMEOUT_MS);
  await telemetry.shutdown();
}
