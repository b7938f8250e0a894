import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

export const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "collector");

/** Which files make a collector, in the order in which they are given to it. */
const STORE_PARTS = [
  "parts/stores.yaml",
  "parts/audit.yaml",
  "parts/secrets.yaml",
  "parts/content.yaml",
  "parts/derived-metrics.yaml",
  "parts/own-metrics.yaml",
] as const;
const EDGE = ["parts/secrets.yaml", "parts/own-metrics.yaml", "edge.yaml"] as const;
export const collectors = {
  single: [...STORE_PARTS, "single.yaml"],
  edge: EDGE,
  central: [...STORE_PARTS, "central.yaml"],
  kafkaEdge: [...EDGE, "kafka-edge.yaml"],
  kafkaCentral: [...STORE_PARTS, "central.yaml", "kafka-central.yaml"],
} as const;
export type CollectorName = keyof typeof collectors;

type Tree = Readonly<Record<string, unknown>>;

/** A collector's settings, as far as they are looked at. */
export interface CollectorConfig {
  readonly receivers: Tree;
  readonly processors: Tree;
  readonly exporters: Readonly<Record<string, Tree>>;
  readonly connectors?: Tree;
  readonly extensions: Readonly<Record<string, Tree>>;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, Pipeline>>;
  };
}

export interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors?: readonly string[];
  readonly exporters: readonly string[];
}

export const readText = (file: string): string => readFileSync(path.join(root, file), "utf8");
export const readYaml = (file: string): unknown => parse(readText(file), { merge: true });

/** Paths of a collector's files, from the root. */
export const filesOf = (name: CollectorName): readonly string[] =>
  collectors[name].map((file) => `collector/${file}`);

/** All files of collectors, from the root. */
export function allConfigFiles(): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".yaml") && !file.startsWith("stack"))
    .map((file) => `collector/${file}`);
}

/** What the collector makes of its files: objects are merged, all else is replaced by what comes later. */
export function readCollector(name: CollectorName): CollectorConfig {
  return filesOf(name).map(readYaml).reduce(merge, {}) as CollectorConfig;
}

function merge(earlier: unknown, later: unknown): unknown {
  if (!isTree(earlier) || !isTree(later)) return later;
  const keys = new Set([...Object.keys(earlier), ...Object.keys(later)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in later && key in earlier
        ? merge(earlier[key], later[key])
        : (later[key] ?? earlier[key]),
    ]),
  );
}

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);
