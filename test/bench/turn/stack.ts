import type { LoggerProvider, MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { SeenLog, SeenSpan } from "./same-output.ts";

/** An OpenTelemetry SDK of some major, set up as in production but for the wire. */
export interface Stack {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  flush(): Promise<void>;
}

export interface StackOptions {
  readonly sampled: boolean;
  /** Goes before the exporting processor. */
  readonly hookProcessor?: HookProcessor | undefined;
  /** Given each batch in the exporter's place. */
  readonly onSpans?: ((spans: readonly SeenSpan[]) => void) | undefined;
  readonly onLogs?: ((logs: readonly SeenLog[]) => void) | undefined;
}

export type StartStack = (options: StackOptions) => Stack;

/** A span processor of either SDK major. */
export interface HookProcessor {
  onStart(span: never, parentContext: never): void;
  onEnd(span: never): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

interface ExportDone {
  (result: { code: number }): void;
}

/** An exporter of any signal that hands its batches to a function. */
export const exporterTo = <T>(take: ((items: readonly T[]) => void) | undefined) => ({
  export(items: readonly T[], done: ExportDone): void {
    take?.(items);
    done({ code: 0 });
  },
  forceFlush: (): Promise<void> => Promise.resolve(),
  shutdown: (): Promise<void> => Promise.resolve(),
});
