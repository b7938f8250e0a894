import { appendFile, mkdtempDisposable, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { appendLines, makeOwnFolder, readIfThere, replaceFile } from "../../src/base/files.ts";

const makeFolder = () => mkdtempDisposable(path.join(tmpdir(), "turnspan-files-"));

test("replacing a file leaves the new content, nothing beside it, and its owner's alone", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "cursor.json");
  await replaceFile(file, "1");
  await replaceFile(file, "2");
  expect(await readFile(file, "utf8")).toBe("2");
  expect(await readdir(folder.path)).toEqual(["cursor.json"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a replacement that fails leaves the old content and no draft", async () => {
  await using folder = await makeFolder();
  const taken = path.join(folder.path, "taken");
  await makeOwnFolder(path.join(taken, "inside"));
  await expect(replaceFile(taken, "1")).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(await readdir(folder.path)).toEqual(["taken"]);
});

test("lines are added whole, also after a half one that a crash left", async () => {
  await using folder = await makeFolder();
  const file = path.join(folder.path, "lines.jsonl");
  await appendLines(file, ["1", "2"]);
  await appendFile(file, "3 is ha");
  await appendLines(file, ["4"]);
  expect(await readFile(file, "utf8")).toBe("1\n2\n3 is ha\n4\n");
});

test("each folder made is its owner's only", async () => {
  await using folder = await makeFolder();
  await makeOwnFolder(path.join(folder.path, "a", "b"));
  for (const made of ["a", path.join("a", "b")]) {
    expect((await stat(path.join(folder.path, made))).mode & 0o777).toBe(0o700);
  }
});

test("a file that is not there has no text", async () => {
  await using folder = await makeFolder();
  expect(await readIfThere(path.join(folder.path, "no-such-file"))).toBeUndefined();
});
