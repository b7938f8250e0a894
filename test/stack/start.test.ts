import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { SessionList, TurnList } from "../../src/server/api-types.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const root = path.resolve(import.meta.dirname, "../..");
const PATIENCE_MS = 120_000;

/** The address that the demo prints, when it has printed it. */
async function readAddress(output: NodeJS.ReadableStream): Promise<URL> {
  for await (const line of createInterface({ input: output })) {
    const url = /^ {2}(http:\S+\/login\?code=\S+)$/.exec(line)?.[1];
    if (url !== undefined) return new URL(url);
  }
  throw new Error("it ended without an address");
}

/** A browser that opens the address. */
async function openViewer(address: URL) {
  const login = await fetch(address, { redirect: "manual" });
  expect(login.status).toBe(303);
  const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return (at: string): Promise<Response> =>
    fetch(new URL(at, address), { headers: { cookie }, signal: AbortSignal.timeout(PATIENCE_MS) });
}

test(
  "npm start shows a recorded session with its failed turn, and a demo agent that has turns",
  async () => {
    using folder = makeTemporaryFolder();
    const words = [path.join(root, "scripts/start.ts"), path.join(folder.path, "data")];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    try {
      const get = await openViewer(await readAddress(child.stdout));
      expect(await (await get("/")).text()).toMatch(/<script type="module"[^>]+src="\/assets\//);
      const { turns } = (await (await get("/api/turns?state=failed")).json()) as TurnList;
      expect(turns.length).toBeGreaterThan(0);
      const agents = async (): Promise<(string | null)[]> => {
        const { sessions } = (await (await get("/api/sessions")).json()) as SessionList;
        return sessions.map(({ agent }) => agent);
      };
      expect(await agents()).toContain("main");
      await expect.poll(agents, { timeout: PATIENCE_MS, interval: 500 }).toContain("support");
    } finally {
      child.kill("SIGINT");
    }
    expect(await ended).toBe(0);
  },
  2 * PATIENCE_MS,
);
