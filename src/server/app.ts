import { type Context, Hono, type Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import { type AccessRules, isKnownHost, isKnownOrigin } from "./access.ts";
import type { ApiError, LiveEvent, ServerStatus } from "./api-report-types.ts";
import { type ApiRoute, apiRoutes, type RouteContext } from "./api-routes.ts";
import type { LiveChanges } from "./live.ts";
import { type Login, loginPage } from "./login.ts";
import { describeApi } from "./openapi.ts";
import { type ServerCounts, writeMetrics } from "./queries/metrics-text.ts";
import type { StoreReader } from "./queries/reader.ts";
import { NO_VIEWER, serveFile } from "./viewer-files.ts";

export interface AppOptions {
  readonly store: StoreReader;
  readonly live: LiveChanges;
  readonly login: Login;
  readonly access: AccessRules;
  readonly status: () => ServerStatus;
  readonly counts: () => ServerCounts;
  readonly version: string;
  readonly now: () => number;
  /** Folder of the built viewer. */
  readonly viewerFolder: string | undefined;
  /** The viewer's address, with a code that opens it. */
  readonly loginUrl: () => string;
}

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Bytes of a request's body: a token in a form is all that is ever sent here. */
const MAX_BODY_BYTES = 16 * 1024;

/** The viewer and the query API: everything but what takes telemetry. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.use(setHeaders);
  app.use((context, next) => checkHost(context, next, options.access));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => fail(context, 413, "bad_request", "the request is too large"),
    }),
  );
  app.get("/healthz", (context) => {
    const { state } = options.status().store;
    return context.json({ status: state, version: options.version }, state === "ok" ? 200 : 503);
  });
  app.route("/login", options.login.routes());
  for (const path of ["/api/*", "/metrics"]) {
    app.use(path, (context, next) => checkReader(context, next, options.login));
  }
  for (const route of apiRoutes) app.get(route.path, (context) => answer(context, route, options));
  app.get("/api/openapi.json", (context) => context.json(describeApi(options.version)));
  app.post("/api/login-url", (context) =>
    options.login.hasToken(context)
      ? context.json({ url: options.loginUrl() })
      : fail(context, 401, "unauthorized", "a read token is needed"),
  );
  app.get("/api/live", (context) => serveLive(context, options.live));
  app.get("/metrics", (context) => context.text(writeMetrics(options.store, options.counts())));
  app.all("/api/*", (context) => fail(context, 404, "not_found", "there is no such route"));
  app.get("*", (context) => serveViewer(context, options));
  app.onError((error, context) => {
    console.error(error);
    return fail(context, 500, "failed", "the server failed; its log says how");
  });
  return app;
}

async function setHeaders(context: Context, next: Next): Promise<void> {
  await next();
  for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
}

type Code = ApiError["error"]["code"];

const fail = (
  context: Context,
  status: 400 | 401 | 403 | 404 | 413 | 500,
  code: Code,
  message: string,
): Response => context.json({ error: { code, message } } satisfies ApiError, status);

/** Pages of others: neither by another name for this machine, nor from their own. */
async function checkHost(
  context: Context,
  next: Next,
  rules: AccessRules,
): Promise<Response | undefined> {
  const host = context.req.header("host") ?? new URL(context.req.url).host;
  const isNavigation = context.req.header("sec-fetch-mode") === "navigate";
  const fetchSite = isNavigation ? undefined : context.req.header("sec-fetch-site");
  const isKnown =
    isKnownHost(host, rules) &&
    isKnownOrigin({ origin: context.req.header("origin"), fetchSite }, rules);
  if (!isKnown) return fail(context, 403, "forbidden", "the host or the origin is not ours");
  await next();
  return undefined;
}

async function checkReader(
  context: Context,
  next: Next,
  login: Login,
): Promise<Response | undefined> {
  if (!login.isAllowed(context)) {
    return fail(
      context,
      401,
      "unauthorized",
      "a read token is needed: Authorization: Bearer TOKEN",
    );
  }
  context.header("cache-control", "no-store");
  await next();
  return undefined;
}

function answer(context: Context, route: ApiRoute, options: AppOptions): Response {
  const parsed = route.query?.safeParse(context.req.query());
  if (parsed?.success === false) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
    return fail(context, 400, "bad_request", problems.join("; "));
  }
  const { store, status, now } = options;
  const reading: RouteContext = { store, status, nowMs: now() };
  const params = context.req.param() as Readonly<Record<string, string>>;
  const result = route.read(reading, { params, query: parsed?.data });
  return result === undefined
    ? fail(context, 404, "not_found", "there is no such thing")
    : context.json(result);
}

const HEARTBEAT_MS = 15_000;
/** Events that wait for a slow reader; past them it is told to read anew. */
const MAX_BEHIND = 100;

function serveLive(context: Context, live: LiveChanges): Response {
  return streamSSE(context, async (stream) => {
    let behind: LiveEvent[] = [];
    let wake: (() => void) | undefined;
    using listening = live.listen((event) => {
      behind = behind.length < MAX_BEHIND ? [...behind, event] : [{ type: "refresh" }];
      wake?.();
    });
    if (listening === undefined) return;
    await stream.write(": listening\n\n");
    stream.onAbort(() => wake?.());
    live.ended.addEventListener("abort", () => wake?.());
    while (!stream.aborted && !live.ended.aborted) {
      const events = behind;
      behind = [];
      for (const event of events) await stream.writeSSE({ data: JSON.stringify(event) });
      if (behind.length > 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, HEARTBEAT_MS);
      await promise;
      clearTimeout(timer);
      if (behind.length === 0) await stream.write(": alive\n\n");
    }
  });
}

/** Files are open to all, pages to readers: every address without a file is one of the viewer's own. */
async function serveViewer(context: Context, options: AppOptions): Promise<Response> {
  const { viewerFolder, login } = options;
  const path = new URL(context.req.url).pathname;
  if (viewerFolder !== undefined) {
    const file = path === "/" ? undefined : await serveFile(context, viewerFolder, path);
    if (file !== undefined) return file;
  }
  if (!login.isAllowed(context)) return context.html(loginPage(), 401);
  const page = viewerFolder && (await serveFile(context, viewerFolder, "/index.html"));
  return page || context.html(NO_VIEWER);
}
