import type { Answer, Ask } from "./ask.ts";

export interface Reply {
  readonly type: "text/event-stream" | "application/json";
  readonly body: string;
}

/** How one provider's requests are read, and its answers written. */
export interface Provider {
  readonly path: RegExp;
  read(body: Readonly<Record<string, unknown>>, url: string): Omit<Ask, "id">;
  write(ask: Ask, answer: Answer): Reply;
  /** What agents do not try again for minutes. */
  readonly failure: { readonly status: number; readonly body: object };
}

export const json = (body: object): Reply => ({
  type: "application/json",
  body: JSON.stringify(body),
});

export const stream = (body: string): Reply => ({ type: "text/event-stream", body });
