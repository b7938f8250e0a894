import type { Browser, BrowserContext, Page } from "playwright-core";
import { inject } from "vitest";
import type { ServerOptions } from "../../src/server/server-options.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";

type Theme = "light" | "dark";

export interface Stage extends AsyncDisposable {
  readonly server: TestServer;
  readonly page: Page;
  /** What the browser complained about: errors, refused content, failed requests. */
  readonly complaints: string[];
  /** Shows a page of the viewer, when it is loaded. */
  show(path: string): Promise<void>;
}

/** How long something may take to appear: a machine of two busy cores is slow. */
const PATIENCE_MS = 60_000;

/** For tests that go through all pages, on a slow machine. */
export const MANY_PAGES_MS = 300_000;

export const WIDE = { width: 1280, height: 860 };
export const NARROW = { width: 390, height: 844 };

/** A real server with the built viewer, and a real browser that was let in by its one-time address. */
export async function openStage(
  options: {
    readonly theme?: Theme;
    readonly server?: Partial<ServerOptions>;
    readonly timeZone?: string;
    readonly size?: typeof WIDE;
    /** Pixels of the screen for each of the page's. */
    readonly scale?: number;
  } = {},
): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startTestServer({ viewerFolder: inject("viewerFolder"), ...options.server }),
  );
  const browser: Browser = stack.adopt(await launchChromium(), (one) => one.close());
  const context: BrowserContext = await browser.newContext({
    viewport: options.size ?? WIDE,
    deviceScaleFactor: options.scale ?? 1,
    colorScheme: options.theme ?? "light",
    reducedMotion: "reduce",
    baseURL: server.server.uiUrl,
    timezoneId: options.timeZone ?? "America/New_York",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(server.server.createLoginUrl());
  const owned = stack.move();
  return {
    ...{ server, page, complaints },
    show: async (path) => {
      await page.goto(path);
      await page.locator("h1").first().waitFor();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
