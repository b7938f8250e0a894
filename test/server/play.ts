import { openReplay } from "../../src/adapters/openclaw/replay.ts";
import type { WireRecord } from "../../src/lifecycle/record-log.ts";
import { createPriceBook } from "../../src/pricing/price-book.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { recordedLines } from "../adapters/openclaw/play.ts";
import type { TestServer } from "../support/server.ts";

export interface PlayOptions {
  readonly protocol?: "http/json" | "http/protobuf";
}

/** Plays the recorded gateway session to a server by OTLP; returns the records that it made. */
export async function playRecording(
  { server }: TestServer,
  { protocol = "http/protobuf" }: PlayOptions = {},
): Promise<WireRecord[]> {
  const records: WireRecord[] = [];
  const prices = await createPriceBook();
  const telemetry = await createProviders({
    endpoint: server.otlpUrl,
    protocol,
    serviceName: "openclaw",
    spans: "deferred",
    source: "replay",
    host: "openclaw",
    content: "export",
    onRecord: (record) => records.push(record),
    price: (call) => prices.price(call),
  });
  const { turnspan } = telemetry;
  let last = 0;
  for await (const event of openReplay().events(recordedLines())) {
    turnspan.advance(event.time);
    void turnspan.observe(event);
    last = event.time;
  }
  turnspan.advance(Number.POSITIVE_INFINITY);
  void turnspan.observe({ type: "host.stop", time: last, reason: "end", outcome: "abandoned" });
  await telemetry.forceFlush(20_000);
  await telemetry.shutdown();
  return records;
}
