import { mkdtempDisposableSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { tryLock } from "../../src/base/file-lock.ts";
import { putPrice } from "../../src/pricing/price-edit.ts";
import { readPriceFile, writePriceFile } from "../../src/pricing/price-file.ts";
import { runProcess } from "../support/run-process.ts";

const main = path.resolve(import.meta.dirname, "../../src/cli/main.ts");
const entry = { model: "acme-1", inputPerMillion: 3, outputPerMillion: 15 };

function openFolder() {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "turnspan-prices-"));
  const file = path.join(folder.path, "turnspan", "prices.json");
  return { path: folder.path, file, [Symbol.dispose]: () => folder.remove() };
}

const models = (count: number): string[] => Array.from({ length: count }, (_, at) => `acme-${at}`);

test("commands that add prices at the same time lose none", async () => {
  using folder = openFolder();
  const env = { PATH: process.env["PATH"], XDG_CONFIG_HOME: folder.path };
  const runs = await Promise.all(
    models(8).map((model) => {
      const args = [main, "prices", "add", model, "--input", "1", "--output", "2"];
      return runProcess(process.execPath, args, { env });
    }),
  );
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, ""]));
  const found = (await readPriceFile(folder.file)).map(({ model }) => model);
  expect(found.sort()).toEqual(models(8));
});

test("changes within one process lose none, where reading and writing without a lock does", async () => {
  using folder = openFolder();
  await Promise.all(models(12).map((model) => putPrice(folder.file, { ...entry, model })));
  expect(await readPriceFile(folder.file)).toHaveLength(12);
  await Promise.all(
    models(12).map(async (model) => {
      const known = await readPriceFile(folder.file);
      await writePriceFile(folder.file, [...known, { ...entry, model: `naive-${model}` }]);
    }),
  );
  expect((await readPriceFile(folder.file)).length).toBeLessThan(24);
});

test.each([
  [{ provider: "azure" }, { provider: "AZURE.AI.OpenAI" }],
  [{ provider: "aws.bedrock" }, { provider: " bedrock " }],
  [{ from: "2026-11-21" }, { from: "2026-11-21T00:00:00Z" }],
  [{ from: "2026-11-21T01:00:00+01:00" }, { from: "2026-11-21" }],
  [{ model: "ACME-1" }, {}],
])("%j and %j are one place: the later replaces the earlier", async (first, second) => {
  using folder = openFolder();
  expect(await putPrice(folder.file, { ...entry, ...first })).toBe("added");
  expect(await putPrice(folder.file, { ...entry, ...second, inputPerMillion: 9 })).toBe("replaced");
  expect(await readPriceFile(folder.file)).toMatchObject([{ inputPerMillion: 9 }]);
});

test("another provider and another day are other places", async () => {
  using folder = openFolder();
  for (const other of [{}, { provider: "acme" }, { from: "2026-11-21" }, { from: "2026-11-22" }]) {
    expect(await putPrice(folder.file, { ...entry, ...other })).toBe("added");
  }
});

test("a link that leads nowhere is named and left as it is", async () => {
  using folder = openFolder();
  await putPrice(folder.file, entry);
  const link = path.join(folder.path, "turnspan", "linked.json");
  symlinkSync("/nowhere/prices.json", link);
  const problem = {
    code: "PRICES_FILE_INVALID",
    message: expect.stringContaining(
      "linked.json is a symbolic link to /nowhere/prices.json, which does not exist",
    ),
  };
  await expect(putPrice(link, entry)).rejects.toMatchObject(problem);
  await expect(readPriceFile(link)).rejects.toMatchObject(problem);
});

test("a file that cannot be written, or is locked for long, is named with the reason", async () => {
  using folder = openFolder();
  await putPrice(folder.file, entry);
  const inFile = path.join(folder.file, "turnspan", "prices.json");
  await expect(putPrice(inFile, entry)).rejects.toMatchObject({
    code: "PRICES_FILE_INVALID",
    message: expect.stringContaining(`The price file ${inFile} cannot be written: ENOTDIR`),
  });
  const before = readFileSync(folder.file, "utf8");
  using _lock = tryLock(path.join(path.dirname(folder.file), "prices.lock"));
  await expect(
    putPrice(folder.file, { ...entry, model: "late" }, { waitMs: 50 }),
  ).rejects.toMatchObject({
    message: expect.stringContaining("prices.lock for 0.05 s"),
  });
  expect(readFileSync(folder.file, "utf8")).toBe(before);
});
