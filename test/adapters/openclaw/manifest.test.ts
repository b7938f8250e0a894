import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openclawManifest } from "../../../scripts/openclaw-manifest.ts";

const root = new URL("../../../", import.meta.url);

test("the manifest is made from the config's schema (else: node scripts/openclaw-manifest-file.ts)", () => {
  expect(readFileSync(new URL("openclaw.plugin.json", root), "utf8")).toBe(openclawManifest());
});

test("the manifest refuses no value: a gateway would not start with a config that it refuses", () => {
  const keywords = new Set(openclawManifest().match(/"[\w$]+"(?=:)/g));
  for (const refusing of ["required", "enum", "anyOf", "pattern", "minimum", "maxItems"]) {
    expect(keywords).not.toContain(`"${refusing}"`);
  }
});
