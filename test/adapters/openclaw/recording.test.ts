import { expect, test } from "vitest";
import { type BrokenLine, RecordingReader } from "../../../src/adapters/openclaw/recording.ts";
import { playLines, recordedLines } from "./play.ts";

const START = 1_795_000_000_000;

const line = (t: number, kind: string, name: string, event: object, ctx = {}): string =>
  JSON.stringify({ t, inst: "1.1", kind, name, event, ctx });

const agentLine = (t: number, delay: number, runId: string, phase: string): string =>
  JSON.stringify({
    t,
    kind: "agentEvent",
    event: { runId, stream: "lifecycle", data: { phase }, seq: 1, ts: START + t - delay },
  });

test("hooks get their time from the least delayed line that has one", () => {
  const reader = new RecordingReader();
  const given = [
    agentLine(100, 40, "r", "start"),
    line(150, "typed", "agent_end", { runId: "r" }),
    agentLine(200, 3, "r", "end"),
  ].flatMap((one) => [...reader.push(one)]);
  expect(given).toEqual([]);
  const hosts = reader.flush();
  expect(hosts.map(({ name, time }) => [name, time - START])).toEqual([
    ["lifecycle:start", 60],
    ["agent_end", 147],
    ["lifecycle:end", 197],
  ]);
});

test("a diagnostic stands at its own time, however late it arrived", () => {
  const reader = new RecordingReader();
  reader.push(agentLine(100, 0, "r", "start"));
  reader.push(line(2_300, "internalDiag", "run.started", { ts: START + 300, seq: 7 }));
  reader.push(agentLine(900, 0, "r", "end"));
  expect(reader.flush().map(({ name }) => name)).toEqual([
    "lifecycle:start",
    "run.started",
    "lifecycle:end",
  ]);
});

test("without lines that are given at once, diagnostics tell the time, else it begins at 0", () => {
  const late = new RecordingReader();
  late.push(line(500, "diag", "run.execution_phase", { runId: "r", ts: START + 450, seq: 1 }));
  late.push(line(600, "typed", "agent_end", { runId: "r" }));
  expect(late.flush().map(({ time }) => time - START)).toEqual([450, 550]);
  const none = new RecordingReader();
  none.push(line(600, "typed", "agent_end", { runId: "r" }));
  expect(none.flush().map(({ time }) => time)).toEqual([600]);
});

test("a reset's end stands before its start, and a first start before all else of that time", () => {
  const reader = new RecordingReader();
  reader.push(line(10, "typed", "session_start", { sessionKey: "k", resumedFrom: "s" }));
  reader.push(line(10, "typed", "before_agent_reply", {}, { runId: "r", sessionKey: "k" }));
  reader.push(line(10, "typed", "session_end", { sessionKey: "k", reason: "reset" }));
  reader.push(line(10, "typed", "session_start", { sessionKey: "other" }));
  expect(reader.flush().map(({ name, event }) => [name, event["resumedFrom"]])).toEqual([
    ["session_start", undefined],
    ["before_agent_reply", undefined],
    ["session_end", undefined],
    ["session_start", "s"],
  ]);
});

test("broken lines are reported with their number and reason, and the rest is read", () => {
  const broken: BrokenLine[] = [];
  const reader = new RecordingReader({ onBrokenLine: (one) => broken.push(one) });
  const lines = [
    '{"t":5,"kind":"mark"',
    "",
    "[]",
    '{"kind":"mark","name":"turn-ok"}',
    '{"t":7,"kind":"rumour","name":"x"}',
    '{"kind":"typed","name":"agent_end"}',
    '{"t":9,"kind":"typed","event":{}}',
    line(10, "typed", "agent_end", { runId: "r" }),
    '{"t":11,"kind":"typed","name":"agent_end","event":null,"ctx":[1]}',
  ];
  for (const one of lines) reader.push(one);
  expect(reader.flush()).toHaveLength(2);
  expect(broken).toEqual([
    { line: 1, reason: "not JSON" },
    { line: 3, reason: "not a line of a recording" },
    { line: 5, reason: "not a line of a recording" },
    { line: 6, reason: "no arrival time" },
    { line: 7, reason: "no event name" },
  ]);
  expect(reader).toMatchObject({ lines: 9, brokenLines: 5 });
});

test("a recorder that was started again counts from 0 again, a reloaded plugin does not", () => {
  const laterMs = 1_000_000;
  const register = (t: number): string => JSON.stringify({ t, kind: "register", mode: "full" });
  const reader = new RecordingReader();
  const lines = [
    register(5),
    agentLine(100, 0, "r", "start"),
    register(200),
    line(300, "typed", "agent_end", { runId: "r" }),
    register(6),
    agentLine(50, -laterMs, "s", "start"),
    line(70, "typed", "agent_end", { runId: "s" }),
  ];
  const hosts = [...lines.flatMap((one) => [...reader.push(one)]), ...reader.flush()];
  expect(hosts.map(({ time }) => time - START)).toEqual([100, 300, laterMs + 50, laterMs + 70]);
});

test("a hook named like a property of objects is no event of ours", () => {
  const reader = new RecordingReader();
  for (const name of ["constructor", "__proto__", "toString"]) {
    reader.push(line(1, "typed", name, {}));
  }
  expect(reader.flush()).toEqual([]);
});

test("lines are given out while the recording goes on, after a short look ahead", () => {
  const reader = new RecordingReader({ lookAheadLines: 50 });
  const lines = recordedLines();
  const before = lines.slice(0, 300).flatMap((one) => [...reader.push(one)]);
  expect(before.length).toBeGreaterThan(50);
});

test("a recording full of broken lines plays what is left of it", async () => {
  const lines = recordedLines().flatMap((one) => [one, one.slice(0, one.length / 2)]);
  const played = await playLines(lines);
  const whole = await playLines(recordedLines());
  expect(played.written).toEqual(whole.written);
  expect(played.broken).toHaveLength(lines.length / 2);
});
