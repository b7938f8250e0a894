import { cp, mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { findOldNode } from "../support/old-node.ts";
import { type EndedProcess, runProcess } from "../support/run-process.ts";

const oldNode = findOldNode();

/** Runs the installed command as in a package whose built part only prints its arguments. */
async function runCommand(node: string, args: readonly string[]): Promise<EndedProcess> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-command-"));
  const root = path.resolve(import.meta.dirname, "../..");
  await cp(path.join(root, "bin"), path.join(folder.path, "bin"), { recursive: true });
  await mkdir(path.join(folder.path, "dist/cli"), { recursive: true });
  await writeFile(path.join(folder.path, "package.json"), '{ "type": "module" }');
  await writeFile(
    path.join(folder.path, "dist/cli/main.js"),
    "console.log(process.argv.slice(2).join()); process.exitCode = 4;",
  );
  return await runProcess(node, [path.join(folder.path, "bin/turnspan.js"), ...args]);
}

test("the installed command runs what was built, with its arguments and exit code", async () => {
  const { code, stdout, stderr } = await runCommand(process.execPath, ["replay", "x"]);
  expect({ code, stdout, stderr }).toEqual({ code: 4, stdout: "replay,x\n", stderr: "" });
});

test.skipIf(!oldNode)("under an old Node the command says what is needed in one line", async () => {
  const { code, stdout, stderr } = await runCommand(oldNode ?? "", ["replay", "x"]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(
    /^turnspan needs Node\.js 24 or newer \(this is v\d+\.\d+\.\d+\): .*https:\/\/nodejs\.org.*\n$/,
  );
});
