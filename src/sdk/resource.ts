import { hostname } from "node:os";
import { getStringListFromEnv } from "@opentelemetry/core";
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  osDetector,
  processDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { ATTR_HOST_NAME, ATTR_SERVICE_NAME } from "../semconv/gen-ai.ts";

/** A command line holds tokens and prompts. */
const NEVER_EXPORTED: ReadonlySet<string> = new Set([
  "process.command",
  "process.command_args",
  "process.command_line",
]);

/** Only the name: the SDK's own also reads the machine's id. */
const hostNameDetector: ResourceDetector = {
  detect: () => ({ attributes: { [ATTR_HOST_NAME]: hostname() } }),
};

const detectorTable: Readonly<Record<string, ResourceDetector>> = {
  env: envDetector,
  host: hostDetector,
  os: osDetector,
  process: processDetector,
  serviceinstance: serviceInstanceIdDetector,
};

const withoutCommandLine = (detector: ResourceDetector): ResourceDetector => ({
  detect: (config) => {
    const { attributes = {} } = detector.detect(config);
    const kept = Object.entries(attributes).filter(([name]) => !NEVER_EXPORTED.has(name));
    return { attributes: Object.fromEntries(kept) };
  },
});

/** `OTEL_NODE_RESOURCE_DETECTORS`; by default service, host name and what the environment says. */
function findDetectors(): readonly ResourceDetector[] {
  const named = getStringListFromEnv("OTEL_NODE_RESOURCE_DETECTORS") ?? [];
  if (named.length === 0) return [serviceInstanceIdDetector, hostNameDetector, envDetector];
  if (named.includes("none")) return [];
  if (named.includes("all")) return Object.values(detectorTable).map(withoutCommandLine);
  return named.flatMap((name) => {
    const detector = detectorTable[name];
    return detector === undefined ? [] : [withoutCommandLine(detector)];
  });
}

export interface ResourceOptions {
  readonly serviceName?: string | undefined;
  readonly resourceAttributes?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** Who sends: service, instance and host. Never the process's arguments. */
export function createResource(options: ResourceOptions): Resource {
  const { serviceName, resourceAttributes } = options;
  return defaultResource()
    .merge(detectResources({ detectors: [...findDetectors()] }))
    .merge(resourceFromAttributes(resourceAttributes ?? {}))
    .merge(resourceFromAttributes(serviceName ? { [ATTR_SERVICE_NAME]: serviceName } : {}));
}
