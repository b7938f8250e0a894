import { z } from "zod";
import { TurnspanConfig } from "../src/sdk/config-file.ts";
import { VERSION } from "../src/version.ts";

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a schema says of its keys, and nothing that a value could break: a gateway does not start where a
 * plugin's config is refused by its manifest. What is wrong is said by the plugin, by path.
 */
function describe(schema: Schema): Schema {
  const { description, properties, items } = schema;
  return {
    ...(typeof description === "string" && { description }),
    ...(isSchema(properties) && { properties: describeAll(properties) }),
    ...(isSchema(items) && { items: describe(items) }),
  };
}

const describeAll = (properties: Schema): Schema =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      isSchema(value) ? describe(value) : {},
    ]),
  );

/** The manifest that OpenClaw reads before it loads the plugin. */
export function openclawManifest(): string {
  const schema = z.toJSONSchema(TurnspanConfig, { io: "input" });
  const manifest = {
    id: "turnspan",
    name: "Turnspan",
    description: "Sessions and turns as OpenTelemetry spans, with lifecycle hooks, cost and audit",
    version: VERSION,
    categories: ["other"],
    activation: { onStartup: true },
    configSchema: { type: "object", additionalProperties: true, ...describe(schema) },
    uiHints: {
      telemetry: { label: "Where telemetry goes, and what it may hold" },
      hooks: { label: "Hooks for all agents" },
      agents: { label: "Messages that agents' hooks send" },
    },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
