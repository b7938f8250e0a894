/** One peer beside its raw twin, in a process of their own: `run.ts NAME exporting|idle SPANS`. */
import { equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ratioTo, roundsFor, timeSpread, timeVariants } from "../measure.ts";
import { SPANS } from "../turn/workload.ts";
import { createTwin, exporterTo, type Peer, type PeerSpan, peerWork, providerFor } from "./twin.ts";

const [, , name = "", mode = "", known = "[]"] = process.argv;
const peer: Peer = await import(`../peers/${name}/agent.mjs`);

/** Starts the SDK that the peer writes to, and gives back what is exported. */
function startPeer(spans: PeerSpan[]): () => Promise<void> {
  const take = (batch: readonly PeerSpan[]): void => {
    if (spans.length < SPANS) spans.push(...batch.slice(0, SPANS));
  };
  if (peer.startSdk !== undefined) {
    peer.startSdk(exporterTo(take));
    return async () => {};
  }
  const provider = providerFor(peer, take);
  provider.register();
  return () => provider.forceFlush();
}

async function seeSpans(agent: { turn(): Promise<unknown> }): Promise<readonly PeerSpan[]> {
  const spans: PeerSpan[] = [];
  const flush = startPeer(spans);
  await agent.turn();
  await flush();
  // One that has its own SDK exports when a batch is full and the resource is known.
  for (let turn = 0; spans.length < SPANS && turn < 1000; turn += 1) {
    await agent.turn();
    await sleep(1);
  }
  equal(spans.length, SPANS, `${name} exported nothing`);
  return spans.map(({ name: of, kind, attributes }) => ({ name: of, kind, attributes }));
}

const idle = mode === "idle";
const agent = peer.createAgent(peerWork);
const spans: readonly PeerSpan[] = idle ? JSON.parse(known) : await seeSpans(agent);
const tracers = idle ? peer.api.trace : providerFor(peer, () => {});
const twin = createTwin(tracers.getTracer("bench"), spans);
const samples = await timeVariants(
  [
    { name: "raw", run: () => twin.turn() },
    { name, run: () => agent.turn() },
  ],
  { rounds: roundsFor(60), runs: idle ? 2000 : 300, warmUpRuns: 3000 },
);
console.log(
  JSON.stringify({
    spans,
    ratio: ratioTo(samples, "raw", name),
    microseconds: timeSpread(samples, name),
    rawMicroseconds: timeSpread(samples, "raw"),
  }),
);
process.exit();
