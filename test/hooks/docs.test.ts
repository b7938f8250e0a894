import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { toProblems } from "../../src/hooks/config/problems.ts";
import { RETRY_DELAYS_MS } from "../../src/hooks/outbox/outbox.ts";
import { TurnspanConfig } from "../../src/sdk/config-file.ts";

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

const blocks = [...read("docs/hooks-config.md").matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
  ([, text = ""]) => text,
);

test.each(blocks)("the config in the docs is valid: %s", (text) => {
  const parsed = TurnspanConfig.safeParse(JSON.parse(text));
  expect(parsed.success ? [] : toProblems("docs", parsed.error)).toEqual([]);
});

test("the docs have a config of each kind", () => {
  const all = blocks.join("");
  for (const key of ["command", "url", "send", "temporal", "budget", "agents", "SessionEnd"]) {
    expect(all).toContain(`"${key}"`);
  }
});

test("the docs name the retries as they are", () => {
  const units = [
    ["h", 3600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const;
  const texts = RETRY_DELAYS_MS.map((ms) => {
    const [unit, size] = units.find(([, most]) => ms % most === 0) ?? ["ms", 1];
    return `${ms / size} ${unit}`;
  });
  const page = read("docs/hooks-config.md").replaceAll(/\s+/g, " ");
  expect(page).toContain(`${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`);
});

test("every proof that the security page names is there", () => {
  const files = [...read("docs/security.md").matchAll(/npm test -- (\S+)/g)].map(
    ([, file = ""]) => file,
  );
  expect(files.length).toBeGreaterThan(7);
  expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});
