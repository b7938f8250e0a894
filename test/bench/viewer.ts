// How quick the viewer is in a real browser, beside a page of the same server that holds one line of text.
import type { Browser, Page } from "playwright-core";
import type { ServerStatus } from "../../src/server/api-report-types.ts";
import { launchChromium } from "../browser/chromium.ts";
import { openTelemetry } from "../browser/story.ts";
import { makeSpan, newId, traceRequest } from "../server/requests.ts";
import { ratioTo, spreadOf } from "./measure.ts";
import { finish, type Row } from "./report.ts";
import { type ServerProcess, startServerProcess } from "./server/server-process.ts";

const isQuick = process.argv.includes("--quick");
const LOADS = isQuick ? 3 : 15;
const TURNS = isQuick ? 3 : 15;
const SPANS = 10_000;
const PER_REQUEST = 2_500;
const FRAMES = 120;
const PLAIN_PAGE = "/healthz";

const headers = (token: string) => ({ authorization: `Bearer ${token}` });

/** A page of a browser that was let in, and the CPU seconds that its main thread has used. */
async function openPage(browser: Browser, { uiUrl, token }: ServerProcess): Promise<Page> {
  const context = await browser.newContext({ baseURL: uiUrl });
  const answer = await fetch(`${uiUrl}/api/login-url`, { method: "POST", headers: headers(token) });
  const { url } = (await answer.json()) as { readonly url: string };
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function readFirstPaint(page: Page, path: string): Promise<number> {
  await page.goto(path);
  return page.evaluate<number>(`new Promise((resolve) => {
    const find = () => {
      const [paint] = performance.getEntriesByName("first-contentful-paint");
      if (paint === undefined) requestAnimationFrame(find);
      else resolve(paint.startTime);
    };
    find();
  })`);
}

/** Loads in turn, each in a page that has nothing in its cache. */
async function measureFirstPaint(browser: Browser, server: ServerProcess): Promise<Row[]> {
  const viewer: number[] = [];
  const plain: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    const page = await openPage(browser, server);
    plain.push(await readFirstPaint(page, PLAIN_PAGE));
    viewer.push(await readFirstPaint(page, "/"));
    await page.context().close();
  }
  const ratio = ratioTo(new Map(Object.entries({ viewer, plain })), "plain", "viewer");
  return [
    { name: "first paint", figures: { ms: spreadOf(viewer), ratio } },
    { name: "first paint of a line of text", figures: { ms: spreadOf(plain) } },
  ];
}

/** From the start of a turn in another program until it stands on an open page. */
async function measureRunningTurns(page: Page, { otlpUrl }: ServerProcess): Promise<Row> {
  const telemetry = await openTelemetry(otlpUrl);
  const times: number[] = [];
  await page.goto("/");
  for (let turn = 0; turn < TURNS; turn += 1) {
    const sessionKey = `bench ${turn}`;
    using session = telemetry.turnspan.openSession({ sessionKey, agentId: "slow" });
    const finish = Promise.withResolvers<void>();
    const began = performance.now();
    const running = session.turn({}, () => finish.promise);
    await page.getByRole("link", { name: new RegExp(`Running.*${sessionKey}`) }).waitFor();
    times.push(performance.now() - began);
    finish.resolve();
    await running;
  }
  await telemetry.shutdown();
  return {
    name: "a running turn is seen",
    figures: { ms: spreadOf(times) },
    goal: { column: "ms", atMost: 1000 },
  };
}

async function sendLargeTrace({ otlpUrl, uiUrl, token }: ServerProcess): Promise<string> {
  const traceId = newId(32);
  const rootId = newId(16);
  const startMs = Date.now() - SPANS;
  const spans = Array.from({ length: SPANS }, (_, place) =>
    makeSpan({
      traceId,
      ...(place === 0 ? { spanId: rootId, endMs: startMs + SPANS } : { parentSpanId: rootId }),
      name: `step ${place}`,
      startMs: startMs + place,
    }),
  );
  for (let at = 0; at < SPANS; at += PER_REQUEST) {
    const body = JSON.stringify(traceRequest(spans.slice(at, at + PER_REQUEST)));
    const type = { "content-type": "application/json" };
    await fetch(`${otlpUrl}/v1/traces`, { method: "POST", headers: type, body });
  }
  const status = await fetch(`${uiUrl}/api/status`, { headers: headers(token) });
  const { counts } = (await status.json()) as ServerStatus;
  if (counts.spans < SPANS) throw new Error(`only ${counts.spans} spans were stored`);
  return traceId;
}

interface Scrolled {
  readonly frames: readonly number[];
  readonly mostRows: number;
}

const SCROLL = `(async () => {
  const box = document.querySelector('[role="tree"]');
  const times = [];
  let mostRows = 0;
  const step = (box.scrollHeight - box.clientHeight) / ${FRAMES};
  for (let frame = 0; frame <= ${FRAMES}; frame += 1) {
    box.scrollTop = frame * step;
    times.push(await new Promise((resolve) => requestAnimationFrame(resolve)));
    mostRows = Math.max(mostRows, document.querySelectorAll('[role="treeitem"]').length);
  }
  return { frames: times.slice(1).map((time, place) => time - times[place]), mostRows };
})()`;

/** Scrolls from end to end; a frame of 60 Hz has 16.7 ms, of which the page's own work must leave something. */
async function measureScrolling(page: Page, traceId: string): Promise<Row[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const readCpuMs = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
  };
  await page.goto(`/traces/${traceId}`);
  await page.getByRole("treeitem").first().waitFor();
  const before = await readCpuMs();
  const { frames, mostRows } = await page.evaluate<Scrolled>(SCROLL);
  const cpuMs = (await readCpuMs()) - before;
  return [
    {
      name: `scrolling ${SPANS} spans, CPU of a frame`,
      figures: { ms: cpuMs / FRAMES, "rows in the page": mostRows },
      goal: { column: "ms", atMost: 16.7 },
    },
    { name: `scrolling ${SPANS} spans, time of a frame`, figures: { ms: spreadOf(frames) } },
  ];
}

await using server = await startServerProcess();
const browser = await launchChromium();
try {
  const firstPaint = await measureFirstPaint(browser, server);
  const page = await openPage(browser, server);
  const running = await measureRunningTurns(page, server);
  const scrolling = await measureScrolling(page, await sendLargeTrace(server));
  finish({
    title: "The viewer in Chromium",
    notes: ["Times are those of the clock but for the CPU of a frame: the page's main thread."],
    rows: [...firstPaint, running, ...scrolling],
  });
} finally {
  await browser.close();
}
