import {
  chmodSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPriceFile, readPriceFile, writePriceFile } from "../../src/pricing/price-file.ts";

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), "turnspan-prices-"));

const entry = { model: "acme-1", inputPerMillion: 3, outputPerMillion: 15 };

test("the file lies in XDG_CONFIG_HOME, and in ~/.config without it", () => {
  expect(findPriceFile({ XDG_CONFIG_HOME: "/x", HOME: "/h" })).toBe("/x/turnspan/prices.json");
  expect(findPriceFile({ HOME: "/h" })).toBe("/h/.config/turnspan/prices.json");
  expect(findPriceFile({ XDG_CONFIG_HOME: "x", HOME: "/h" })).toBe(
    "/h/.config/turnspan/prices.json",
  );
  expect(findPriceFile({})).toBeUndefined();
});

test("a file that does not exist has no prices", async () => {
  using folder = temporaryFolder();
  expect(await readPriceFile(join(folder.path, "prices.json"))).toEqual([]);
});

test("what is written is read back", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "deep", "turnspan", "prices.json");
  const prices = [
    entry,
    { ...entry, provider: "acme", cacheReadPerMillion: 0, from: "2026-11-21" },
    { ...entry, model: "*-mini", cacheWritePerMillion: 4, from: "2026-11-21T09:30:00+01:00" },
  ];
  await writePriceFile(path, prices);
  expect(await readPriceFile(path)).toEqual(prices);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ version: 1, prices });
});

test("a replaced file is readable by its owner only and leaves nothing beside it", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "prices.json");
  writeFileSync(path, "{}", { mode: 0o644 });
  await writePriceFile(path, [entry]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path)).toEqual(["prices.json"]);
});

test("a symbolic link stays one, and its target is replaced", async () => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, "dotfiles"));
  const target = join(folder.path, "dotfiles", "prices.json");
  writeFileSync(target, "{}");
  const link = join(folder.path, "prices.json");
  symlinkSync(target, link);
  await writePriceFile(link, [entry]);
  expect(await readPriceFile(target)).toEqual([entry]);
  expect(
    readdirSync(folder.path, { withFileTypes: true }).map((it) => it.isSymbolicLink()),
  ).toEqual([false, true]);
});

test("a failed write leaves the old file and no temporary one", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "prices.json");
  mkdirSync(path);
  await expect(writePriceFile(path, [entry])).rejects.toThrow();
  expect(readdirSync(folder.path)).toEqual(["prices.json"]);
});

test("every wrong value of a file is named with its path", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "prices.json");
  const prices = [
    entry,
    { model: "a*b", inputPerMillion: "3", outputPerMillion: -1, from: "tomorrow" },
    { ...entry, cacheReadPerMilion: 1 },
  ];
  writeFileSync(path, JSON.stringify({ version: 1, prices }));
  const error = await readPriceFile(path).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "PRICES_FILE_INVALID" });
  expect(String(error)).toContain(path);
  for (const place of [
    "prices[1].model: expected a model's name",
    "prices[1].inputPerMillion:",
    "prices[1].outputPerMillion:",
    "prices[1].from: expected a date",
    'prices[2]: Unrecognized key: "cacheReadPerMilion"',
  ]) {
    expect(String(error)).toContain(place);
  }
});

test.each([
  ["not JSON", "{", "is not JSON"],
  ["a list", "[]", "(the whole file):"],
  ["of a later version", '{"version": 2, "prices": []}', "version:"],
])("a file that is %s is an error", async (_what, text, problem) => {
  using folder = temporaryFolder();
  const path = join(folder.path, "prices.json");
  writeFileSync(path, text);
  await expect(readPriceFile(path)).rejects.toMatchObject({
    code: "PRICES_FILE_INVALID",
    message: expect.stringContaining(problem),
  });
});

test("a file that cannot be read is an error, not an empty list", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "prices.json");
  mkdirSync(path);
  chmodSync(path, 0o700);
  await expect(readPriceFile(path)).rejects.toMatchObject({
    code: "PRICES_FILE_INVALID",
    message: expect.stringContaining("cannot be read"),
  });
});
