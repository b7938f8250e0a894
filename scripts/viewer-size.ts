import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { VIEWER_FOLDER } from "./build-viewer.ts";

/** Compressed JavaScript that a browser loads before it shows anything. */
const MOST_BYTES = 180_000;

/** Prints how much the built viewer loads at first; returns the exit code. */
export function checkViewerSize(): number {
  const files = readdirSync(VIEWER_FOLDER, { recursive: true, encoding: "utf8" });
  const bytes = files
    .filter((file) => file.endsWith(".js"))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(VIEWER_FOLDER, file))).length, 0);
  const figures = `${(bytes / 1000).toFixed(1)} kB of JavaScript, gzip; at most ${MOST_BYTES / 1000} kB`;
  console.log(figures);
  return bytes > 0 && bytes <= MOST_BYTES ? 0 : 1;
}
