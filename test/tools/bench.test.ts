import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/run-example.ts";
import { runProcess } from "../support/run-process.ts";

const bench = (...args: readonly string[]) =>
  runProcess(process.execPath, [path.join(root, "test/bench/run.ts"), ...args]);

test("the help names every bench, and the page about them describes each", async () => {
  const { code, stdout } = await bench("--help");
  expect(code).toBe(0);
  const names = [...stdout.matchAll(/^ {2}([a-z][a-z0-9-]*) {2,}\S/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(["turn", "import", "replay"]));
  const page = readFileSync(path.join(root, "docs/benchmarks.md"), "utf8");
  for (const name of names) expect(page).toContain(`\n| \`${name}\` `);
});

test.each([
  ["frob", /^There is no bench frob; there are turn, .*; see npm run bench -- --help\n$/],
  ["--frob", /^Unknown option '--frob'; see npm run bench -- --help\n$/],
])("%s is refused in one line, and nothing is run", async (argument, line) => {
  const { code, stdout, stderr } = await bench(argument);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(line);
});

// A whole bench, however small: minutes where the machine does other things too.
const slow = { timeout: 300_000 };

test(
  "a bench says that it runs, and its figures are all that is on standard output",
  slow,
  async () => {
    const { code, stdout, stderr } = await bench("import", "--quick", "--json");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\[1\/1\] import: a cold import, .* \.\.\.\n\[1\/1\] import: \d+ s\n$/);
    const { rows } = JSON.parse(stdout).import;
    expect(rows.map(({ name }: { name: string }) => name)).toContain("turnspan");
  },
);
