import { utimesSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { importScript } from "../../../src/adapters/openclaw/import-script.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const scriptSaying = (words: string): string =>
  `import { beside } from "./beside.mjs"; export default () => [${JSON.stringify(words)}, beside];`;

const said = async (file: string): Promise<unknown> => {
  const { default: say } = (await importScript(pathToFileURL(file).href)) as {
    default: () => unknown;
  };
  return say();
};

test("a script runs where it lies, and once more after it was edited", async () => {
  using folder = makeTemporaryFolder({ "beside.mjs": `export const beside = import.meta.url;` });
  const beside = pathToFileURL(`${folder.path}/beside.mjs`).href;
  const file = folder.write("script.mjs", scriptSaying("first"));
  expect(await said(file)).toEqual(["first", beside]);
  folder.write("script.mjs", scriptSaying("second"));
  utimesSync(file, 1_000, 1_000);
  expect(await said(file)).toEqual(["second", beside]);
});

test("a script that is not there is refused with its path", async () => {
  using folder = makeTemporaryFolder();
  const file = `${folder.path}/none.mjs`;
  await expect(importScript(pathToFileURL(file).href)).rejects.toThrow(file);
});
