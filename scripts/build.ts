// Builds what the package ships: types by tsc, code by Rolldown. One file for each set of modules that
// entry points share: loading forty small ones took longer than all they do, and two copies of a module
// would be two slots between lifecycle and span processor.
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { runTool } from "./tool.ts";

const root = new URL("../", import.meta.url);
const pathOf = (path: string): string => fileURLToPath(new URL(path, root));

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const COMMAND = "./dist/cli/main.js";

/** The package's entry points and the command: built file without its ending, and source. */
function findEntries({ exports }: PackageJson): Record<string, string> {
  const built = Object.values(exports).flatMap((entry) =>
    typeof entry === "string" ? [] : [entry.default],
  );
  const names = [...built, COMMAND].map((file) => /^\.\/dist\/(.*)\.js$/.exec(file)?.[1] ?? file);
  return Object.fromEntries(names.map((name) => [name, pathOf(`src/${name}.ts`)]));
}

async function bundle(): Promise<void> {
  const manifest = JSON.parse(readFileSync(pathOf("package.json"), "utf8")) as PackageJson;
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  await using build = await rolldown({
    input: findEntries(manifest),
    platform: "node",
    external: (id) =>
      id.startsWith("node:") || packages.some((name) => id === name || id.startsWith(`${name}/`)),
  });
  await build.write({
    dir: pathOf("dist"),
    format: "esm",
    chunkFileNames: "shared/[name]-[hash].js",
    // Names are kept for stack traces; comments and white space cost a tenth of the import.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    sourcemap: true,
  });
}

rmSync(pathOf("dist"), { recursive: true, force: true });
process.exitCode = runTool("tsc", ["-p", "src", "--emitDeclarationOnly"]);
if (process.exitCode === 0) await bundle();
