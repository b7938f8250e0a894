import type { Fields } from "./fields.ts";

// Modules of the host's SDK, loaded when they are needed: they are there only inside the host. Each is
// optional, since the host calls its whole plugin API experimental.

export interface DiagnosticModule {
  onInternalDiagnosticEvent?(listener: (event: Fields) => void): () => void;
  onDiagnosticEvent?(listener: (event: Fields) => void): () => void;
  createDiagnosticTraceContextFromActiveScope?(): unknown;
  waitForDiagnosticEventsDrained?(): Promise<unknown>;
}

interface HarnessModule {
  abortAgentHarnessRun?(sessionId: string): boolean | Promise<boolean>;
}

interface OutboundModule {
  sendDurableMessageBatch?(batch: object): Promise<{
    readonly status?: string;
    readonly error?: unknown;
  }>;
}

async function load<Module>(name: string): Promise<Module | undefined> {
  try {
    return (await import(`openclaw/plugin-sdk/${name}`)) as Module;
  } catch {
    return undefined;
  }
}

export const loadDiagnostics = (): Promise<DiagnosticModule | undefined> =>
  load("diagnostic-runtime");

export const loadHarness = (): Promise<HarnessModule | undefined> => load("agent-harness-runtime");

export const loadOutbound = (): Promise<OutboundModule | undefined> => load("channel-outbound");
