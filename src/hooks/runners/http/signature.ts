import { Webhook } from "standardwebhooks";

export interface SignedMessage {
  /** Constant over all attempts, so that a receiver knows a repetition. */
  readonly id: string;
  readonly body: string;
  /** Epoch milliseconds; receivers refuse what is older than five minutes. */
  readonly now: number;
}

/** The headers of Standard Webhooks: one signature a secret, so that one can be replaced by the next. */
export function signatureHeaders(
  { id, body, now }: SignedMessage,
  secrets: readonly string[],
): Record<string, string> {
  const about = { "webhook-id": id, "webhook-timestamp": String(Math.floor(now / 1000)) };
  if (secrets.length === 0) return about;
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(now), body));
  return { ...about, "webhook-signature": signatures.join(" ") };
}
