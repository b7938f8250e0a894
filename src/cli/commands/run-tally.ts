import type { CaptureTarget } from "../../adapters/cli-agents/capture-service.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import type { LifecycleEvent } from "../../lifecycle/events.ts";
import type { WireRecord } from "../../lifecycle/record-log.ts";
import { createPriceBook } from "../../pricing/price-book.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import { noLogs, noMetrics, noTraces } from "../../sdk/no-op.ts";
import { createTurnspan, type Turnspan } from "../../turnspan.ts";
import type { CliContext } from "../context.ts";

/** Opens what takes events of agents for their records alone: nothing of them goes anywhere. */
export async function openTallyTarget(
  onRecord: (record: WireRecord) => void,
  cli: CliContext,
): Promise<CaptureTarget> {
  const prices = await createPriceBook({ userFile: findPriceFile(cli.env) });
  const agents = new Map<CliAgentId, Turnspan>();
  const open = (host: CliAgentId): Turnspan => {
    const turnspan = createTurnspan({
      ...{ tracerProvider: noTraces, meterProvider: noMetrics, loggerProvider: noLogs },
      ...{ host, onRecord, metrics: false, spans: "deferred", source: "replay" },
      price: (call) => prices.price(call),
    });
    agents.set(host, turnspan);
    return turnspan;
  };
  return {
    observe: (agent: CliAgentId, event: LifecycleEvent): undefined => {
      (agents.get(agent) ?? open(agent)).observe(event);
    },
    advance: (nowMs) => {
      for (const turnspan of agents.values()) turnspan.advance(nowMs);
    },
    flush: () => Promise.resolve(true),
  };
}
