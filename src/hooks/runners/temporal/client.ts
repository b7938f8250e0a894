/** Where a Temporal server is, and how it is spoken to. */
export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey: string | undefined;
  readonly tls: boolean | undefined;
}

export interface TemporalSignal {
  readonly workflowId: string;
  readonly signal: string;
  /** The signal's one argument. */
  readonly payload: object;
}

export interface TemporalStart {
  readonly workflowType: string;
  readonly taskQueue: string;
}

/** What is used of a Temporal client. */
export interface TemporalClient {
  signal(signal: TemporalSignal): Promise<void>;
  signalWithStart(signal: TemporalSignal, start: TemporalStart): Promise<void>;
}

export type ConnectTemporal = (address: TemporalAddress) => Promise<TemporalClient>;

/** The parts of `@temporalio/client` that are called. The package is the user's own to install. */
interface TemporalPackage {
  readonly Connection: { lazy(options: object): object };
  readonly Client: new (
    options: object,
  ) => {
    readonly workflow: {
      getHandle(id: string): { signal(name: string, payload: object): Promise<void> };
      signalWithStart(type: string, options: object): Promise<unknown>;
    };
  };
}

/** In a variable, since a compiler would insist on finding the package. */
const PACKAGE = "@temporalio/client";

/** Makes a client that connects when it is first used. Throws where the package is not installed. */
export const connectTemporal: ConnectTemporal = async ({ address, namespace, apiKey, tls }) => {
  const { Client, Connection } = await loadPackage();
  const connection = Connection.lazy({ address, apiKey, tls: tls ?? apiKey !== undefined });
  const { workflow } = new Client({ connection, namespace });
  return {
    signal: ({ workflowId, signal, payload }) =>
      workflow.getHandle(workflowId).signal(signal, payload),
    signalWithStart: async ({ workflowId, signal, payload }, { workflowType, taskQueue }) => {
      const signalArgs = [payload];
      const start = { workflowId, taskQueue, signal, signalArgs, args: [payload] };
      await workflow.signalWithStart(workflowType, start);
    },
  };
};

async function loadPackage(): Promise<TemporalPackage> {
  try {
    return await import(PACKAGE);
  } catch (cause) {
    throw new Error(`${PACKAGE} is not installed: npm install ${PACKAGE}`, { cause });
  }
}
