/** Every error code, with what it means. Callers tell errors apart by `error.code` only. */
export const errorCodes = {
  AGENT_SETTINGS_INVALID: "A CLI agent's settings file is no valid JSON; it was not touched.",
  AUDIT_FOLDER_UNUSABLE: "The audit log's folder cannot be made, read or written.",
  CONFIG_INVALID: "A config file cannot be read, or holds wrong values.",
  PRICES_FILE_INVALID: "The user's price file cannot be read or written, or holds wrong values.",
  PRICES_USAGE: "A `turnspan prices` command was given a value that is no price, date or model.",
  SERVER_DATA_IN_USE: "Another `turnspan up` is using the data folder.",
  SERVER_DATA_UNUSABLE: "The server's data folder cannot be made, read or written.",
  SERVER_OPTIONS_INVALID:
    "`turnspan up` was given options that do not go together, or an address that is none.",
  SERVER_PORT_TAKEN: "A port that the server was to listen on is taken.",
  SERVER_UNREACHABLE: "No server answers, or it does not accept the token.",
  SERVICE_FAILED: "The background service could not be installed, asked or removed.",
  STORE_BROKEN: "A file of the store cannot be opened, or is none.",
  STORE_NEWER: "The store was written by a newer version.",
  TELEMETRY_ALREADY_STARTED:
    "OpenTelemetry is already set up in this process, by us or by somebody else.",
  TELEMETRY_OPTIONS_INVALID: "Telemetry was started with wrong options or environment variables.",
  REPLAY_FAILED: "A recording could not be read, or what it gave could not be written or sent.",
  TURN_BLOCKED: "A guard (a `beforeTurn` hook) stopped the turn; its body was not called.",
  USAGE: "A command was given wrong options.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** An error of Turnspan's own, told apart by `code`. */
export class CodedError extends Error {
  override readonly name = "CodedError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
