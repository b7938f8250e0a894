import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { runProcess } from "../../support/run-process.ts";

const SOURCES = path.resolve(import.meta.dirname, "../programs");
/** Outside the checkout: a clean one finds what another one built. */
export const CACHE = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"),
  "turnspan-test-programs",
);
const DOWNLOAD_TRIES = 3;

interface Program {
  /** What is built: this folder's own program, or a tool of its go.mod. */
  readonly package: string;
  readonly tags?: string;
}

const programs = {
  collector: { package: "." },
  compose: { package: "." },
  jaeger: { package: "github.com/jaegertracing/jaeger/cmd/jaeger" },
  // Without service discovery, which this has no use for and which is most of it.
  prometheus: {
    package: "github.com/prometheus/prometheus/cmd/prometheus",
    tags: "remove_all_sd",
  },
} as const satisfies Readonly<Record<string, Program>>;
export type ProgramName = keyof typeof programs;
export const PROGRAM_NAMES = Object.keys(programs) as readonly ProgramName[];

/**
 * Path of a program that is built from pinned Go modules, unless it was built before from the same ones: minutes
 * of work the first time. Throws where Go is missing or too old, or with what the compiler said.
 */
export async function buildProgram(name: ProgramName): Promise<string> {
  const binary = path.join(CACHE, `${name}-${hashOf(name)}`);
  if (existsSync(binary)) return binary;
  mkdirSync(CACHE, { recursive: true });
  const cwd = path.join(SOURCES, name);
  const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local" };
  await download(cwd, env);
  const unfinished = `${binary}.${process.pid}`;
  const { package: from, ...rest }: Program = programs[name];
  const tags = rest.tags === undefined ? [] : ["-tags", rest.tags];
  const flags = ["-mod=readonly", "-trimpath", "-ldflags=-s -w", ...tags];
  console.error(`building ${name} from Go modules: some minutes, once`);
  const build = await runProcess("go", ["build", ...flags, "-o", unfinished, from], { cwd, env });
  if (build.code !== 0) throw new Error(`go build of ${name} failed:\n${build.stderr}`);
  renameSync(unfinished, binary);
  return binary;
}

async function download(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  let said = "";
  for (let tries = 0; tries < DOWNLOAD_TRIES; tries += 1) {
    const { code, stderr } = await runProcess("go", ["list", "-mod=readonly", "-deps", "."], {
      cwd,
      env,
    });
    if (code === 0) return;
    said = stderr;
    // A folder without a program of its own: its tools are downloaded as they are built.
    if (said.includes("no Go files")) return;
  }
  throw new Error(`the Go modules of ${cwd} could not be downloaded:\n${said}`);
}

/** Of all that says what is built. */
export function hashOf(name: ProgramName | "kafka"): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go", "pom.xml"]) {
    const source = path.join(SOURCES, name, file);
    if (existsSync(source)) hash.update(readFileSync(source));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Programs of Debian; `.ci/install-collector-tools` installs them. */
export async function requireTool(
  name: "promtool" | "prometheus" | "prometheus-alertmanager" | "jq",
): Promise<string> {
  const { code, stdout } = await runProcess("sh", ["-c", `command -v ${name}`]);
  if (code !== 0) throw new Error(`${name} is not installed: run .ci/install-collector-tools`);
  return stdout.trim();
}
