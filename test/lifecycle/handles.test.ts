import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { expect, test, vi } from "vitest";
import { redactText } from "../../src/base/redact.ts";
import type { HookName } from "../../src/hooks/points.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { startTestTelemetry } from "../support/telemetry.ts";

const support = { sessionKey: "web:42", sessionId: "s-42", agentId: "support" } as const;
const usage = { inputTokens: 1000, outputTokens: 50, cacheReadTokens: 400 } as const;

test("a turn, its calls and its session become spans of one shape", async () => {
  await using telemetry = startTestTelemetry();
  {
    using session = telemetry.turnspan.openSession(support);
    await session.turn({ model: "claude-x", provider: "anthropic" }, async (turn) => {
      await turn.toolCall({ name: "lookup_order", callId: "c1" }, () => 7);
      await turn.modelCall({ provider: "anthropic", model: "claude-x" }, (call) => {
        call.response({ model: "claude-x-1", id: "r1", usage, stopReason: "end_turn" });
      });
    });
  }
  const turn = telemetry.span("invoke_agent support");
  const chat = telemetry.span("chat claude-x");
  const tool = telemetry.span("execute_tool lookup_order");
  const session = telemetry.span("session support");
  expect(turn.parentSpanContext).toBeUndefined();
  expect([chat.kind, tool.kind, turn.kind]).toEqual([
    SpanKind.CLIENT,
    SpanKind.INTERNAL,
    SpanKind.INTERNAL,
  ]);
  for (const child of [chat, tool]) {
    expect(child.parentSpanContext?.spanId).toBe(turn.spanContext().spanId);
    expect(child.spanContext().traceId).toBe(turn.spanContext().traceId);
  }
  expect(turn.links[0]?.context.spanId).toBe(session.spanContext().spanId);
  expect(session.spanContext().traceId).not.toBe(turn.spanContext().traceId);
  expect(chat.attributes).toMatchObject({
    "turnspan.kind": "model_call",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-x",
    "gen_ai.response.model": "claude-x-1",
    "gen_ai.response.finish_reasons": ["end_turn"],
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "session.id": "s-42",
  });
  expect(turn.attributes).toMatchObject({
    "turnspan.kind": "turn",
    "turnspan.turn.outcome": "completed",
    "turnspan.turn.index": 0,
    "turnspan.turn.input_tokens": 1000,
    "turnspan.turn.model_calls": 1,
    "turnspan.turn.tool_calls": 1,
  });
  expect(turn.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
  expect(turn.status.code).toBe(SpanStatusCode.UNSET);
});

test("a turn that throws is ERROR, calls onTurnError once and rethrows the error untouched", async () => {
  await using telemetry = startTestTelemetry();
  const errors: unknown[] = [];
  using _ = telemetry.turnspan.hooks.on("onTurnError", ({ errorType, error }) => {
    errors.push([errorType, error]);
  });
  using session = telemetry.turnspan.openSession(support);
  const thrown = new RangeError("too long");
  await expect(session.turn({}, () => Promise.reject(thrown))).rejects.toBe(thrown);
  expect(errors).toEqual([["RangeError", "too long"]]);
  const span = telemetry.span("invoke_agent support");
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: "too long" });
  expect(span.attributes).toMatchObject({
    "error.type": "RangeError",
    "turnspan.turn.outcome": "failed",
  });
});

test("an aborted body is cancelled: status unset, no onTurnError", async () => {
  await using telemetry = startTestTelemetry();
  const fired: string[] = [];
  using _error = telemetry.turnspan.hooks.on("onTurnError", () => void fired.push("error"));
  using _after = telemetry.turnspan.hooks.on("afterTurn", () => void fired.push("after"));
  using session = telemetry.turnspan.openSession(support);
  await expect(session.turn({}, () => AbortSignal.abort().throwIfAborted())).rejects.toThrow();
  expect(telemetry.span("invoke_agent support").status.code).toBe(SpanStatusCode.UNSET);
  expect(telemetry.span("invoke_agent support").attributes["turnspan.turn.outcome"]).toBe(
    "cancelled",
  );
  expect(fired).toEqual([]);
});

test("a guard blocks a turn: the body is not called, the span says why and is no error", async () => {
  await using telemetry = startTestTelemetry();
  using _ = telemetry.turnspan.hooks.on("beforeTurn", () => ({ abort: true, reason: "enough" }));
  using session = telemetry.turnspan.openSession(support);
  const body = vi.fn();
  const refusal = await session.turn({ onBlocked: ({ reason }) => `no: ${reason}` }, body);
  expect(refusal).toBe("no: enough");
  await expect(session.turn({}, body)).rejects.toMatchObject({ code: "TURN_BLOCKED" });
  expect(body).not.toHaveBeenCalled();
  const [span] = telemetry.spans();
  expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  expect(span?.attributes).toMatchObject({
    "turnspan.turn.outcome": "blocked",
    "turnspan.turn.block.reason": "enough",
  });
});

test("an asynchronous guard is awaited before the body runs", async () => {
  await using telemetry = startTestTelemetry();
  const order: string[] = [];
  using _ = telemetry.turnspan.hooks.on("beforeTurn", async () => {
    await Promise.resolve();
    order.push("guard");
  });
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, () => void order.push("body"));
  expect(order).toEqual(["guard", "body"]);
});

test("hooks that throw, reject, hang or throw in a getter change nothing for the host", async () => {
  await using telemetry = startTestTelemetry();
  const names: readonly HookName[] = [
    "session:start",
    "session:end",
    "session:patch",
    "beforeTurn",
    "afterTurn",
    "onMessageReceived",
    "onMessageSent",
    "onSubagentSpawned",
    "onSubagentFinished",
  ];
  const trap = {
    get abort(): never {
      throw new Error("getter");
    },
  };
  const { hooks } = telemetry.turnspan;
  for (const name of names) {
    hooks.on(name, () => {
      throw new Error("boom");
    });
    hooks.on(name, () => Promise.reject(new Error("later")));
    hooks.on(name, () => new Promise<never>(() => {}), { timeoutMs: 5 });
    hooks.on(name, () => trap as never);
  }
  {
    using session = telemetry.turnspan.openSession(support);
    session.messageReceived({ messageId: "1" });
    session.patch({ model: "b" });
    const answer = await session.turn({}, (turn) =>
      turn.subagent({ agentId: "writer" }, () => "text"),
    );
    session.messageSent({ messageId: "2" });
    expect(answer).toBe("text");
  }
  expect(telemetry.spans().map((span) => span.name)).toEqual([
    "invoke_agent writer",
    "invoke_agent support",
    "session support",
  ]);
});

/** Runs a turn in which everything happens; what hooks, records and metrics say of it. */
async function runEverything(telemetry: ReturnType<typeof startTestTelemetry>): Promise<string[]> {
  const fired: string[] = [];
  const { hooks } = telemetry.turnspan;
  for (const name of ["session:start", "session:patch", "beforeTurn", "afterTurn"] as const) {
    hooks.on(name, () => void fired.push(name));
  }
  hooks.on("session:end", ({ context: { stopReason } }) => void fired.push(`end ${stopReason}`));
  {
    using session = telemetry.turnspan.openSession(support);
    await session.turn({ model: "m" }, async (turn) => {
      session.patch({ model: "n" });
      await turn.modelCall({ model: "m" }, (call) => call.response({ usage }));
    });
  }
  return fired;
}

const everything = ["session:start", "beforeTurn", "session:patch", "afterTurn", "end stop"];
const allRecords = [
  "session.start",
  "turnspan.turn.start",
  "turnspan.session.patch",
  "turnspan.turn.end",
  "session.end",
];

test("hooks, records and metrics are complete when everything is sampled", async () => {
  await using telemetry = startTestTelemetry();
  expect(await runEverything(telemetry)).toEqual(everything);
  expect(telemetry.records().map((record) => record.eventName)).toEqual(allRecords);
  expect(await telemetry.sum("turnspan.turn.count")).toBe(1);
});

test("hooks, records and metrics are complete under a sampler that keeps nothing", async () => {
  await using telemetry = startTestTelemetry({ sampler: "always_off" });
  expect(await runEverything(telemetry)).toEqual(everything);
  expect(telemetry.spans()).toEqual([]);
  expect(telemetry.records().map((record) => record.eventName)).toEqual(allRecords);
  expect(await telemetry.sum("turnspan.turn.count")).toBe(1);
});

test("hooks and records are complete under a parent that was not sampled", async () => {
  await using telemetry = startTestTelemetry();
  const parent = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    traceFlags: TraceFlags.NONE,
    isRemote: true,
  });
  const fired: string[] = [];
  using _ = telemetry.turnspan.hooks.on("afterTurn", () => void fired.push("after"));
  using session = telemetry.turnspan.openSession(support);
  await session.turn({ parent }, () => undefined);
  expect(fired).toEqual(["after"]);
  const end = telemetry.records().find((record) => record.eventName === "turnspan.turn.end");
  expect(end?.spanContext?.traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
});

test("hooks are complete with a foreign provider that has no processor of ours", async () => {
  await using telemetry = startTestTelemetry({ hookProcessor: false });
  expect(await runEverything(telemetry)).toEqual(everything);
  expect(telemetry.spans()).toHaveLength(3);
});

test("hooks are complete with no SDK at all", async () => {
  const turnspan = createTurnspan();
  const fired: string[] = [];
  turnspan.hooks.on("beforeTurn", ({ turnIndex }) => void fired.push(`before ${turnIndex}`));
  turnspan.hooks.on(
    "afterTurn",
    ({ usage: counts }) => void fired.push(`after ${counts?.inputTokens}`),
  );
  using session = turnspan.openSession(support);
  await session.turn({}, (turn) =>
    turn.modelCall({ model: "m" }, (call) => call.response({ usage })),
  );
  expect(fired).toEqual(["before 0", "after 1000"]);
});

test("with no SDK and no listener the bodies run, and nothing is remembered", async () => {
  const turnspan = createTurnspan();
  using session = turnspan.openSession(support);
  const answer = await session.turn({}, async (turn) => {
    const order = await turn.toolCall({ name: "lookup" }, () => 7);
    const draft = await turn.subagent({ agentId: "writer" }, () => "draft");
    return turn.modelCall({ model: "m" }, (call) => {
      call.firstToken();
      call.response({ usage });
      return `${order} ${draft}`;
    });
  });
  expect(answer).toBe("7 draft");
  await expect(
    session.turn({}, () => {
      throw new Error("sync");
    }),
  ).rejects.toThrow("sync");
});

test("Σ calls = turn = session = record in nano-dollars, and the metric after rounding", async () => {
  const prices: Readonly<Record<string, number>> = { big: 123_456_789, small: 333 };
  await using telemetry = startTestTelemetry({
    price: ({ model }) => {
      const nanoUsd = prices[model];
      return nanoUsd === undefined ? undefined : { nanoUsd, source: "user" };
    },
  });
  {
    using session = telemetry.turnspan.openSession(support);
    for (const model of ["big", "small", "own-model"]) {
      await session.turn({ model }, async (turn) => {
        await turn.modelCall({ model: "asked" }, (call) => call.response({ model, usage }));
        await turn.subagent({ agentId: "writer" }, (child) =>
          child.modelCall({ model }, (call) => call.response({ usage })),
        );
      });
      session.patch({ model: "small" });
    }
  }
  const nano = (usd: unknown): number => (typeof usd === "number" ? Math.round(usd * 1e9) : 0);
  const sum = (kind: string, name: string): number =>
    telemetry
      .spans()
      .filter((span) => span.attributes["turnspan.kind"] === kind)
      .reduce((total, span) => total + nano(span.attributes[name]), 0);
  const total = 2 * (123_456_789 + 333);
  expect(sum("model_call", "turnspan.cost.usd")).toBe(total);
  expect(sum("turn", "turnspan.turn.cost.usd") + sum("subagent", "turnspan.turn.cost.usd")).toBe(
    total,
  );
  expect(sum("session", "turnspan.session.cost.usd")).toBe(total);
  const end = telemetry.records().find((record) => record.eventName === "session.end");
  expect(nano(end?.attributes["turnspan.session.cost.usd"])).toBe(total);
  expect(end?.attributes["turnspan.session.cost.unknown_calls"]).toBe(2);
  expect(nano(await telemetry.sum("turnspan.cost"))).toBe(total);
  expect(await telemetry.sum("turnspan.cost.unknown_calls")).toBe(2);
});

test("every outcome of a turn exists at 0 from the agent's first turn on", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, () => undefined);
  const points = await telemetry.points("turnspan.turn.count");
  const counts = points.map(({ attributes, value }) => [
    attributes["turnspan.turn.outcome"],
    value,
  ]);
  expect(Object.fromEntries(counts)).toEqual({
    completed: 1,
    failed: 0,
    blocked: 0,
    cancelled: 0,
    abandoned: 0,
  });
});

test("a patch stands on the session's span, on the open turn's, and in a record", async () => {
  await using telemetry = startTestTelemetry();
  {
    using session = telemetry.turnspan.openSession({ ...support, settings: { model: "a" } });
    await session.turn({}, () => {
      session.patch({ model: "b" }, { actor: { kind: "operator", id: "u-7" }, source: "settings" });
    });
  }
  const expected = {
    "turnspan.patch.fields": ["model"],
    "turnspan.patch.model.before": "a",
    "turnspan.patch.model.after": "b",
    "turnspan.patch.actor.kind": "operator",
    "turnspan.patch.actor.id": "u-7",
    "turnspan.patch.source": "settings",
  };
  for (const name of ["invoke_agent support", "session support"]) {
    expect(telemetry.span(name).events[0]).toMatchObject({
      name: "turnspan.session.patch",
      attributes: expected,
    });
  }
  const record = telemetry.records().find((one) => one.eventName === "turnspan.session.patch");
  expect(record?.attributes).toMatchObject(expected);
});

test("a subagent hangs under the tool call that spawned it, a detached one is a root with a link", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, (turn) =>
    turn.toolCall({ name: "spawn" }, async () => {
      await turn.subagent({ agentId: "near" }, () => undefined);
      await turn.subagent({ agentId: "far", detached: true }, () => undefined);
    }),
  );
  const tool = telemetry.span("execute_tool spawn");
  const turn = telemetry.span("invoke_agent support");
  expect(telemetry.span("invoke_agent near").parentSpanContext?.spanId).toBe(
    tool.spanContext().spanId,
  );
  const far = telemetry.span("invoke_agent far");
  expect(far.parentSpanContext).toBeUndefined();
  expect(far.links.map((link) => link.context.spanId)).toContain(turn.spanContext().spanId);
});

test("a streaming call says when its first chunk came", async () => {
  let now = 1_790_000_000_000;
  await using telemetry = startTestTelemetry({ clock: () => now });
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, (turn) =>
    turn.modelCall({ model: "m", stream: true }, (call) => {
      now += 250;
      call.firstToken();
      now += 750;
      call.firstToken();
    }),
  );
  expect(telemetry.span("chat m").attributes).toMatchObject({
    "gen_ai.request.stream": true,
    "gen_ai.response.time_to_first_chunk": 0.25,
  });
  expect(await telemetry.sum("gen_ai.client.operation.time_to_first_chunk")).toBe(0.25);
});

test("content goes nowhere by default, and redacted onto spans where asked", async () => {
  const secret = "sk-ant-abcdefghijklmnopqrstuvwxyz";
  const run = async (content: "none" | "export"): Promise<string> => {
    await using telemetry = startTestTelemetry({ content });
    {
      using session = telemetry.turnspan.openSession(support);
      await session.turn({ message: `hello ${secret}` }, async (turn) => {
        await turn.toolCall({ name: "t", input: { key: secret } }, (tool) => tool.result("done"));
        turn.reply("bye");
      });
    }
    return JSON.stringify([
      telemetry.spans().map((span) => span.attributes),
      telemetry.records().map((record) => record.attributes),
    ]);
  };
  expect(await run("none")).not.toMatch(/hello|done|bye|sk-ant/);
  const exported = await run("export");
  expect(exported).toMatch(/hello/);
  expect(exported).toMatch(/bye/);
  expect(exported).not.toContain(secret);
});

test("hashed session keys show no key anywhere", async () => {
  await using telemetry = startTestTelemetry({ sessionKeys: "hashed" });
  {
    using session = telemetry.turnspan.openSession({ ...support, sessionKey: "tel:+41791234567" });
    await session.turn({}, () => undefined);
  }
  const shown = JSON.stringify([
    telemetry.spans().map((span) => span.attributes),
    telemetry.records().map((record) => record.attributes),
  ]);
  expect(shown).not.toContain("41791234567");
});

test("closing ends open turns as cancelled and sessions with their reason", async () => {
  await using telemetry = startTestTelemetry();
  const session = telemetry.turnspan.openSession(support);
  const turn = session.turn({}, () => new Promise<never>(() => {}));
  await Promise.resolve();
  telemetry.turnspan.close("SIGTERM");
  expect(telemetry.span("invoke_agent support").attributes["turnspan.turn.outcome"]).toBe(
    "cancelled",
  );
  expect(telemetry.span("session support").attributes["turnspan.session.end_reason"]).toBe(
    "SIGTERM",
  );
  void turn;
});

test("the body runs inside its span's context", async () => {
  await using telemetry = startTestTelemetry();
  using session = telemetry.turnspan.openSession(support);
  const seen = await session.turn({}, (turn) =>
    turn.toolCall({ name: "t" }, () => trace.getSpanContext(context.active())?.spanId),
  );
  const spanId = telemetry.span("execute_tool t").spanContext().spanId;
  expect([spanId, undefined]).toContain(seen);
});

test("a handler that fails at its session's or turn's end leaves a record with their ids", async () => {
  await using telemetry = startTestTelemetry();
  const { hooks } = telemetry.turnspan;
  for (const name of ["afterTurn", "session:end"] as const) {
    hooks.on(name, () => {
      throw new Error(`no ${name}`);
    });
  }
  {
    using session = telemetry.turnspan.openSession(support);
    await session.turn({ runId: "r1" }, () => undefined);
  }
  const failures = telemetry
    .records()
    .filter((record) => record.eventName === "turnspan.hook.failure")
    .map(({ attributes }) => [
      attributes["turnspan.hook.name"],
      attributes["session.id"],
      attributes["turnspan.run.id"],
    ]);
  expect(failures).toEqual([
    ["afterTurn", "s-42", "r1"],
    ["session:end", "s-42", undefined],
  ]);
});

test("what a synchronous guard decided stands on the turn's span, and its record after the turn's start", async () => {
  await using telemetry = startTestTelemetry();
  using _ = telemetry.turnspan.hooks.on("beforeTurn", () => ({ abort: true, reason: "enough" }));
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, () => undefined).catch(() => undefined);
  expect(telemetry.span("invoke_agent support").events.map((event) => event.name)).toEqual([
    "turnspan.hook.decision",
  ]);
  expect(telemetry.records().map((record) => record.eventName)).toEqual([
    "session.start",
    "turnspan.turn.start",
    "turnspan.hook.decision",
    "turnspan.turn.end",
  ]);
});

test("deferred spans on a provider that takes no ids are opened live, and still find each other", async () => {
  await using telemetry = startTestTelemetry({ hookProcessor: false, spans: "deferred" });
  using session = telemetry.turnspan.openSession(support);
  await session.turn({}, (turn) => turn.toolCall({ name: "t" }, () => undefined));
  expect(telemetry.span("execute_tool t").parentSpanContext?.spanId).toBe(
    telemetry.span("invoke_agent support").spanContext().spanId,
  );
});

test("content for this machine only goes nowhere on a provider that nobody would strip", async () => {
  await using telemetry = startTestTelemetry({ hookProcessor: false, content: "local" });
  using session = telemetry.turnspan.openSession(support);
  await session.turn({ message: "hello" }, () => undefined);
  expect(JSON.stringify(telemetry.span("invoke_agent support").attributes)).not.toContain("hello");
});

test("a hashed session key shows nowhere, also where it stands in for the session's id", async () => {
  await using telemetry = startTestTelemetry({ sessionKeys: "hashed" });
  {
    using session = telemetry.turnspan.openSession({ sessionKey: "tel:+41791234567" });
    await session.turn({}, () => undefined);
  }
  const shown = JSON.stringify([
    telemetry.spans().map((span) => span.attributes),
    telemetry.records().map((record) => record.attributes),
  ]);
  expect(shown).not.toContain("41791234567");
});

test("prices, costs and counts that are no whole numbers are unknown, and poison no sum", async () => {
  await using telemetry = startTestTelemetry({
    price: ({ model }) => {
      if (model === "throws") throw new Error("no book");
      return { nanoUsd: model === "nan" ? Number.NaN : 5, source: "user" };
    },
  });
  {
    using session = telemetry.turnspan.openSession(support);
    await session.turn({}, async (turn) => {
      for (const model of ["nan", "throws", "good"]) {
        await turn.modelCall({ model }, (call) => call.response({ usage }));
      }
      await turn.modelCall({ model: "good" }, (call) =>
        call.response({ usage, costUsd: Number.NaN }),
      );
      await turn.modelCall({ model: "good" }, (call) => {
        call.response({
          get usage(): never {
            throw new Error("getter");
          },
        });
      });
    });
  }
  expect(telemetry.span("session support").attributes).toMatchObject({
    "turnspan.session.cost.usd": 10 / 1e9,
    "turnspan.session.cost.unknown_calls": 3,
    "turnspan.session.model_calls": 5,
  });
});

test("events that are no events, and times that are none, are dropped and harm nobody", async () => {
  await using telemetry = startTestTelemetry();
  const { turnspan } = telemetry;
  for (const rubbish of [
    null,
    5,
    {},
    { type: "nope", time: 1 },
    { type: "run.start", time: NaN },
  ]) {
    expect(() => void turnspan.observe(rubbish as never)).not.toThrow();
  }
  expect(telemetry.spans()).toEqual([]);
});

test("an append that rejects is no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const turnspan = createTurnspan({ append: () => Promise.reject(new Error("full")) as never });
  turnspan.openSession(support).end();
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("a subagent is known by its own name, and its spawner's session keeps its own", async () => {
  await using telemetry = startTestTelemetry();
  {
    using session = telemetry.turnspan.openSession({ ...support, agentName: "Support" });
    await session.turn({}, (turn) => turn.subagent({ agentId: "writer" }, () => undefined));
  }
  expect(telemetry.spans().map((span) => span.name)).toEqual([
    "invoke_agent writer",
    "invoke_agent Support",
    "session Support",
  ]);
});

test("redacting is quick on any text", () => {
  const began = performance.now();
  for (const text of ["3f-".repeat(100_000), "a.b".repeat(33_000), "token=".repeat(20_000)]) {
    redactText(text);
  }
  // Seconds where a look-back was unbounded; milliseconds now.
  expect(performance.now() - began).toBeLessThan(5000);
});
