import { expect, test } from "vitest";
import { planLaunch } from "../../../src/adapters/cli-agents/agent-launch.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test.each([
  ["claude", ["-p", "check the order"], "claude-code"],
  ["/opt/bin/claude", [], "claude-code"],
  ["claude", ["Check the order"], "claude-code"],
  ["qwen", ["-p", "hi", "--yolo"], "qwen-code"],
  ["gemini", ["--model", "gemini-2.5-pro", "-p", "hi"], "gemini-cli"],
] as const)("%s %j: the new session is named", (program, args, agent) => {
  const { args: given, session } = planLaunch(program, args);
  expect(session).toEqual({ agent, sessionId: expect.stringMatching(UUID) });
  expect(given).toEqual(["--session-id", session?.sessionId, ...args]);
});

test.each([
  ["claude", ["-c"]],
  ["claude", ["-pc", "go on"]],
  ["claude", ["--resume", "abc"]],
  ["claude", ["--resume=abc"]],
  ["claude", ["mcp", "list"]],
  ["claude", ["--version"]],
  ["claude", ["--fork-session", "--session-id", "s", "-r", "abc"]],
  ["qwen", ["-r"]],
  ["gemini", ["--resume", "latest"]],
  ["gemini", ["--list-sessions"]],
  ["codex", ["exec", "hi"]],
  ["sh", ["-c", "claude"]],
  ["my-agent", ["-p", "hi"]],
] as const)("%s %j: nothing is added, its hooks tell which session it is", (program, args) => {
  expect(planLaunch(program, args)).toEqual({ args, session: undefined });
});

test.each([
  [["--session-id", "11111111-2222-4333-8444-555555555555", "-p", "hi"]],
  [["-p", "hi", "--session-id=11111111-2222-4333-8444-555555555555"]],
])("%j: an id that the user gives is the session's", (args) => {
  const session = { agent: "claude-code", sessionId: "11111111-2222-4333-8444-555555555555" };
  expect(planLaunch("claude", args)).toEqual({ args, session });
});
