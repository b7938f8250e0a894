/** What a command may touch of the world. Only `main.ts` fills it from the process. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** The current time in epoch milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}
