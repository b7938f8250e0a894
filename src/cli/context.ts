/** What a command may touch of the world. Only `main.ts` fills it from the process. */
export interface CliContext {
  /** Default: that of the process. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: {
    /** `done` is called when the text was taken, with the error where it was not. */
    write(text: string, done?: (error?: Error | null) => void): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** The current time in epoch milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  /** Starts this command line once more, apart from this process and its end; absent: it cannot be. */
  readonly startDetached?: (args: readonly string[]) => void;
  /** Whether there is a terminal, which sends Ctrl-C to every program that runs in it. */
  readonly hasTerminal?: boolean;
  /** Tells each signal that this process gets, where a command hands them on; absent: none is told. */
  readonly onSignal?: (listener: (signal: NodeJS.Signals) => void) => void;
}
