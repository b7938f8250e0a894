import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runExample } from "../support/run-example.ts";

test("all eleven hooks fire in order, with no SDK and nothing sent", async () => {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-audit-"));
  const auditFile = path.join(folder.path, "audit.jsonl");
  const { code, stdout, stderr, sent } = await runExample("examples/hooks-in-code/main.ts", [
    auditFile,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const audit = await readFile(auditFile, "utf8");
  expect(stdout.trimEnd().split("\n")).toEqual([
    "researcher opened chat:7",
    "chat > m-1",
    "onSubagentSpawned: reader (page 1) of researcher",
    "onSubagentFinished: reader (page 1) of researcher",
    "onSubagentSpawned: reader (page 2) of researcher",
    "onSubagentKilled: reader (page 2) of researcher",
    "turn 0: 1 tool calls, 120 tokens out",
    "chat < m-2",
    "PAGE: researcher failed with RangeError: the answer is too long",
    "refused: 2 turns are enough",
    "workflow wf-7 goes on: stop",
    `audit: ${audit.trimEnd()}`,
  ]);
  expect(audit.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(audit)).toMatchObject({
    type: "session",
    action: "patch",
    sessionKey: "chat:7",
    context: { patch: { thinkingLevel: "high", key: "chat:7" } },
    turnspan: {
      actor: { kind: "sender", id: "user-3" },
      changes: [{ field: "thinkingLevel", before: "low", after: "high" }],
    },
  });
  expect(sent.text).toBe("");
});
