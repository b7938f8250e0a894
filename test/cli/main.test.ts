import { spawn } from "node:child_process";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { recordedLines } from "../adapters/openclaw/play.ts";
import { readOtlpLines } from "../support/otlp-lines.ts";
import { root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";

const main = path.join(root, "src/cli/main.ts");
const recording = path.join(root, "test/fixtures/openclaw/gateway-events.jsonl");

/** The command as a shell runs it. */
const shell = (line: string) =>
  runProcess("sh", ["-c", line], {
    env: {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      TURNSPAN: `${process.execPath} ${main}`,
    },
  });

test("a reader that goes away is no error", async () => {
  const line = `{ $TURNSPAN replay --host openclaw ${recording} --out -; echo "code $?" >&2; } | head -n 1`;
  const { stdout, stderr } = await shell(line);
  expect(Object.keys(JSON.parse(stdout))).toEqual(["resourceSpans"]);
  expect(stderr.split("\n").at(-2)).toBe("code 0");
});

test.each(["--help", "prices show", `replay --host openclaw ${recording} --out -`])(
  "%s on a full disk says so, and is no success",
  async (args) => {
    const { code, stderr } = await shell(`$TURNSPAN ${args} >/dev/full`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^turnspan: cannot write standard output: ENOSPC.*\n$/m);
  },
);

test("where nothing can be told the exit code still tells", async () => {
  expect((await shell("$TURNSPAN prices frob 2>/dev/full")).code).toBe(2);
  expect((await shell("$TURNSPAN prices frob 2>&-")).code).toBe(2);
});

test("Ctrl-C while standard input is read ends with what was played and 130", async () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-main-"));
  const out = path.join(folder.path, "out.jsonl");
  const args = [main, "replay", "--host", "openclaw", "-", "--out", out];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  const lines = recordedLines().slice(0, 100);
  child.stdin.write(`{broken\n${lines.join("\n")}\n`);
  const said = text(child.stdout);
  let told = "";
  const code = new Promise((resolve) => child.on("exit", resolve));
  for await (const chunk of child.stderr) {
    // What was told of the first line shows that the reading is under way.
    if (told === "") setTimeout(() => child.kill("SIGINT"), 100);
    told += String(chunk);
  }
  expect(await code).toBe(130);
  expect(told).toContain("interrupted");
  expect(await said).toMatch(/^101 lines, 1 skipped/);
  expect(readOtlpLines(out).spans.length).toBeGreaterThan(0);
  expect(readFileSync(out, "utf8").endsWith("\n")).toBe(true);
});
