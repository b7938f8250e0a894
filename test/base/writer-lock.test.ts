import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import {
  claimAnyWriter,
  claimDeadWriters,
  claimWriter,
  listWriters,
} from "../../src/base/writer-lock.ts";

const makeRoot = () => mkdtempDisposable(path.join(tmpdir(), "turnspan-writers-"));

/** Another process that claims a place and says which. */
async function startHolder(root: string): Promise<{ child: ChildProcess; writer: string }> {
  const module = new URL("../../src/base/writer-lock.ts", import.meta.url).href;
  const script = `const { claimAnyWriter } = await import(${JSON.stringify(module)});
    const claim = await claimAnyWriter(${JSON.stringify(root)});
    console.log(claim.writer);
    setInterval(() => claim, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  return { child, writer: String(line).trim() };
}

test("a place is one writer's at a time, also within one process", async () => {
  await using root = await makeRoot();
  const first = await claimAnyWriter(root.path);
  expect(claimWriter(root.path, first.writer)).toBeUndefined();
  using second = await claimAnyWriter(root.path);
  expect(second.writer).not.toBe(first.writer);
  first[Symbol.dispose]();
  using again = await claimAnyWriter(root.path);
  expect(again.writer).toBe(first.writer);
});

test("as many places are made as live at once", async () => {
  await using root = await makeRoot();
  for (let turn = 0; turn < 5; turn += 1) (await claimAnyWriter(root.path))[Symbol.dispose]();
  expect(await listWriters(root.path)).toHaveLength(1);
  expect(await readdir(path.join(root.path, ...(await listWriters(root.path))))).toEqual(["lock"]);
});

test("a suspended process keeps its place; a killed one leaves it to whoever comes first", async () => {
  await using root = await makeRoot();
  const { child, writer } = await startHolder(root.path);
  child.kill("SIGSTOP");
  expect(await claimDeadWriters(root.path)).toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  const [claim] = await claimDeadWriters(root.path);
  expect(claim?.writer).toBe(writer);
  expect(await claimDeadWriters(root.path)).toEqual([]);
  claim?.[Symbol.dispose]();
});

test("a folder that does not exist has no writers", async () => {
  expect(await listWriters(path.join(tmpdir(), "turnspan-no-such-folder"))).toEqual([]);
});
