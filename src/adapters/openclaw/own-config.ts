import { type Fields, record, text } from "./fields.ts";

/** The plugin's id, as the host's config knows it. */
export const ID = "turnspan";

/** The plugin's own entry of the host's config. */
export const entryOf = (config: unknown): Fields =>
  record(record(record(record(config)["plugins"])["entries"])[ID]);

/** Headers that its config gives telemetry on its way. */
export function headersOf(config: unknown): Record<string, string> {
  const { headers } = record(record(entryOf(config)["config"])["telemetry"]);
  return Object.fromEntries(
    Object.entries(record(headers)).flatMap(([name, value]) => {
      const known = text(value);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

/** Whether the operator lets the plugin see conversations, and stop turns. */
export const seesConversations = (config: unknown): boolean =>
  record(entryOf(config)["hooks"])["allowConversationAccess"] === true;
