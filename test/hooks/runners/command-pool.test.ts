import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { CommandPool } from "../../../src/hooks/runners/command/pool.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "./processes.ts";

test("a command that waited for its turn when the pool ended is left once, and not started as well", async () => {
  using folder = makeTemporaryFolder();
  const left: string[] = [];
  const pool = new CommandPool();
  const run = (name: string, command: string) =>
    pool.run({
      ...{ program: "sh", args: ["-c", command], cwd: folder.path, input: "", isGuard: false },
      env: { PATH: process.env["PATH"] ?? "" },
      timeoutMs: 60_000,
      onEscaped: () => undefined,
      onLeft: () => void left.push(name),
    });
  const names = ["a", "b", "c", "d"];
  const running = names.map((name) => run(name, `touch ${name}; exec sleep 300`));
  const refused = expect(run("e", "touch e")).rejects.toThrow("not started: its program has ended");
  const isThere = (name: string): boolean => existsSync(path.join(folder.path, name));
  await until(() => names.every(isThere), 60_000);
  pool[Symbol.dispose]();
  expect(left).toEqual([...names, "e"]);
  const ends = await Promise.all(running);
  expect(ends.map(({ signal }) => signal)).toEqual(Array(4).fill("SIGKILL"));
  await refused;
  expect(isThere("e")).toBe(false);
}, 120_000);
