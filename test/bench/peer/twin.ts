import type { Attributes, Tracer, TracerProvider } from "@opentelemetry/api";
import { type Agent, runSteps } from "../turn/bare-agent.ts";
import { callModel, callTool } from "../turn/workload.ts";

/** What a peer's `agent.mjs` exports. Plain JavaScript: its types are there only once it is installed. */
export interface Peer {
  readonly api: typeof import("@opentelemetry/api");
  readonly sdk: PeerSdk;
  /** For a peer that insists on its own. */
  startSdk?(exporter: PeerExporter): void;
  createAgent(work: PeerWork): Pick<Agent, "turn">;
}

interface PeerSdk {
  readonly NodeTracerProvider: new (options?: {
    readonly spanProcessors: readonly unknown[];
  }) => TracerProvider & { register(): void; forceFlush(): Promise<void> };
  readonly BatchSpanProcessor: new (exporter: PeerExporter) => unknown;
}

interface PeerExporter {
  export(spans: readonly PeerSpan[], done: (result: { readonly code: number }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A span that a peer exported: the raw twin is given the same. */
export interface PeerSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
}

export const peerWork = { callModel, callTool, runSteps };
type PeerWork = typeof peerWork;

export const exporterTo = (take: (spans: readonly PeerSpan[]) => void): PeerExporter => ({
  export(spans, done) {
    take(spans);
    done({ code: 0 });
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
});

export const providerFor = (
  { sdk }: Peer,
  take: (spans: readonly PeerSpan[]) => void,
): InstanceType<PeerSdk["NodeTracerProvider"]> =>
  new sdk.NodeTracerProvider({ spanProcessors: [new sdk.BatchSpanProcessor(exporterTo(take))] });

/** Raw OpenTelemetry by hand: the spans that the peer made, with their attributes at the start. */
export function createTwin(tracer: Tracer, spans: readonly PeerSpan[]): Pick<Agent, "turn"> {
  // Children end before the turn does, and in the order in which they began.
  const last = spans.length - 1;
  let next = 0;
  const inSpan = <T>(seen: PeerSpan | undefined, body: () => Promise<T>): Promise<T> => {
    const { name = "", kind = 0, attributes = {} } = seen ?? {};
    return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      try {
        return await body();
      } finally {
        span.end();
      }
    });
  };
  return {
    turn: () => {
      next = 0;
      return inSpan(spans[last], () =>
        runSteps({
          model: (work) => inSpan(spans[next++], () => callModel(work)),
          tool: (work) => inSpan(spans[next++], () => callTool(work)),
          patch: () => {},
        }),
      );
    },
  };
}
