import { z } from "zod";
import { TurnspanConfig } from "../src/sdk/config-file.ts";

/** The JSON Schema of a config file, for editors: what may be written, not what is read from it. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(TurnspanConfig, { io: "input" });
  const about = {
    $schema: schema.$schema,
    title: "Turnspan",
    description:
      "Config file of turnspan: ~/.config/turnspan/config.json, or .turnspan/config.json.",
  };
  return `${JSON.stringify({ ...about, ...schema }, undefined, 2)}\n`;
}
