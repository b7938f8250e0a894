import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createProjectFinder } from "../../../src/adapters/cli-agents/find-project.ts";
import { openHome } from "./home.ts";

/** A repository with a folder in it, a worktree beside it, a worktree within it, and a submodule. */
function openRepository() {
  const home = openHome();
  const at = (name: string): string => path.join(home.path, name);
  const file = (name: string, content: string): void => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
  };
  mkdirSync(at("repo/.git"), { recursive: true });
  mkdirSync(at("repo/src/deep"), { recursive: true });
  file("repo/.git/worktrees/beside/commondir", "../..\n");
  file("beside/.git", `gitdir: ${at("repo/.git/worktrees/beside")}\n`);
  file("repo/.claude/worktrees/inside/.git", `gitdir: ../../../.git/worktrees/inside\n`);
  file("repo/.git/worktrees/inside/commondir", "../..\n");
  file("repo/lib/.git", "gitdir: ../.git/modules/lib\n");
  return { at, file, find: createProjectFinder(), [Symbol.dispose]: () => home[Symbol.dispose]() };
}

test("a folder's project is the root of its repository", async () => {
  using repository = openRepository();
  const { at, find } = repository;
  expect(await find(at("repo"))).toBe(at("repo"));
  expect(await find(at("repo/src/deep"))).toBe(at("repo"));
});

test("worktrees are joined with the repository that they are of", async () => {
  using repository = openRepository();
  const { at, find } = repository;
  expect(await find(at("beside"))).toBe(at("repo"));
  expect(await find(at("repo/.claude/worktrees/inside"))).toBe(at("repo"));
});

test("a worktree that was removed is still its repository's where it lay within it", async () => {
  using repository = openRepository();
  const { at, find } = repository;
  expect(await find(at("repo/.claude/worktrees/gone/src"))).toBe(at("repo"));
});

test("a worktree of a repository that has moved away is joined by the path it names", async () => {
  using repository = openRepository();
  const { at, file, find } = repository;
  file("lost/.git", "gitdir: /elsewhere/repo/.git/worktrees/lost\n");
  expect(await find(at("lost"))).toBe("/elsewhere/repo");
});

test("worktrees of a bare repository are joined under its name", async () => {
  using repository = openRepository();
  const { at, file, find } = repository;
  file("bare.git/worktrees/one/commondir", "../..\n");
  file("one/.git", `gitdir: ${at("bare.git/worktrees/one")}\n`);
  file("two/.bare/worktrees/main/commondir", "../..\n");
  file("two/main/.git", `gitdir: ${at("two/.bare/worktrees/main")}\n`);
  expect(await find(at("one"))).toBe(at("bare.git"));
  expect(await find(at("two/main"))).toBe(at("two"));
});

test("a submodule is a project of its own", async () => {
  using repository = openRepository();
  const { at, find } = repository;
  expect(await find(at("repo/lib"))).toBe(at("repo/lib"));
});

test("outside of any repository a folder is its own project, also one that is gone or of another machine", async () => {
  using repository = openRepository();
  const { at, find } = repository;
  expect(await find(at("plain"))).toBe(at("plain"));
  expect(await find("/no/such/folder")).toBe("/no/such/folder");
  expect(await find("C:\\work\\app")).toBe("C:\\work\\app");
});
