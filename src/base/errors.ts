/** Every error code, with what it means. Callers tell errors apart by `error.code` only. */
export const errorCodes = {
  PRICES_FILE_INVALID: "The user's price file cannot be read, or holds wrong values.",
  PRICES_USAGE: "A `turnspan prices` command was given a value that is no price, date or model.",
  TELEMETRY_ALREADY_STARTED:
    "OpenTelemetry is already set up in this process, by us or by somebody else.",
  TELEMETRY_OPTIONS_INVALID: "Telemetry was started with wrong options or environment variables.",
  REPLAY_FAILED: "A recording could not be read, or what it gave could not be written or sent.",
  TURN_BLOCKED: "A guard (a `beforeTurn` hook) stopped the turn; its body was not called.",
  USAGE: "A command was given wrong options.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error of Turnspan's own, told apart by `code`. */
export class CodedError extends Error {
  override readonly name = "CodedError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
