import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { allConfigFiles, filesOf, readText, readYaml, root } from "./configs.ts";

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = readYaml("docker-compose.yml") as Compose;
const services = Object.entries(compose.services);

/** Where the services listen inside, by their own settings. */
const LISTENS: Readonly<Record<string, readonly number[]>> = {
  collector: [4317, 4318],
  turnspan: [4318, 4319],
  jaeger: [4318, 16686],
  prometheus: [9090],
  alertmanager: [9093],
  grafana: [3000],
};

test("every image is pinned to a version", () => {
  for (const [name, { image, build }] of services) {
    if (build === undefined) expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
    else expect(existsSync(path.join(root, build, "Dockerfile")), name).toBe(true);
  }
});

test("every port is on loopback, taken once, and one that the service listens on", () => {
  const taken = services.flatMap(([name, { ports = [] }]) =>
    ports.map((port) => {
      const [address, outside, inside] = port.split(":");
      expect(address, port).toBe("127.0.0.1");
      expect(LISTENS[name], port).toContain(Number(inside));
      return outside;
    }),
  );
  expect(new Set(taken).size).toBe(taken.length);
  expect(taken.length).toBeGreaterThan(5);
});

test("every mounted file is there, and every volume is used", () => {
  const mounts = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => volume.split(":")[0] ?? ""),
  );
  const files = mounts.filter((mount) => mount.startsWith("."));
  expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  const named = mounts.filter((mount) => !mount.startsWith("."));
  expect(named.toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
});

/** Files that say where other services are. */
const SPEAKERS = [
  "docker-compose.yml",
  "collector/stack/prometheus.yml",
  "collector/stack/grafana-datasources.yaml",
];

test("every address between services names a service and a port that it listens on", () => {
  const found = SPEAKERS.flatMap((file) =>
    [...readText(file).matchAll(/(?:https?:\/\/|targets: \[")([a-z]+):(\d+)/g)].map(
      ([, name = "", port]) => {
        expect(LISTENS[name], `${file}: ${name}:${port}`).toContain(Number(port));
        return name;
      },
    ),
  );
  expect(new Set(found)).toEqual(new Set(["jaeger", "prometheus", "turnspan", "alertmanager"]));
});

test("the collector runs the files of a single collector, in their order", () => {
  const given = compose.services["collector"]?.command?.map((word) =>
    word.replace("--config=/etc/turnspan/", "collector/"),
  );
  expect(given).toEqual(filesOf("single"));
});

test("each variable of the collector is one that its files read", () => {
  const known = new Set(
    allConfigFiles().flatMap((file) =>
      [...readText(file).matchAll(/\$\{env:(\w+)/g)].map(([, name]) => name),
    ),
  );
  for (const name of Object.keys(compose.services["collector"]?.environment ?? {})) {
    expect(known, name).toContain(name);
  }
});

test("who is waited for has a health check", () => {
  for (const [, { depends_on: dependencies = {} }] of services) {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      expect(condition).toBe("service_healthy");
      expect(compose.services[name]?.healthcheck, name).toBeDefined();
    }
  }
  const unchecked = services.filter(([, { healthcheck }]) => healthcheck === undefined);
  // Its image has nothing to ask with.
  expect(unchecked.map(([name]) => name)).toEqual(["collector"]);
});

test("the traces' data source is the one that exemplars and dashboards lead to", () => {
  const { datasources } = readYaml("collector/stack/grafana-datasources.yaml") as {
    readonly datasources: readonly {
      readonly type: string;
      readonly uid: string;
      readonly jsonData: {
        readonly exemplarTraceIdDestinations?: readonly { readonly datasourceUid: string }[];
      };
    }[];
  };
  const uidOf = (type: string) => datasources.find((source) => source.type === type)?.uid;
  const destinations = datasources.flatMap(
    ({ jsonData }) => jsonData.exemplarTraceIdDestinations ?? [],
  );
  expect(destinations.map(({ datasourceUid }) => datasourceUid)).toEqual([uidOf("jaeger")]);
  expect(datasources.map(({ type }) => type).toSorted()).toEqual([
    "jaeger",
    "prometheus",
    "yesoreyeram-infinity-datasource",
  ]);
});
