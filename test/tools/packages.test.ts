import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

interface Manifest {
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

interface LockFile {
  readonly packages: Record<
    string,
    {
      readonly version?: string;
      readonly resolved?: string;
      readonly optionalDependencies?: object;
    }
  >;
}

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const manifest: Manifest = JSON.parse(read("package.json"));
const lockFile: LockFile = JSON.parse(read("package-lock.json"));

/** Every version in the lock file of the packages that a pattern matches, by package name. */
function findVersions(pattern: RegExp): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const [folder, { version }] of Object.entries(lockFile.packages)) {
    const name = folder.split("node_modules/").at(-1) ?? "";
    if (version === undefined || !pattern.test(name)) continue;
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return versions;
}

test("there is one copy of the OpenTelemetry API", () => {
  const copies = Object.keys(lockFile.packages).filter((name) =>
    name.endsWith("node_modules/@opentelemetry/api"),
  );
  expect(copies).toEqual(["node_modules/@opentelemetry/api"]);
});

test("every OpenTelemetry package has one version, and the siblings the same", () => {
  const versions = findVersions(/^@opentelemetry\//);
  const independent = ["@opentelemetry/api", "@opentelemetry/semantic-conventions"];
  const siblings = [...versions].filter(([name]) => !independent.includes(name));
  expect(siblings.length).toBeGreaterThan(15);
  expect(new Set(siblings.flatMap(([, found]) => [...found]))).toEqual(
    new Set(["3.1.0", "0.301.0"]),
  );
});

test("every dependency is pinned to one version", () => {
  const pins = { ...manifest.dependencies, ...manifest.devDependencies };
  const loose = Object.entries(pins).filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range));
  expect(loose).toEqual([]);
});

test("the lock file names no host and no path of a machine", () => {
  const resolved = Object.values(lockFile.packages).map((entry) => entry.resolved);
  expect(resolved.filter((address) => address !== undefined)).toEqual([]);
});

test("the lock file has the packages of every platform", () => {
  const missing = Object.values(lockFile.packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => lockFile.packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});
