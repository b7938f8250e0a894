import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/errors.ts";
import { hookPoints } from "../../src/hooks/points.ts";
import * as turnspan from "../../src/index.ts";
import { metricTable } from "../../src/semconv/metrics.ts";
import { runTurnspan } from "../support/cli.ts";

// A red pin asks: was this change meant? Then change it here in the same commit, with a changelog line.

test("the main entry exports these values", () => {
  expect(Object.keys(turnspan).sort()).toEqual([
    "CodedError",
    "HookEngine",
    "HookSpanProcessor",
    "VERSION",
    "createTurnspan",
  ]);
});

test("the hooks have these names", () => {
  expect(Object.keys(hookPoints)).toEqual([
    "session:start",
    "session:end",
    "session:patch",
    "beforeTurn",
    "afterTurn",
    "onTurnError",
    "onMessageReceived",
    "onMessageSent",
    "onSubagentSpawned",
    "onSubagentFinished",
    "onSubagentKilled",
  ]);
});

test("errors have these codes", () => {
  expect(Object.keys(errorCodes).sort()).toEqual([
    "AGENT_SETTINGS_INVALID",
    "AUDIT_FOLDER_UNUSABLE",
    "CONFIG_INVALID",
    "PRICES_FILE_INVALID",
    "PRICES_USAGE",
    "REPLAY_FAILED",
    "SERVER_DATA_IN_USE",
    "SERVER_DATA_UNUSABLE",
    "SERVER_OPTIONS_INVALID",
    "SERVER_PORT_TAKEN",
    "SERVER_UNREACHABLE",
    "SERVICE_FAILED",
    "STORE_BROKEN",
    "STORE_NEWER",
    "TELEMETRY_ALREADY_STARTED",
    "TELEMETRY_OPTIONS_INVALID",
    "TURN_BLOCKED",
    "USAGE",
  ]);
});

test("the metrics have these names", () => {
  expect(Object.keys(metricTable)).toEqual([
    "gen_ai.client.operation.duration",
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.invoke_agent.duration",
    "gen_ai.execute_tool.duration",
    "turnspan.turn.count",
    "turnspan.session.active",
    "turnspan.session.duration",
    "turnspan.cost",
    "turnspan.cost.unknown_calls",
    "turnspan.hook.duration",
    "turnspan.budget.limit",
    "turnspan.budget.used",
    "turnspan.telemetry.dropped",
  ]);
});

test("turnspan --help lists these commands", async () => {
  const { code, out } = await runTurnspan(["--help"]);
  expect(code).toBe(0);
  const commands = [...out.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  expect(commands).toEqual([
    "config",
    "budget",
    "hooks",
    "up",
    "service",
    "sessions",
    "turns",
    "trace",
    "errors",
    "cost",
    "import",
    "install",
    "uninstall",
    "run",
    "statusline",
    "prices",
    "audit",
    "doctor",
    "replay",
  ]);
});

test("every command tells its options", async () => {
  for (const command of [
    "config",
    "hooks",
    "cost",
    "run",
    "statusline",
    "prices",
    "audit",
    "doctor",
    "replay",
  ]) {
    const { code, out } = await runTurnspan([command, "--help"]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^Usage: turnspan ${command}`)),
    ]);
  }
});
