import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { captureFolder, spoolFolder } from "../../../src/adapters/cli-agents/capture-script.ts";
import { CaptureService } from "../../../src/adapters/cli-agents/capture-service.ts";
import type { CliAgentId } from "../../../src/adapters/cli-agents/transcript.ts";
import type { LifecycleEvent } from "../../../src/lifecycle/events.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const BEGAN_MS = Date.parse("2026-11-21T09:00:00Z");
/** Long after everything. */
const LATER_MS = BEGAN_MS + 7 * 86_400_000;

/** Payloads without times of their own: they have that of the file which capture left. */
const linesOf = (recording: string): string[] =>
  readFileSync(
    path.resolve(import.meta.dirname, `../../fixtures/cli-agent-hooks/${recording}.jsonl`),
    "utf8",
  )
    .trimEnd()
    .split("\n")
    .map((line) => JSON.stringify({ ...JSON.parse(line), timestamp: undefined }));

/** A data folder in which capture left events, one a second. */
function openData(recording = "", beganMs = BEGAN_MS) {
  const folder = makeTemporaryFolder();
  const spool = spoolFolder(folder.path);
  mkdirSync(spool, { recursive: true });
  let left = 0;
  const leave = (agent: string, payload: string, pid: number | string = ""): void => {
    const file = path.join(spool, `1-${left}.0.event`);
    writeFileSync(file, `turnspan 1 ${agent} ${pid}\n${payload}`);
    const time = new Date(beganMs + 1000 * left);
    utimesSync(file, time, time);
    left += 1;
  };
  const [agent = ""] = recording.split("/");
  for (const line of recording === "" ? [] : linesOf(recording)) leave(agent, line);
  return { ...folder, leave, spool, [Symbol.dispose]: folder[Symbol.dispose] };
}

interface Told {
  readonly agent: CliAgentId;
  readonly event: LifecycleEvent;
}

/** A service with a clock of its own, and what it told. */
function openService(dataFolder: string, options: { readonly isStored?: boolean } = {}) {
  const told: Told[] = [];
  const troubles: unknown[] = [];
  const clock = { nowMs: BEGAN_MS + 60_000 };
  const service = new CaptureService({
    ...{ dataFolder, content: false, now: () => clock.nowMs },
    signal: new AbortController().signal,
    onTrouble: (error) => troubles.push(error),
    target: {
      observe: (agent, event) => void told.push({ agent, event }),
      advance: () => undefined,
      flush: () => Promise.resolve(options.isStored ?? true),
    },
  });
  return { service, told, troubles, clock };
}

const brief = ({ agent, event }: Told): string =>
  `${new Date(event.time).toISOString()} ${agent} ${event.type}`;

const journals = (dataFolder: string): string[] => {
  const folder = path.join(captureFolder(dataFolder), "sessions");
  return readdirSync(folder);
};

test("what was captured while nobody ran is told once, at its own times, and nothing is left of it", async () => {
  using data = openData("claude-code/tool");
  const { service, told, clock } = openService(data.path);
  await service.restore();
  clock.nowMs = LATER_MS;
  await service.tick();
  expect(told.map(brief)).toMatchInlineSnapshot(`
    [
      "2026-11-21T09:00:00.000Z claude-code session.open",
      "2026-11-21T09:00:01.000Z claude-code run.start",
      "2026-11-21T09:00:02.000Z claude-code tool.start",
      "2026-11-21T09:00:03.000Z claude-code tool.end",
      "2026-11-21T09:00:05.000Z claude-code run.end",
      "2026-11-21T09:00:06.000Z claude-code session.close",
    ]
  `);
  expect(readdirSync(data.spool)).toEqual([]);
  expect(journals(data.path)).toEqual([]);
  const again = openService(data.path);
  await again.service.restore();
  expect(again.told).toEqual([]);
});

test.each(["claude-code/subagent", "qwen-code/subagent", "gemini-cli/subagent", "codex/fail500"])(
  "%s: a service that is ended after any event and started again tells the same in all",
  async (recording) => {
    const lines = linesOf(recording);
    const [agent = ""] = recording.split("/");
    using whole = openData(recording);
    const at = openService(whole.path);
    await at.service.restore();
    const expected = new Set(at.told.map(brief));
    for (const cut of lines.keys()) {
      using data = openData();
      for (const line of lines.slice(0, cut)) data.leave(agent, line);
      const first = openService(data.path);
      await first.service.restore();
      for (const line of lines.slice(cut)) data.leave(agent, line);
      const second = openService(data.path);
      await second.service.restore();
      const both = new Set([...first.told, ...second.told].map(brief));
      expect(both).toEqual(expected);
    }
  },
);

test("a session that is resumed within seconds ends again, though it says the same as before", async () => {
  using data = openData("codex/plain");
  for (const line of linesOf("codex/plain")) {
    data.leave(
      "codex",
      line.replace('"startup"', '"resume"').replaceAll(/"turn_id":"[^"]+"/g, '"turn_id":"next"'),
    );
  }
  const { service, told } = openService(data.path);
  await service.restore();
  const ends = told.filter(({ event }) => event.type === "session.close");
  expect(ends.map(({ event }) => event)).toMatchObject([{ reason: "other" }, { reason: "other" }]);
});

test("a model that the user changes is a settings change of the session", async () => {
  using data = openData();
  const [start = "", ...rest] = linesOf("claude-code/plain");
  const session_id = JSON.parse(start).session_id;
  data.leave("claude-code", JSON.stringify({ ...JSON.parse(start), model: "claude-opus-4-5" }));
  const event = { session_id, hook_event_name: "PostModelSwitch", from_model: "claude-opus-4-5" };
  data.leave("claude-code", JSON.stringify({ ...event, to_model: "claude-haiku-4-5" }));
  for (const line of rest) data.leave("claude-code", line);
  const { service, told } = openService(data.path);
  await service.restore();
  const patches = told.filter(({ event: { type } }) => type === "session.patch");
  expect(patches.map((each) => each.event)).toMatchObject([
    { patch: { model: "claude-haiku-4-5" }, source: "hook", time: BEGAN_MS + 1000 },
  ]);
});

test("a switch that is only asked for, and may be refused, is no settings change", async () => {
  using data = openData();
  const session_id = "s-1";
  const leave = (event: object) =>
    data.leave("claude-code", JSON.stringify({ session_id, ...event }));
  leave({ hook_event_name: "SessionStart", source: "startup", model: "claude-opus-4-5" });
  const models = { from_model: "claude-opus-4-5", to_model: "claude-haiku-4-5" };
  leave({ hook_event_name: "PreModelSwitch", ...models });
  leave({ hook_event_name: "UserPromptSubmit", prompt_id: "p", permission_mode: "default" });
  leave({
    hook_event_name: "PreToolUse",
    prompt_id: "p",
    permission_mode: "plan",
    tool_name: "Read",
  });
  leave({ hook_event_name: "PostModelSwitch", ...models });
  leave({ hook_event_name: "Stop", prompt_id: "p", effort: { level: "high" } });
  leave({ hook_event_name: "UserPromptSubmit", prompt_id: "q", effort: { level: "low" } });
  leave({ hook_event_name: "ConfigChange", source: "project_settings", file_path: "/srv/x" });
  const { service, told } = openService(data.path);
  await service.restore();
  const patches = told.flatMap(({ event }) => (event.type === "session.patch" ? [event] : []));
  expect(patches.map(({ time, patch, actor }) => [time - BEGAN_MS, patch, actor?.kind])).toEqual([
    [3000, { permissionMode: "plan" }, undefined],
    [4000, { model: "claude-haiku-4-5" }, undefined],
    [6000, { effort: "low" }, undefined],
    [7000, { project_settings: true }, "config"],
  ]);
});

/** What each agent says when it waits for its user, in the middle of a turn. */
const WAITS = [
  ["claude-code", "UserPromptSubmit", { hook_event_name: "PermissionRequest", tool_name: "Bash" }],
  [
    "claude-code",
    "UserPromptSubmit",
    { hook_event_name: "Notification", notification_type: "permission_prompt" },
  ],
  [
    "claude-code",
    "UserPromptSubmit",
    { hook_event_name: "Notification", message: "Claude needs your permission to use Bash" },
  ],
  ["qwen-code", "UserPromptSubmit", { hook_event_name: "PermissionRequest", tool_name: "edit" }],
  ["codex", "UserPromptSubmit", { hook_event_name: "PermissionRequest", tool_name: "Bash" }],
  [
    "gemini-cli",
    "BeforeAgent",
    { hook_event_name: "Notification", notification_type: "ToolPermission" },
  ],
] as const;

test.each(WAITS)(
  "%s waits for its user from what it says of it to what it does next",
  async (agent, prompt, wait) => {
    using data = openData();
    const tool = agent === "gemini-cli" ? "AfterTool" : "PostToolUse";
    for (const event of [
      { hook_event_name: "SessionStart", source: "startup" },
      { hook_event_name: prompt },
      wait,
      { ...wait, cwd: "/srv/again" },
      { hook_event_name: "Notification", notification_type: "auth_success" },
      { hook_event_name: tool, tool_name: "Bash", tool_use_id: "1" },
    ]) {
      data.leave(agent, JSON.stringify({ session_id: "s-1", ...event }));
    }
    const { service, told } = openService(data.path);
    await service.restore();
    const waits = told.flatMap(({ event }) => (event.type === "session.wait" ? [event] : []));
    expect(waits.map(({ time, waitsFor }) => [time - BEGAN_MS, waitsFor])).toEqual([
      [2000, "permission"],
      [3000, "permission"],
      [5000, undefined],
    ]);
  },
);

test("a subagent that waits goes on when it does something itself, or the session is asked for more", async () => {
  using data = openData();
  const leave = (event: object) =>
    data.leave("claude-code", JSON.stringify({ session_id: "s-1", ...event }));
  leave({ hook_event_name: "SessionStart", source: "startup" });
  leave({ hook_event_name: "UserPromptSubmit", prompt_id: "p" });
  leave({ hook_event_name: "PermissionRequest", agent_id: "a", tool_name: "Bash" });
  leave({ hook_event_name: "PreToolUse", tool_name: "Read", tool_use_id: "1" });
  leave({ hook_event_name: "PostToolUse", agent_id: "a", tool_name: "Bash", tool_use_id: "2" });
  leave({ hook_event_name: "Notification", notification_type: "idle_prompt" });
  leave({ hook_event_name: "UserPromptSubmit", prompt_id: "q" });
  const { service, told } = openService(data.path);
  await service.restore();
  const waits = told.flatMap(({ event }) => (event.type === "session.wait" ? [event] : []));
  expect(waits.map(({ time, waitsFor }) => [time - BEGAN_MS, waitsFor])).toEqual([
    [2000, "permission"],
    [4000, undefined],
    [5000, "input"],
    [6000, undefined],
  ]);
});

test("behind a blocked prompt of Gemini CLI, a turn has what its transcript says, also after a resume", async () => {
  using data = openData();
  const at = (second: number): string => new Date(BEGAN_MS + second * 1000).toISOString();
  const session_id = "131e6895-2e0a-4eaa-beab-bed5ce385e79";
  const file = ".gemini/tmp/p/chats/session-2026-11-21T09-00-131e6895.jsonl";
  const line = (value: object): string => `${JSON.stringify(value)}\n`;
  const said = (id: number, second: number): string =>
    line({ id: `u${id}`, timestamp: at(second), type: "user", content: [{ text: "hi" }] }) +
    line({
      ...{ id: `g${id}`, timestamp: at(second + 1), type: "gemini", content: `answer ${id}` },
      ...{ model: "gemini-2.5-pro", tokens: { input: 10 * id, output: 1, cached: 0, total: 11 } },
    });
  const head = { sessionId: session_id, projectHash: "h", startTime: at(0), kind: "main" };
  const transcript_path = data.write(file, line(head) + said(1, 2) + said(2, 6));
  const leave = (event: string, second: number, more = {}): void => {
    const about = { session_id, transcript_path, hook_event_name: event, timestamp: at(second) };
    data.leave("gemini-cli", JSON.stringify({ ...about, ...more }));
  };
  const turn = (second: number): void => {
    leave("BeforeAgent", second);
    leave("AfterAgent", second + 1.5);
  };
  leave("SessionStart", 0, { source: "startup" });
  turn(2);
  leave("BeforeAgent", 4);
  leave("TurnspanBlocked", 4.5, { reason: "no" });
  turn(6);
  leave("SessionEnd", 9, { reason: "exit" });
  const first = openService(data.path);
  await first.service.restore();
  await first.service.tick();
  const tokensOf = (told: readonly Told[]): unknown[] =>
    told.flatMap(({ event }) => {
      if (event.type === "run.end") return [[event.runId.slice(-2), event.outcome]];
      return event.type === "model.end" ? [[event.runId.slice(-2), event.usage?.inputTokens]] : [];
    });
  expect(tokensOf(first.told)).toEqual([
    ["#0", 10],
    ["#0", "completed"],
    ["#1", "blocked"],
    ["#2", 20],
    ["#2", "completed"],
  ]);
  data.write(file, line(head) + said(1, 2) + said(2, 6) + line(head) + said(3, 12));
  leave("SessionStart", 11, { source: "resume" });
  turn(12);
  leave("SessionEnd", 20, { reason: "exit" });
  const second = openService(data.path);
  await second.service.restore();
  expect(tokensOf(second.told)).toEqual([
    ["#3", 30],
    ["#3", "completed"],
  ]);
});

test("a session that is over stays in its journal until all of it is stored", async () => {
  using data = openData("codex/plain");
  const { service } = openService(data.path, { isStored: false });
  await service.restore();
  expect(journals(data.path)).toHaveLength(1);
  const next = openService(data.path);
  await next.service.restore();
  expect(next.told.map(({ event }) => event.type)).toContain("session.close");
  expect(journals(data.path)).toEqual([]);
});

test("without a wish for content a prompt is told for the user's hooks, and what is kept is none", async () => {
  using data = openData();
  const [start = "", prompt = ""] = linesOf("claude-code/tool");
  data.leave("claude-code", start);
  data.leave("claude-code", prompt.replace(/"prompt":"[^"]*"/, '"prompt":"my secret words"'));
  const call = { hook_event_name: "PreToolUse", tool_name: "Bash", tool_use_id: "1" };
  const input = { tool_input: { command: "echo secret words" } };
  data.leave("claude-code", JSON.stringify({ ...JSON.parse(start), ...call, ...input }));
  const { service, told } = openService(data.path);
  await service.restore();
  const [run, ...others] = told
    .map(({ event }) => event)
    .filter(({ type }) => type !== "session.open");
  expect(run).toMatchObject({ type: "run.start", message: "my secret words" });
  expect(others.map(({ type }) => type)).toContain("tool.start");
  expect(JSON.stringify(others)).not.toContain("secret words");
  const [journal = ""] = journals(data.path);
  const kept = readFileSync(path.join(captureFolder(data.path), "sessions", journal), "utf8");
  expect(kept).not.toContain("secret words");
});

test("Hawa Code tells of a session's end alone: what came before is told from its transcript", async () => {
  using data = openData();
  const session = "e22e6ab0-ec18-40b4-b83d-651a7f641438";
  const folder = path.resolve(import.meta.dirname, "../../fixtures/cli-agents/claude-code/tool");
  const [name = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((each) =>
    each.endsWith(".jsonl"),
  );
  const written = readFileSync(path.join(folder, name), "utf8");
  const transcript = data.write(`.hcode/projects/-srv-shop/${session}.jsonl`, written);
  const end = { session_id: session, transcript_path: transcript, cwd: "/srv/shop" };
  const event = { ...end, permission_mode: "default", hook_event_name: "SessionEnd" };
  data.leave("hawa-code", JSON.stringify({ ...event, reason: "clear" }));
  const { service, told } = openService(data.path);
  await service.restore();
  const types = told.map((each) => each.event.type);
  expect(types[0]).toBe("session.open");
  expect(types.filter((type) => type === "model.end")).toHaveLength(2);
  expect(types.filter((type) => /^run|^tool/.test(type))).toEqual([
    ...["run.start", "tool.start", "tool.end", "run.end"],
  ]);
  expect(told.at(-1)?.event).toMatchObject({ type: "session.close", reason: "clear" });
  expect(new Set(told.map(({ agent }) => agent))).toEqual(new Set(["hawa-code"]));
});

test("Copilot, which runs Claude Code's hooks of a repository too, is told as what it is", async () => {
  using data = openData();
  const recorded = (name: string): string[] =>
    readFileSync(
      path.resolve(import.meta.dirname, `../../fixtures/cli-agent-hooks/${name}.jsonl`),
      "utf8",
    )
      .trimEnd()
      .split("\n");
  for (const line of [...recorded("copilot/subagent"), ...recorded("claude-code/subagent")]) {
    data.leave("claude-code", line);
  }
  const { service, told } = openService(data.path);
  await service.restore();
  const opened = told.filter(({ event: { type } }) => type === "session.open");
  expect(opened.map(({ agent }) => agent).sort()).toEqual(["claude-code", "copilot"]);
});

test("what is no event is set aside and hinders nothing", async () => {
  using data = openData();
  data.leave("claude-code", "{torn");
  data.leave("vim", "{}");
  data.leave("codex", '{"session_id":"s"}');
  for (const line of linesOf("codex/plain")) data.leave("codex", line);
  const { service, told, troubles } = openService(data.path);
  await service.restore();
  expect(troubles).toEqual([]);
  expect(told.map(({ event }) => event.type)).toContain("session.close");
  expect(readdirSync(path.join(captureFolder(data.path), "broken"))).toHaveLength(3);
});

test("a session whose process is gone is abandoned at its last sign; one whose process lives is not", async () => {
  const beganMs = Math.ceil(Date.now() / 1000) * 1000;
  using data = openData("", beganMs);
  const gone = spawnSync("true").pid;
  const [start = "", prompt = ""] = linesOf("claude-code/plain");
  for (const line of [start, prompt]) {
    data.leave("claude-code", line, gone);
    const other = line.replaceAll(/"session_id":"[^"]+"/g, '"session_id":"alive"');
    data.leave("claude-code", other, process.pid);
  }
  const { service, told, clock } = openService(data.path);
  clock.nowMs = beganMs + 10_000;
  await service.restore();
  clock.nowMs += 3000;
  await service.tick();
  const ends = told.filter(({ event }) => /session.close|run.end/.test(event.type));
  expect(ends.map(({ event }) => event)).toMatchObject([
    { type: "run.end", outcome: "abandoned" },
    { type: "session.close", reason: "abandoned", time: beganMs + 2000 },
  ]);
  // Hours without a word are no end where the process is there.
  clock.nowMs += 7_200_000;
  await service.tick();
  expect(told.at(-1)?.event).toMatchObject({ type: "session.close", time: beganMs + 2000 });
});
