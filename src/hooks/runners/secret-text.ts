import type { SecretText } from "../config/actions.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A configured text; of a variable its value now, so that one that was replaced counts at once. Throws where there is none. */
export function readSecret(text: SecretText, env: Env): string {
  if (typeof text === "string") return text;
  const value = env[text.env];
  if (value === undefined || value === "") {
    throw new Error(`the environment variable ${text.env} is not set`);
  }
  return value;
}
