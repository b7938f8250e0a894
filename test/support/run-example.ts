import path from "node:path";
import { startOtlpSink } from "./otlp-sink.ts";
import { programEnvironment } from "./program-environment.ts";
import { type EndedProcess, runProcess } from "./run-process.ts";

export const root = path.resolve(import.meta.dirname, "../..");

/** An environment that holds nothing of this machine's: no price file, no OTEL_* variable. */
export const environment = (endpoint: string): NodeJS.ProcessEnv => ({
  ...programEnvironment,
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
});

export interface EndedExample extends EndedProcess {
  readonly sent: {
    /** OTLP JSON, a line a request. */
    readonly text: string;
    readonly spans: readonly string[];
    readonly records: readonly string[];
    readonly metrics: ReadonlySet<string>;
  };
}

/** Runs a file of the checkout as a user does, with a collector that takes all it sends. */
export async function runExample(
  file: string,
  args: readonly string[] = [],
): Promise<EndedExample> {
  await using sink = await startOtlpSink();
  const command = ["--conditions=turnspan-source", file, ...args];
  const ended = await runProcess(process.execPath, command, {
    cwd: root,
    env: environment(sink.url),
  });
  return {
    ...ended,
    sent: {
      text: sink.text(),
      spans: sink.names("traces"),
      records: sink.names("logs"),
      metrics: new Set(sink.names("metrics")),
    },
  };
}
