import { mkdirSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStage } from "./stage.ts";
import { playStory } from "./story.ts";

test("a new server says which agents are here and what to do, until the first turn comes", async () => {
  using home = mkdtempDisposableSync(join(tmpdir(), "turnspan-home-"));
  for (const folder of [".claude", ".openclaw"]) mkdirSync(join(home.path, folder));
  await using stage = await openStage({ server: { home: home.path } });
  const { page, server } = stage;
  await stage.show("/");
  await page.getByText("Waiting for the first turn").waitFor();
  const found = page.locator(".empty-found");
  await found.getByText("Claude Code").waitFor();
  expect(await found.locator("li").allTextContents()).toEqual([
    "OpenClaw ~/.openclawopenclaw plugins install turnspanCopy",
    "Claude Code ~/.claudeturnspan install claude-codeCopy",
  ]);
  const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${server.server.otlpUrl}`;
  await page.getByText(`export ${endpoint}`, { exact: true }).waitFor();
  await playStory(server.server.otlpUrl);
  await page.getByRole("link", { name: /Where is my order/ }).waitFor();
  expect(await page.getByText("Waiting for the first turn").count()).toBe(0);
  expect(stage.complaints).toEqual([]);
});

test("a server that finds no agent says so", async () => {
  using home = mkdtempDisposableSync(join(tmpdir(), "turnspan-home-"));
  await using stage = await openStage({ server: { home: home.path } });
  await stage.show("/");
  await stage.page.getByText("No agent that Turnspan knows was found on this machine.").waitFor();
});
