/**
 * Synthetic stories, made from the facts in the reference where the recording holds no example:
 * requests, subagents, announcements, deliveries, stops.
 */
import { expect, test } from "vitest";
import type { HostEvent } from "../../../src/adapters/openclaw/host-events.ts";
import { runIds } from "../../../src/lifecycle/identity.ts";
import { only } from "../../support/reducer.ts";
import { playHostEvents, said } from "./play.ts";
import { agent, begin, ctxOf, goodEnd, id, KEY, TRACE_HEX, traceOf } from "./story.ts";

test("two turns of one request never share a span id", () => {
  const second = { ...ctxOf("b"), trace: traceOf("b-h", "a-p") };
  const played = playHostEvents([
    ...begin(1_000, "a"),
    said(1_500, "typed", "agent_turn_prepare", { prompt: "hi" }, second),
  ]);
  const starts = played.of("run.start").map(({ run }) => [run.runId, runIds(run).spanId]);
  expect(starts).toEqual([
    ["a", id("a-p")],
    ["b", id("b-h")],
  ]);
  expect(played.of("run.start")[1]?.run.trace?.parentSpanId).toBe(id("a-p"));
});

test("a caller's span told before the turn is its remote parent from the start", () => {
  const played = playHostEvents([
    said(900, "diagnostic", "gateway.rpc", { method: "agent", trace: traceOf("r-p", "outside") }),
    ...begin(1_000, "r"),
  ]);
  const start = only(played.events.filter((event) => event.type === "run.start"));
  expect(start).toMatchObject({
    trace: { spanId: id("r-p"), parentSpanId: id("outside"), parentIsRemote: true },
  });
});

test("an announce turn long after its spawner's end still hangs under it", () => {
  const announce = "announce:v1:agent:main:subagent:x:y";
  const played = playHostEvents([
    ...begin(1_000, "r"),
    ...goodEnd(1_100, "r"),
    ...begin(600_000, "other"),
    ...goodEnd(600_100, "other"),
    said(
      900_000,
      "typed",
      "agent_turn_prepare",
      {},
      {
        ...ctxOf(announce),
        trace: traceOf("ann-h", "r-h"),
      },
    ),
    said(900_100, "typed", "agent_end", { runId: announce, success: true }, ctxOf(announce)),
  ]);
  const end = only(played.of("run.end").filter(({ run }) => run.runId === announce));
  expect(end.run).toMatchObject({ trigger: "announce", outcome: "completed" });
  expect(end.run.trace).toEqual({
    traceId: id("trace", TRACE_HEX),
    spanId: id("ann-h"),
    parentSpanId: id("r-p"),
  });
});

test("subagents spawned at once each find the call that spawned them", () => {
  const spawn = (call: string): HostEvent =>
    agent(1_100, "r", "tool", { phase: "start", name: "sessions_spawn", toolCallId: call });
  const spawned = (child: string): HostEvent =>
    said(
      1_200,
      "typed",
      "subagent_spawned",
      { runId: child, childSessionKey: `${KEY}:subagent:${child}`, label: child },
      { requesterSessionKey: KEY },
    );
  const result = (call: string, child: string): HostEvent =>
    agent(1_300, "r", "tool", {
      phase: "result",
      name: "sessions_spawn",
      toolCallId: call,
      result: { details: { runId: child, childSessionKey: `${KEY}:subagent:${child}` } },
    });
  const played = playHostEvents([
    ...begin(1_000, "r"),
    spawn("t1"),
    spawn("t2"),
    spawned("x"),
    spawned("y"),
    result("t2", "y"),
    result("t1", "x"),
  ]);
  const links = played.of("subagent.spawned").map(({ run }) => {
    return [run.runId, run.spawn?.label, run.spawn?.run?.runId, run.spawn?.call?.callId];
  });
  expect(links).toEqual([
    ["x", "x", "r", "t1"],
    ["y", "y", "r", "t2"],
  ]);
});

test("a subagent that the host calls killed is killed, one that is a reset session is nothing", () => {
  const child = { runId: "x", childSessionKey: `${KEY}:subagent:x` };
  const played = playHostEvents([
    ...begin(1_000, "r"),
    said(1_200, "typed", "subagent_spawned", child, { requesterSessionKey: KEY }),
    said(1_300, "typed", "subagent_ended", { runId: "r", targetKind: "acp", outcome: "reset" }),
    said(1_400, "typed", "subagent_ended", {
      runId: "x",
      targetKind: "subagent",
      outcome: "killed",
    }),
  ]);
  expect(only(played.of("subagent.killed")).run.runId).toBe("x");
  expect(played.events.filter((event) => event.type === "run.end")).toHaveLength(1);
});

test("a gateway that stops ends what it left open; a plugin that is replaced ends nothing", () => {
  const open = said(1_000, "typed", "session_start", { sessionKey: KEY, sessionId: "s" });
  const stop = said(2_002, "service", "stop", {});
  const replaced = playHostEvents([
    open,
    stop,
    said(2_003, "typed", "gateway_stop", { reason: "plugin replacement" }),
  ]);
  expect(replaced.of("session.end")).toEqual([]);
  const stopped = playHostEvents([
    open,
    said(2_000, "internal", "gateway:shutdown", {}),
    said(2_001, "typed", "gateway_stop", { reason: "gateway stopping" }),
    stop,
  ]);
  expect(only(stopped.of("session.end")).reason).toBe("shutdown");
});

test("on a channel that tells of deliveries, the answer is sent when it was, not before", () => {
  const ctx = { channelId: "telegram", sessionKey: KEY };
  const sent = { content: "hi", messageId: "m1", success: false, error: "blocked" };
  const played = playHostEvents([
    said(1_000, "typed", "message_sending", { content: "hi" }, ctx),
    said(1_100, "typed", "message_sent", sent, ctx),
  ]);
  expect(only(played.of("message.sent"))).toMatchObject({
    time: 1_100,
    messageId: "m1",
    channel: "telegram",
    success: false,
    error: "blocked",
  });
});

test("payloads of any shape are read without harm", () => {
  const shapes: readonly Record<string, unknown>[] = [
    {},
    { runId: 7, sessionKey: [], trace: "x", data: null, usage: 3, callId: {}, toolCallId: 1 },
    { runId: "r", sessionKey: KEY, trace: { traceId: 1 }, data: [], lastAssistant: "no" },
  ];
  const names: readonly (readonly [HostEvent["kind"], string])[] = [
    ["typed", "session_start"],
    ["typed", "llm_output"],
    ["typed", "subagent_spawned"],
    ["typed", "model_call_ended"],
    ["typed", "after_tool_call"],
    ["internal", "session:patch"],
    ["agent", "lifecycle:end"],
    ["agent", "tool:result"],
    ["agent", "run_status:retrying"],
    ["diagnostic", "model.call.completed"],
    ["diagnostic", "run.completed"],
    ["diagnostic", "gateway.rpc"],
  ];
  const hosts = names.flatMap(([kind, name], at) =>
    shapes.map((shape) => said(at, kind, name, shape, shape)),
  );
  expect(() => playHostEvents(hosts)).not.toThrow();
});
