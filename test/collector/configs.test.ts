import { expect, test } from "vitest";
import {
  allConfigFiles,
  type CollectorConfig,
  type CollectorName,
  collectors,
  filesOf,
  type Pipeline,
  readCollector,
  readText,
} from "./configs.ts";

const names = Object.keys(collectors) as CollectorName[];
const pipelinesOf = ({ service }: CollectorConfig): readonly Pipeline[] =>
  Object.values(service.pipelines);
/** Edges of a merged tree that are `null` in YAML count as there. */
const keys = (tree: object | undefined): string[] => Object.keys(tree ?? {});

test.each(names)(
  "the pipelines of %s use what is set up, and all that is set up is used",
  (name) => {
    const config = readCollector(name);
    const used = {
      receivers: pipelinesOf(config).flatMap(({ receivers }) => receivers),
      processors: pipelinesOf(config).flatMap(({ processors = [] }) => processors),
      exporters: pipelinesOf(config).flatMap(({ exporters }) => exporters),
    };
    const connectors = keys(config.connectors);
    const isOwn = (id: string) => !connectors.includes(id);

    expect(unique(used.receivers.filter(isOwn))).toEqual(keys(config.receivers).toSorted());
    expect(unique(used.processors)).toEqual(keys(config.processors).toSorted());
    // Kafka stands in the place of the edge's own exporters.
    const replaced = name === "kafkaEdge" ? keys(readCollector("edge").exporters) : [];
    expect(unique([...used.exporters.filter(isOwn), ...replaced])).toEqual(
      keys(config.exporters).toSorted(),
    );
    expect(unique(used.exporters.filter((id) => !isOwn(id)))).toEqual(connectors.toSorted());
    expect(unique(used.receivers.filter((id) => !isOwn(id)))).toEqual(connectors.toSorted());
    expect(config.service.extensions.toSorted()).toEqual(keys(config.extensions).toSorted());
  },
);

const unique = (list: readonly string[]): string[] => [...new Set(list)].toSorted();

test.each(names)("no batch processor of %s stands before an exporter", (name) => {
  const config = readCollector(name);
  const connectors = keys(config.connectors);
  for (const { processors = [], exporters } of pipelinesOf(config)) {
    if (!processors.some((id) => id.startsWith("batch"))) continue;
    expect(exporters.filter((id) => !connectors.includes(id))).toEqual([]);
  }
});

test.each(names)(
  "records of %s wait on disk, for as long as it takes, and block when it is full",
  (name) => {
    const config = readCollector(name);
    const onDisk = Object.entries(config.exporters).filter(([id]) => /\/records$/.test(id));
    expect(onDisk).not.toEqual([]);
    for (const [, exporter] of onDisk) {
      expect(exporter).toMatchObject({
        retry_on_failure: { max_elapsed_time: "0s" },
        sending_queue: { storage: "file_storage/audit", block_on_overflow: true },
      });
    }
    expect(config.extensions["file_storage/audit"]).toMatchObject({ fsync: true });
  },
);

test("traces are sampled by the central collector alone, after metrics are made of them", () => {
  const isSampling = ({ processors = [] }: Pipeline) => processors.includes("tail_sampling");
  const sampled = names.flatMap((name) =>
    Object.entries(readCollector(name).service.pipelines)
      .filter(([, pipeline]) => isSampling(pipeline))
      .map(([id]) => `${name} ${id}`),
  );
  expect(sampled).toEqual(["central traces/keep", "kafkaCentral traces/keep"]);
  expect(readCollector("central").service.pipelines["traces/derive"]).toEqual({
    receivers: ["forward/derive"],
    processors: ["filter/derived", "batch/serialize"],
    exporters: ["signal_to_metrics"],
  });
});

test("every file is part of a collector", () => {
  expect(allConfigFiles().toSorted()).toEqual(unique(names.flatMap(filesOf)));
});

test("every variable has a default, and addresses default to loopback", () => {
  for (const file of allConfigFiles()) {
    for (const [whole, name, fallback] of readText(file).matchAll(
      /\$\{env:(\w+)(?::-([^}]*))?\}/g,
    )) {
      expect(fallback, `${file}: ${whole}`).toBeDefined();
      if (/LISTEN|ENDPOINT|BROKER/.test(name ?? "")) expect(fallback, file).toContain("127.0.0.1");
    }
  }
});

test("the Collector that is built for the tests has each component that is named", () => {
  const program = readText("test/stack/programs/collector/main.go");
  /** Packages that are not called by their component's name. */
  const packages: Readonly<Record<string, string>> = {
    otlp_grpc: "otlpexporter",
    otlp_http: "otlphttpexporter",
    memory_limiter: "memorylimiterprocessor",
    tail_sampling: "tailsamplingprocessor",
    span_metrics: "spanmetricsconnector",
    signal_to_metrics: "signaltometricsconnector",
    file_storage: "filestorage",
    health_check: "healthcheckextension",
  };
  for (const name of names) {
    const { receivers, processors, exporters, connectors, extensions } = readCollector(name);
    const kinds = {
      ...{ receiver: receivers, processor: processors, exporter: exporters },
      ...{ connector: connectors, extension: extensions },
    };
    for (const [kind, components] of Object.entries(kinds)) {
      for (const id of keys(components)) {
        const type = id.split("/")[0] ?? id;
        expect(program, id).toContain(`${packages[type] ?? `${type}${kind}`}.NewFactory()`);
      }
    }
  }
});
