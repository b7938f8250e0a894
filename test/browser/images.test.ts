// Takes the pictures of the documentation from the running viewer. They are written with
//
//     WRITE_IMAGES=1 npm run test:browser -- images
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { playRecordedSession } from "../../scripts/demo/recorded-session.ts";
import { runSupportBot } from "../../scripts/demo/support-bot.ts";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { sendMonth } from "./month.ts";
import { MANY_PAGES_MS, openStage, type Stage } from "./stage.ts";

const root = new URL("../../", import.meta.url);
const folder = new URL("docs/images/", root);

const SIZE = { width: 1200, height: 860 };
/** More pixels than the page has: sharp on most screens. */
const SCALE = 1.5;

/** A month of calls, a recorded session, and an agent that has had five turns and goes on. */
async function fill({ server }: Stage): Promise<AsyncDisposable> {
  const { otlpUrl } = server.server;
  await sendMonth(server);
  await playRecordedSession(otlpUrl, Date.now() - 600_000);
  const ending = new AbortController();
  const bot = runSupportBot({ otlpUrl, pauseMs: 100, signal: ending.signal });
  await expect
    .poll(async () => (await listBotTurns(server)).length, { timeout: 60_000, interval: 500 })
    .toBeGreaterThanOrEqual(5);
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await bot;
    },
  };
}

const listBotTurns = async ({ ask }: Stage["server"]): Promise<TurnList["turns"]> =>
  (await ask<TurnList>("/api/turns?limit=500")).turns.filter(
    ({ agent, kind, state }) => agent === "support" && kind === "turn" && state !== "running",
  );

/** Names of the pictures, what each is of, and how it is lit. */
async function listPictures({ server }: Stage): Promise<readonly Picture[]> {
  const turns = (await listBotTurns(server)).toSorted((one, other) => one.startMs - other.startMs);
  const { sessions } = await server.ask<SessionList>("/api/sessions?agent=support");
  const session = sessions.toSorted((one, other) => other.turns - one.turns)[0];
  const failed = turns.find(({ state }) => state === "failed");
  const turn = `/turns/${turns.find(({ totals }) => totals.toolCalls > 1)?.id}`;
  return [
    { name: "turn-light", path: turn, theme: "light" },
    { name: "turn-dark", path: turn, theme: "dark" },
    { name: "sessions", path: "/", theme: "light" },
    { name: "session", path: `/sessions/${session?.id}`, theme: "light" },
    { name: "failed-turn", path: `/turns/${failed?.id}`, theme: "dark" },
    { name: "cost", path: "/cost", theme: "light" },
  ];
}

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly theme: "light" | "dark";
}

/** Width and height of a PNG, from its first chunk. */
const sizeOf = (png: Buffer): readonly [width: number, height: number] => [
  png.readUInt32BE(16),
  png.readUInt32BE(20),
];

async function take({ page, show }: Stage, { path, theme }: Picture): Promise<Buffer> {
  await page.emulateMedia({ colorScheme: theme });
  await show(path);
  await page.locator("main .loading").waitFor({ state: "detached" });
  await page.waitForLoadState("networkidle");
  return page.screenshot();
}

test("the pictures of the documentation are taken, and each is there and shown", {
  timeout: MANY_PAGES_MS,
}, async () => {
  await using stage = await openStage({ size: SIZE, scale: SCALE });
  await using _bot = await fill(stage);
  const pages = ["README.md", "docs/viewer.md"].map((path) => readFileSync(new URL(path, root)));
  for (const picture of await listPictures(stage)) {
    const png = await take(stage, picture);
    const path = `images/${picture.name}.png`;
    const file = new URL(`docs/${path}`, root);
    if (process.env["WRITE_IMAGES"] !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, png);
    }
    expect(sizeOf(png), path).toEqual([SIZE.width * SCALE, SIZE.height * SCALE]);
    expect(sizeOf(readFileSync(file)), path).toEqual(sizeOf(png));
    expect(
      pages.some((text) => text.includes(path)),
      path,
    ).toBe(true);
  }
  expect(stage.complaints).toEqual([]);
});
