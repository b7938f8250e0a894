import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { auditCommand } from "../../src/cli/commands/audit.ts";
import { AuditOptions } from "../../src/sdk/audit-options.ts";
import { TurnspanConfig } from "../../src/sdk/config-file.ts";
import { root } from "../support/run-example.ts";

const readPage = (name: string): string => readFileSync(path.join(root, "docs", name), "utf8");
const page = readPage("audit.md");

test.each(["audit.md", "reliability.md"])("every config on %s is one that is taken", (name) => {
  const configs = [...readPage(name).matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text);
  expect(configs.length).toBeGreaterThan(0);
  for (const config of configs) {
    expect(TurnspanConfig.safeParse(JSON.parse(config ?? "")).error).toBeUndefined();
  }
});

test("the table of settings names each that there is", () => {
  const table = page.slice(page.indexOf("| setting of"), page.indexOf("Nobody waits"));
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(Object.keys(AuditOptions.shape));
});

test("every action on the page is one that the command has, and each is there", () => {
  const actionsIn = (text: string): string[] =>
    [...text.matchAll(/turnspan audit ([a-z-]+)/g)].map(([, name]) => name ?? "");
  const shown = new Set(actionsIn(page));
  expect([...shown].sort()).toEqual([...new Set(actionsIn(auditCommand.usage))].sort());
});
