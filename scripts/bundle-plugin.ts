import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CODE_SIZE } from "./bundle.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What a gateway has, or what the user installs beside. */
const FOUND_AT_RUNTIME = [/^openclaw(\/|$)/, /^@temporalio\//];

/**
 * Writes OpenClaw's plugin as a package without dependencies, and the licences of what it carries. A gateway
 * installs a plugin's dependencies in versions of its own choice; these are the ones that were tested.
 */
export async function bundlePlugin(folder: string): Promise<void> {
  await bundle(folder);
  const text = await readFile(path.join(root, "package.json"), "utf8");
  const { name, version, description, license, type, engines, openclaw } = JSON.parse(text);
  const about = { name, version, description, license, type, engines };
  const manifest = { ...about, openclaw: { ...openclaw, extensions: ["./plugin.js"] } };
  await writeFile(path.join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await copyFile(
    path.join(root, "openclaw.plugin.json"),
    path.join(folder, "openclaw.plugin.json"),
  );
}

async function bundle(folder: string): Promise<void> {
  const { build } = await import("vite");
  await build({
    configFile: false,
    root,
    logLevel: "warn",
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: true,
      target: "node24",
      license: { fileName: "third-party-licenses.md" },
      rolldownOptions: {
        input: { plugin: path.join(root, "src/adapters/openclaw/plugin.ts") },
        external: FOUND_AT_RUNTIME,
        onLog: (level, log, handle) => {
          // Some of what the package loads late, the plugin needs at its start.
          if (log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") handle(level, log);
        },
        output: { minify: CODE_SIZE, chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
}
