import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Context } from "hono";

/** What the viewer is built of. */
const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Names that Vite gives to files by their content: they never change. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;

/** A path of plain names, so that none leads out of the folder. */
const PLAIN = /^(\/[\w-][\w.-]*)+$/;

/** The build lays a compressed file beside those that shrink. */
const PACKED = ".gz";

/** Serves a file of the viewer, compressed where the browser takes that; `undefined` where there is none. */
export async function serveFile(
  context: Context,
  folder: string,
  path: string,
): Promise<Response | undefined> {
  const type = types[extname(path)];
  if (type === undefined || !PLAIN.test(path)) return undefined;
  const read = (file: string) => readFile(join(folder, file)).catch(() => undefined);
  const packed = takesGzip(context) ? await read(path + PACKED) : undefined;
  const body = packed ?? (await read(path));
  if (body === undefined) return undefined;
  const tag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = { etag: tag, vary: "accept-encoding" };
  if (context.req.header("if-none-match") === tag) return context.body(null, 304, headers);
  return context.body(new Uint8Array(body), 200, {
    ...headers,
    ...(packed === undefined ? {} : { "content-encoding": "gzip" }),
    "content-type": type,
    "cache-control": HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
  });
}

const takesGzip = (context: Context): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(\.0+)?\s*(,|$))/.test(context.req.header("accept-encoding") ?? "");

/** Shown where the viewer is not built, as in a checkout. */
export const NO_VIEWER = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Turnspan</title></head>
<body><main><h1>Turnspan</h1><p>The server runs, but the viewer is not built: run <code>npm run build</code>.
The query API is there: <a href="/api/openapi.json">/api/openapi.json</a>.</p></main></body></html>
`;
