import {
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { SqliteLedger } from "../../src/hooks/runners/budget/sqlite-ledger.ts";
import { type CliRun, runTurnspan } from "../support/cli.ts";
import { root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";
import { startTestServer } from "../support/server.ts";

const PAGES = ["README.md", ...readdirSync(path.join(root, "docs")).map((name) => `docs/${name}`)];
const FENCED = /^```(?:sh|console)\n([\s\S]*?)^```$/gm;
const INLINE = /`((?:npx )?turnspan [^`]+)`/g;

/** Every command line that a page shows, without its comment. */
function commandsOf(page: string): string[] {
  const text = readFileSync(path.join(root, page), "utf8");
  const fenced = [...text.matchAll(FENCED)].flatMap(({ 1: code = "" }) => code.split("\n"));
  const inline = [...text.matchAll(INLINE)].map(([, line = ""]) => line);
  return [...fenced, ...inline]
    .map((line) =>
      line
        .replace(/\s+#.*$/, "")
        .replace(/^(\$|npx) /, "")
        .trim(),
    )
    .filter((line) => /^turnspan [a-z-]/.test(line));
}

const shown = PAGES.filter((page) => page.endsWith(".md")).flatMap((page) =>
  commandsOf(page).map((line): [string, string] => [line, page]),
);
const commands = [...new Map(shown)];

const EVENT = JSON.stringify({ sessionKey: "k", agentId: "a" });
const CONFIG = JSON.stringify({
  hooks: { afterTurn: [{ name: "note", command: ["true"] }] },
});

/** What stands for the words in capitals, in a home where they make sense. */
function fill(line: string, home: string): string[] {
  const recording = path.join(root, "test/fixtures/openclaw/gateway-events.jsonl");
  const words: Readonly<Record<string, string>> = {
    MODEL: "o3",
    USD: "1",
    NAME: "note",
    DIGEST: "0".repeat(64),
    FILE: line.includes("--event") ? path.join(home, "event.json") : recording,
    "spans.jsonl": path.join(home, "spans.jsonl"),
  };
  return line
    .replace(/ \[.*?\]/g, "")
    .split(/\s+/)
    .slice(1)
    .map((word) => words[word] ?? word);
}

/** These change the system or never end: whether they are there is what is tried. */
const ONLY_HELP = new Set(["service", "install", "uninstall", "run"]);

const ASK_SERVER = new Set(["sessions", "turns", "trace", "errors", "doctor"]);

async function tryCommand(line: string): Promise<CliRun> {
  using home = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-pages-"));
  mkdirSync(path.join(home.path, ".config/turnspan"), { recursive: true });
  writeFileSync(path.join(home.path, ".config/turnspan/config.json"), CONFIG);
  writeFileSync(path.join(home.path, "event.json"), EVENT);
  const [name = "", ...args] = fill(line, home.path);
  if (ONLY_HELP.has(name)) return await runTurnspan([name, "--help"]);
  if (name === "up") return await tryServer(home.path);
  if (name === "budget") await announceBudget(home.path);
  await using server = ASK_SERVER.has(name) ? await startTestServer() : undefined;
  const env = { HOME: home.path, ...(server && { TURNSPAN_DATA: server.folder }) };
  return await runTurnspan([name, ...args], { env, cwd: home.path });
}

/** As if a program with a daily budget had run. */
async function announceBudget(home: string): Promise<void> {
  using ledger = await SqliteLedger.open(path.join(home, ".local/share/turnspan"), 0);
  const budget = { id: "b", name: "daily", source: "config.json", usd: 20, warnAt: 0.8 };
  ledger.announce({ ...budget, per: ["day"] }, 0);
}

/** On ports of its own, until it says that it runs. */
async function tryServer(home: string): Promise<CliRun> {
  const args = [path.join(root, "src/cli/main.ts"), "up", "--port", "0", "--ui-port", "0"];
  const { code, stdout, stderr } = await runProcess(process.execPath, args, {
    env: { PATH: process.env["PATH"], HOME: home },
    when: ["is running", (kill) => kill("SIGINT")],
  });
  return { code: code ?? -1, out: stdout, err: stderr };
}

test("the pages show commands", () => {
  expect(commands.length).toBeGreaterThan(8);
  expect(shown.map(([, page]) => page)).toContain("README.md");
});

test.each(commands)("%s, as %s has it, is a command that works", async (line) => {
  const { code, err } = await tryCommand(line);
  // 1 says that there is something to tell: no price, nothing to approve.
  expect([0, 1], err).toContain(code);
});

test("a command that the pages must not show is found out", async () => {
  expect((await tryCommand("turnspan prices add MODEL")).code).toBe(2);
  expect((await tryCommand("turnspan frob")).code).toBe(2);
});
