import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../../collector/configs.ts";
import { runProcess } from "../../support/run-process.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { requireTool } from "./programs.ts";

const ALERTS = path.join(root, "dashboards/alerts");
const PROOFS = ["turnspan.rules.test.yml", "turnspan.long-rules.test.yml"];
const LIMIT_MS = 600_000;

test("each rule fires, stays silent and resolves as its cases say", {
  timeout: LIMIT_MS,
}, async () => {
  const promtool = await requireTool("promtool");
  for (const proof of PROOFS) {
    const { code, stdout, stderr } = await runProcess(promtool, ["test", "rules", proof], {
      cwd: ALERTS,
    });
    expect(code, stdout + stderr).toBe(0);
  }
});

test("a rule that never fires is found by its cases", { timeout: LIMIT_MS }, async () => {
  using folder = makeTemporaryFolder();
  cpSync(ALERTS, folder.path, { recursive: true });
  const file = path.join(folder.path, "turnspan.rules.yml");
  const rules = readFileSync(file, "utf8");
  writeFileSync(file, rules.replaceAll("turnspan_turn_count_total", "turnspan_turns_total"));
  const promtool = await requireTool("promtool");
  const { code, stdout, stderr } = await runProcess(
    promtool,
    ["test", "rules", ...PROOFS.slice(0, 1)],
    {
      cwd: folder.path,
    },
  );
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain("TurnspanTurnFailuresFast");
});
