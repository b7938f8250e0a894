import { stripVTControlCharacters } from "node:util";
import type { AnyPayload } from "../../payload.ts";

export interface Button {
  readonly text: string;
  /** What a press sends back. */
  readonly callbackData: string;
}

/** A message, filled in and ready. */
export interface OutgoingMessage {
  readonly text: string;
  /** Rows of buttons. */
  readonly buttons: readonly (readonly Button[])[];
}

/** Somewhere messages go: the host's channel, standard output, a chat's web hook. */
export interface Outlet {
  /** UTF-8 bytes of `callbackData` that arrive whole. Longer data are replaced by a token. */
  readonly maxCallbackBytes: number;
  /** Makes a value harmless inside a message; absent where a message is plain text. */
  readonly escape?: ((value: string) => string) | undefined;
  /** `payload` says what the message is about: a host finds the conversation by it. */
  send(message: OutgoingMessage, payload: AnyPayload): Promise<void>;
}

/** Writes messages as text, a line for each row of buttons. */
export function createStdoutOutlet(stdout: { write(text: string): unknown }): Outlet {
  return {
    maxCallbackBytes: 4096,
    // A terminal obeys control characters, and labels are written by agents.
    escape: (value) => stripVTControlCharacters(value).replace(/\p{Cc}/gu, " "),
    send: async ({ text, buttons }) => {
      const rows = buttons.map((row) =>
        row.map((button) => `[${button.text}] ${button.callbackData}`).join("  "),
      );
      stdout.write(`${[text, ...rows].join("\n")}\n`);
    },
  };
}
