import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { findOldNode } from "../support/old-node.ts";
import { type EndedProcess, runProcess } from "../support/run-process.ts";

const summary = path.resolve(import.meta.dirname, "../../.ci/summary.mjs");

interface TestResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages: readonly string[];
}

const passing: TestResult = { status: "passed", fullName: "it works", failureMessages: [] };
const failing: TestResult = {
  status: "failed",
  fullName: "it breaks",
  failureMessages: ["expected 1 to be 2"],
};
const skipped: TestResult = { status: "skipped", fullName: "it waits", failureMessages: [] };

interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly TestResult[];
}

function testFile(name: string, ...assertionResults: TestResult[]): TestFile {
  const status = assertionResults.includes(failing) ? "failed" : "passed";
  return { name, status, message: "", assertionResults };
}

/** Runs the summary over suites, each the test files of its report. */
async function summarize(
  reports: Readonly<Record<string, readonly TestFile[]>>,
  suites: readonly string[] = Object.keys(reports),
): Promise<EndedProcess> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-reports-"));
  for (const [suite, testResults] of Object.entries(reports)) {
    const success = testResults.every(({ status }) => status === "passed");
    const text = JSON.stringify({ success, testResults });
    await writeFile(path.join(folder.path, `${suite}.json`), text);
  }
  return await runProcess(findOldNode() ?? process.execPath, [summary, folder.path, ...suites]);
}

test("passing suites are summed up in one line", async () => {
  const { code, stdout } = await summarize({
    unit: [testFile("a", passing, skipped), testFile("b", passing)],
    stack: [testFile("c", passing)],
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "3 passed, 0 failed\n" });
});

test("failing tests are named with their messages before the count", async () => {
  const { code, stdout } = await summarize({ unit: [testFile("a", passing, failing)] });
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAILED unit: .*a: it breaks\nexpected 1 to be 2\n1 passed, 1 failed\n$/);
});

test("a test file that could not be loaded counts as a failure", async () => {
  const broken = { ...testFile("a"), status: "failed", message: "no such module" };
  const { code, stdout } = await summarize({ unit: [broken, testFile("b", passing)] });
  expect(code).toBe(1);
  expect(stdout).toMatch(/no such module\n1 passed, 1 failed\n$/);
});

test("a suite without results fails the run", async () => {
  const { code, stdout } = await summarize({ unit: [testFile("a", passing)] }, ["unit", "stack"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAILED stack: it left no results\n1 passed, 0 failed\n$/);
});
