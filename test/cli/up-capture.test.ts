import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { spoolFolder } from "../../src/adapters/cli-agents/capture-script.ts";
import { writeCaptureSettings } from "../../src/adapters/cli-agents/capture-settings.ts";
import type { SessionList } from "../../src/server/api-types.ts";
import { startTestServer } from "../support/server.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { startUp } from "../support/up-process.ts";

const POLL = { timeout: 60_000, interval: 250 };

/** Leaves what a recorded session told, as capture leaves it. */
function leave(dataFolder: string, recording: string): void {
  const spool = spoolFolder(dataFolder);
  mkdirSync(spool, { recursive: true });
  const file = path.resolve(import.meta.dirname, `../fixtures/cli-agent-hooks/${recording}.jsonl`);
  for (const [index, line] of readFileSync(file, "utf8").trimEnd().split("\n").entries()) {
    const agent = recording.split("/")[0];
    writeFileSync(path.join(spool, `1-${index}.0.event`), `turnspan 1 ${agent} \n${line}`);
  }
}

const WHOLE = [{ agent: "codex", state: "ended", turns: 1, failedTurns: 0 }];

test("turnspan up takes what was captured before it ran, and sends it where the user said too", async () => {
  using folder = makeTemporaryFolder();
  await using team = await startTestServer({ ingestTokens: ["team-token"] });
  const endpoint = team.server.otlpUrl;
  leave(folder.path, "codex/plain");
  await writeCaptureSettings(folder.path, { content: "local", endpoint, token: "team-token" });
  const up = await startUp(folder.path);
  const own = async (): Promise<unknown> => {
    const headers = { authorization: `Bearer ${up.token}` };
    const response = await fetch(`${up.uiUrl}/api/sessions`, { headers });
    return ((await response.json()) as SessionList).sessions;
  };
  await expect.poll(own, POLL).toMatchObject(WHOLE);
  const theirs = async (): Promise<unknown> =>
    (await team.ask<SessionList>("/api/sessions")).sessions;
  await expect.poll(theirs, POLL).toMatchObject(WHOLE);
  await up.end("SIGTERM");
  expect(JSON.stringify(await theirs())).not.toContain("Hello");
}, 240_000);
