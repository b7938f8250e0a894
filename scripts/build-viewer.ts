import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const root = new URL("../", import.meta.url);
const source = fileURLToPath(new URL("src/web", root));

/** Where the server looks for the viewer in a checkout. */
export const VIEWER_FOLDER = fileURLToPath(new URL("dist/web", root));

/** Builds the viewer. */
export async function buildViewer(folder: string = VIEWER_FOLDER): Promise<void> {
  // Loading it takes longer than all that a start does where nothing has to be built.
  const { build } = await import("vite");
  await build({
    configFile: false,
    root: source,
    logLevel: "warn",
    // The page may stand nowhere else than at the root of its server.
    base: "/",
    publicDir: false,
    // Vite reads NODE_ENV, which says what the program that builds runs as, not what is built.
    define: { "process.env.NODE_ENV": '"production"' },
    oxc: { jsx: { runtime: "automatic", development: false } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "baseline-widely-available",
      // Nothing in the page itself: the content policy allows files of the server alone.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      license: { fileName: "third-party-licenses.md" },
      rolldownOptions: {
        onLog: (level, log, handle) => {
          // Libraries mark what is for browsers alone: all of this is.
          if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
        },
      },
    },
  });
  packFiles(folder);
}

/** Files that shrink; fonts are compressed already. */
const SHRINKS = /\.(css|html|js|svg)$/;

/** Lays a compressed file beside each that shrinks: the server sends it as it is. */
function packFiles(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => SHRINKS.test(name))) {
    const path = join(folder, file);
    const body = gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION });
    writeFileSync(`${path}.gz`, body);
  }
}

/** Builds the viewer where it is missing or older than its source. */
export async function buildMissingViewer(): Promise<void> {
  const page = join(VIEWER_FOLDER, "index.html");
  const builtMs = existsSync(page) ? statSync(page).mtimeMs : 0;
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const changedMs = Math.max(...files.map((file) => statSync(join(source, file)).mtimeMs));
  if (changedMs <= builtMs) return;
  process.stderr.write("Building the viewer ...\n");
  await buildViewer();
}
