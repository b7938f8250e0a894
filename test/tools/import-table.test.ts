import { copyFile, mkdir, mkdtempDisposable, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runProcess } from "../support/run-process.ts";

const root = path.resolve(import.meta.dirname, "../..");
const biome = path.join(root, "node_modules/@biomejs/biome/bin/biome");

const PARTS = [
  "semconv",
  "base",
  "lifecycle",
  "pricing",
  "hooks",
  "audit",
  "sdk",
  "server",
  "adapters",
  "web",
  "cli",
] as const;
type Part = (typeof PARTS)[number];

/** Which parts each part may import: the table of the architecture, written out a second time on purpose. */
const MAY_IMPORT: Record<Part | "index.ts" | "turnspan.ts", readonly Part[]> = {
  semconv: [],
  base: [],
  lifecycle: ["semconv", "base"],
  pricing: ["semconv", "base"],
  hooks: ["semconv", "base", "lifecycle"],
  audit: ["semconv", "base", "lifecycle"],
  "index.ts": ["semconv", "base", "lifecycle", "hooks"],
  "turnspan.ts": ["semconv", "base", "lifecycle", "hooks"],
  sdk: ["semconv", "base", "lifecycle", "pricing", "hooks", "audit"],
  server: ["semconv", "base", "pricing"],
  adapters: ["semconv", "base", "lifecycle", "sdk"],
  web: ["semconv"],
  cli: PARTS.filter((part) => part !== "web" && part !== "cli"),
};

/** A file in each part, with the way from there to src. */
const PLACES: readonly (readonly [file: string, part: keyof typeof MAY_IMPORT, up: string])[] = [
  ["index.ts", "index.ts", "./"],
  ["turnspan.ts", "turnspan.ts", "./"],
  ["version.ts", "turnspan.ts", "./"],
  ["adapters/openclaw/plugin.ts", "adapters", "../../"],
  ["adapters/cli-agents/agents/claude/translate.ts", "adapters", "../../../../"],
  ["hooks/runners/command/command.ts", "hooks", "../../../"],
  ["server/store/queries.ts", "server", "../../"],
  ["cli/commands/replay.ts", "cli", "../../"],
  ...PARTS.filter((part) => part !== "adapters").map(
    (part) => [`${part}/one.ts`, part, "../"] as const,
  ),
];

interface Planted {
  /** Path below src. */
  readonly file: string;
  readonly specifier: string;
  readonly allowed: boolean;
}

function plantParts(): Planted[] {
  return PLACES.flatMap(([file, from, up]) =>
    PARTS.filter((part) => part !== from).map((part) => ({
      file,
      specifier: `${up}${part}/other.ts`,
      allowed: MAY_IMPORT[from].includes(part),
    })),
  );
}

function plant(allowed: boolean, file: string, specifiers: readonly string[]): Planted[] {
  return specifiers.map((specifier) => ({ file, specifier, allowed }));
}

const PLANTED: readonly Planted[] = [
  ...plantParts(),
  // A part's own files.
  ...plant(true, "semconv/one.ts", ["./turnspan.ts"]),
  ...plant(true, "hooks/runners/one.ts", ["./runner.ts", "../points.ts", "../config/load.ts"]),
  // The files at the root of src.
  ...plant(false, "lifecycle/one.ts", ["../turnspan.ts", "../index.ts"]),
  ...plant(false, "hooks/runners/http/one.ts", ["../../../turnspan.ts", "../../../index.ts"]),
  ...plant(false, "server/store/queries.ts", ["../../turnspan.ts"]),
  ...plant(false, "adapters/openclaw/plugin.ts", ["../../turnspan.ts"]),
  ...plant(false, "web/one.ts", ["../turnspan.ts"]),
  ...plant(true, "sdk/one.ts", ["../turnspan.ts"]),
  ...plant(true, "cli/commands/replay.ts", ["../../turnspan.ts"]),
  // Exceptions in the table.
  ...["index.ts", "turnspan.ts"].flatMap((file) =>
    plant(false, file, [
      "./hooks/attach.ts",
      "./hooks/config/load.ts",
      "./hooks/outbox/outbox.ts",
      "./hooks/runners/command/command.ts",
      "./hooks/trust/trust.ts",
    ]),
  ),
  ...plant(true, "server/one.ts", ["../audit/verify.ts"]),
  ...plant(true, "web/one.ts", ["../server/api-types.ts"]),
  // One adapter and another.
  ...plant(false, "adapters/openclaw/plugin.ts", ["../cli-agents/capture.ts"]),
  ...plant(false, "adapters/cli-agents/agents/claude/translate.ts", [
    "../../../openclaw/translate.ts",
  ]),
  // Packages.
  ...["base", "lifecycle", "pricing", "hooks"].flatMap((part) =>
    plant(false, `${part}/one.ts`, [
      "@opentelemetry/sdk-trace",
      "@opentelemetry/sdk-node",
      "@opentelemetry/exporter-trace-otlp-http",
      "@opentelemetry/core",
      "@opentelemetry/resources",
    ]),
  ),
  ...plant(false, "turnspan.ts", ["@opentelemetry/sdk-trace"]),
  ...plant(false, "index.ts", ["@opentelemetry/sdk-trace"]),
  ...plant(false, "base/one.ts", ["@opentelemetry/api"]),
  ...plant(true, "lifecycle/one.ts", ["@opentelemetry/api"]),
  ...plant(true, "hooks/one.ts", ["@opentelemetry/api", "node:child_process", "zod"]),
  ...plant(true, "sdk/one.ts", ["@opentelemetry/sdk-trace", "@opentelemetry/core"]),
  ...plant(false, "semconv/one.ts", ["node:fs", "node:fs/promises", "@opentelemetry/api", "zod"]),
  ...plant(false, "web/one.ts", ["node:fs", "node:fs/promises"]),
  ...PLACES.filter(([file]) => !file.startsWith("adapters/openclaw/")).flatMap(([file]) =>
    plant(false, file, ["openclaw", "openclaw/plugin-sdk"]),
  ),
  ...plant(true, "adapters/openclaw/plugin.ts", ["openclaw", "openclaw/plugin-sdk"]),
];

/** Lints files (path below src → text) in a project with our biome.json; returns `file:line` of what a rule reports. */
async function lint(files: ReadonlyMap<string, string>, rule: string): Promise<string[]> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-lint-"));
  await copyFile(path.join(root, "biome.json"), path.join(folder.path, "biome.json"));
  for (const [file, text] of files) {
    const target = path.join(folder.path, "src", file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  const args = [biome, "lint", `--only=${rule}`, "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout } = await runProcess(process.execPath, args, { cwd: folder.path });
  const report: { diagnostics: { location: { path: string; start: { line: number } } }[] } =
    JSON.parse(stdout);
  return report.diagnostics.map(
    ({ location }) => `${location.path.replace("src/", "")}:${location.start.line}`,
  );
}

test("every import that the table forbids is reported, and none that it allows", async () => {
  const lines = Map.groupBy(PLANTED, ({ file }) => file);
  const files = new Map(
    [...lines].map(([file, planted]) => [
      file,
      planted.map(({ specifier }) => `import ${JSON.stringify(specifier)};\n`).join(""),
    ]),
  );
  const reported = new Set(await lint(files, "style/noRestrictedImports"));
  const wrong = [...lines].flatMap(([file, planted]) =>
    planted
      .filter(({ allowed }, index) => reported.has(`${file}:${index + 1}`) === allowed)
      .map(({ specifier, allowed }) => `${file} imports ${specifier}: allowed is ${allowed}`),
  );
  expect(wrong).toEqual([]);
  expect(PLANTED.filter(({ allowed }) => !allowed).length).toBeGreaterThan(100);
});

test("a forbidden module is reported in every form of import", async () => {
  const forms = [
    'import { app } from "../server/app.ts";',
    'import type { App } from "../server/app.ts";',
    'export { app } from "../server/app.ts";',
    'export * from "../server/app.ts";',
    'const app = await import("../server/app.ts");',
  ];
  const reported = await lint(
    new Map([["lifecycle/one.ts", forms.join("\n")]]),
    "style/noRestrictedImports",
  );
  expect(reported).toEqual(forms.map((_, index) => `lifecycle/one.ts:${index + 1}`));
});

test("a cycle of imports is reported", async () => {
  const files = new Map([
    ["base/one.ts", 'import { two } from "./two.ts";\nexport const one = (): number => two();\n'],
    ["base/two.ts", 'import { one } from "./one.ts";\nexport const two = (): number => one();\n'],
  ]);
  const reported = await lint(files, "suspicious/noImportCycles");
  expect(reported.toSorted()).toEqual(["base/one.ts:1", "base/two.ts:1"]);
});

test("a promise that nobody awaits is reported, also where another file made it", async () => {
  const files = new Map([
    ["base/one.ts", "export async function work(): Promise<void> {}\n"],
    ["base/two.ts", 'import { work } from "./one.ts";\nwork();\n'],
  ]);
  expect(await lint(files, "nursery/noFloatingPromises")).toEqual(["base/two.ts:2"]);
});

test("every folder of src is a part of the table, and every adapter has its own entry", async () => {
  const folders = async (folder: string): Promise<string[]> => {
    const target = path.join(root, folder);
    const entries = await readdir(target, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  };
  expect(PARTS).toEqual(expect.arrayContaining(await folders("src")));
  expect(["openclaw", "cli-agents"]).toEqual(expect.arrayContaining(await folders("src/adapters")));
});
