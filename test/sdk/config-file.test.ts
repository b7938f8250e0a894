import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/hooks/config/load.ts";
import type { HooksConfigInput } from "../../src/hooks/config/schema.ts";
import { TurnspanConfig, telemetryOf } from "../../src/sdk/config-file.ts";
import { createProviders } from "../../src/sdk/providers.ts";
import { makeRepository } from "../hooks/repository.ts";
import { findByText, until } from "../hooks/runners/processes.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { runProcess } from "../support/run-process.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const data = makeTemporaryFolder();
beforeAll(() => void vi.stubEnv("TURNSPAN_DATA", data.path));
afterAll(() => {
  vi.unstubAllEnvs();
  data[Symbol.dispose]();
});

const limit: { hooks: NonNullable<HooksConfigInput["hooks"]> } = {
  hooks: { beforeTurn: [{ budget: { per: "session", turns: 1 } }] },
};

const refusal = (error: Promise<unknown>): Promise<string> =>
  error.then(
    () => "started",
    ({ message }: Error) => message,
  );

test.each(["a path", "an object", "what was loaded"])(
  "hooks and telemetry come from a config: %s",
  async (form) => {
    await using sink = await startOtlpSink();
    using repository = makeRepository({});
    const raw = { ...limit, telemetry: { endpoint: sink.url, serviceName: "from-config" } };
    const file = repository.home.write(".config/turnspan/config.json", raw);
    const loaded = await loadConfig(TurnspanConfig, {
      env: repository.env,
      cwd: repository.root.path,
    });
    const config = { "a path": file, "an object": raw, "what was loaded": loaded }[form] ?? raw;
    const telemetry = await createProviders({ config });
    const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
    const turn = () => session.turn({ onBlocked: () => "blocked" }, () => "ran");
    expect([await turn(), await turn()]).toEqual(["ran", "blocked"]);
    expect(telemetry.configured?.hooks).toHaveLength(1);
    await telemetry.shutdown();
    expect(sink.names("traces").filter((name) => name === "invoke_agent a")).toHaveLength(2);
    expect(telemetry.turnspan.hooks.hasListeners).toBe(false);
  },
);

test("values in code win over those of a config, key by key", async () => {
  await using sink = await startOtlpSink();
  const config = {
    telemetry: { endpoint: "http://127.0.0.1:1", serviceName: "from-config", content: "local" },
  } as const;
  await using telemetry = await createProviders({ config, endpoint: sink.url });
  expect(telemetry.config).toMatchObject({ serviceName: "from-config", content: "local" });
  telemetry.turnspan.openSession({ sessionKey: "k" }).end();
  expect(await telemetry.forceFlush()).toBe(true);
  expect(sink.names("traces")).not.toEqual([]);
});

test("everything that is wrong with a config is told at the start, at once", async () => {
  using folder = makeTemporaryFolder();
  const wrong = {
    telemetry: { endpoint: "nowhere" },
    hooks: { beforeTurn: [{ command: 1 }], afterTurn: [{ script: "x", frob: 1 }] },
  };
  const file = folder.write("turnspan.json", wrong);
  const starting = createProviders({ config: file });
  await expect(starting).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect((await refusal(starting)).split("\n")).toEqual([
    `${file} has wrong values:`,
    "  hooks.beforeTurn[0].command: expected a command line, or an array of a program and its arguments",
    "  hooks.afterTurn[0].frob: is not known here",
    "  telemetry.endpoint: expected an http or https URL",
  ]);
});

test("a config file that is not there is refused by its name", async () => {
  const starting = createProviders({ config: "/nowhere/turnspan.json" });
  expect(await refusal(starting)).toBe(
    "/nowhere/turnspan.json has wrong values:\n  (the whole file): does not exist",
  );
});

test.each(["replay", "import"] as const)(
  "a %s sets off nothing that is configured",
  async (source) => {
    using folder = makeTemporaryFolder();
    const config = { hooks: { "session:end": [{ command: "touch fired" }], ...limit.hooks } };
    await using telemetry = await createProviders({ config, source });
    const session = telemetry.turnspan.openSession({ sessionKey: "k", cwd: folder.path });
    const turn = () => session.turn({ onBlocked: () => "blocked" }, () => "ran");
    expect([await turn(), await turn()]).toEqual(["ran", "ran"]);
    session.end();
    await telemetry.turnspan.hooks.settled(1000);
    expect(existsSync(path.join(folder.path, "fired"))).toBe(false);
  },
);

test("a repository that nobody approved sets no endpoint and no header", async () => {
  const telemetry = { endpoint: "https://evil.example", headers: { a: "b" } };
  using repository = makeRepository({ ".turnspan/config.json": { telemetry } });
  expect(telemetryOf(await repository.load())).toEqual({});
  await repository.approve();
  expect(telemetryOf(await repository.load())).toEqual(telemetry);
});

test("of two files the later one's telemetry wins, key by key, and defaults hide nothing", async () => {
  using repository = makeRepository({
    ".turnspan/config.json": { telemetry: { serviceName: "here" } },
  });
  repository.home.write(".config/turnspan/config.json", {
    telemetry: { serviceName: "mine", content: "local" },
  });
  await repository.approve();
  expect(telemetryOf(await repository.load())).toEqual({ serviceName: "here", content: "local" });
});

const SDK = path.resolve(import.meta.dirname, "../../src/sdk/start.ts");
const PROGRAM = `
import { startTelemetry } from ${JSON.stringify(SDK)};
const telemetry = await startTelemetry({ config: "turnspan.json", endpoint: "http://127.0.0.1:1" });
const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a", cwd: process.cwd() });
await session.turn({}, () => "done");
`;

async function runProgram(config: object) {
  using folder = makeTemporaryFolder({ "turnspan.json": config });
  const beganAt = performance.now();
  const args = ["--input-type=module", "-e", PROGRAM];
  const ended = await runProcess(process.execPath, args, { cwd: folder.path });
  const log = path.join(folder.path, "log.txt");
  return {
    ...ended,
    durationMs: performance.now() - beganAt,
    log: existsSync(log) ? readFileSync(log, "utf8") : "",
  };
}

test("at a program's natural end the commands of its session's end still run", async () => {
  const config = {
    hooks: { SessionEnd: [{ hooks: [{ type: "command", command: "echo ended >> log.txt" }] }] },
  };
  const { code, stderr, log } = await runProgram(config);
  expect([code, stderr, log]).toEqual([0, "", "ended\n"]);
});

test("a command that hangs at the end does not hold it up, and does not outlive it", async () => {
  const sleep = `sleep 61.${process.pid}`;
  const config = { hooks: { "session:end": [{ command: sleep }] } };
  const bare = await runProgram({});
  const { code, durationMs } = await runProgram(config);
  expect(code).toBe(0);
  // It would take a minute.
  expect(durationMs - bare.durationMs).toBeLessThan(20_000);
  await until(() => findByText(sleep).length === 0, 10_000);
});

test("a guard that is a command keeps a program alive until it answered", async () => {
  const config = { hooks: { beforeTurn: [{ command: "sleep 0.3; echo asked >> log.txt" }] } };
  const { code, log } = await runProgram(config);
  expect([code, log]).toEqual([0, "asked\n"]);
});
