import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import { HookSpanProcessor } from "../../src/hooks/span-processor.ts";

/** A provider with the hook processor before an exporting one, and tracers of ours and of somebody else's. */
export function startLibrary(before: readonly SpanProcessor[] = []) {
  const findings: HookFinding[] = [];
  const hooks = new HookEngine({ report: (finding) => findings.push(finding) });
  const exporter = new InMemorySpanExporter();
  const processor = new HookSpanProcessor(hooks);
  const provider = new TracerProvider({
    spanProcessors: [...before, processor, new SimpleSpanProcessor({ exporter })],
  });
  return {
    hooks,
    findings,
    provider,
    own: provider.getTracer("turnspan"),
    tracer: provider.getTracer("other-library"),
    exported: () => exporter.getFinishedSpans().map(({ name }) => name),
  };
}
