import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { installDependencies } from "../support/install.ts";
import { runProcess } from "../support/run-process.ts";

const root = path.resolve(import.meta.dirname, "../..");

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

test("the tests of the core pass on SDK 2.12 with API 1.9 as well", async () => {
  await installDependencies(path.join(root, "test/compat/sdk-2"));
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-sdk-2-"));
  const file = path.join(folder.path, "report.json");
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config=test/compat/sdk-2.config.ts"];
  const { stdout, stderr } = await runProcess(
    process.execPath,
    [...vitest, "--reporter=json", `--outputFile=${file}`],
    { cwd: root },
  );
  const report: Report = JSON.parse(
    await readFile(file, "utf8").catch(() => {
      throw new Error(`Vitest left no report:\n${stdout}\n${stderr}`);
    }),
  );
  const failed = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "failed")
      .map(
        ({ fullName, failureMessages }) => `${name}: ${fullName}\n${failureMessages.join("\n")}`,
      ),
  );
  console.log(`${report.numPassedTests} tests passed on SDK 2.12 and API 1.9`);
  expect(failed).toEqual([]);
  const files = report.testResults.map(({ name }) => path.relative(root, name));
  expect(files).toContain("test/lifecycle/handles.test.ts");
  expect(files).toContain("test/lifecycle/sdk-under-test.test.ts");
}, 300_000);
