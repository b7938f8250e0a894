import { SpanStatusCode } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { startLibrary } from "./library.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

test("another library's agent span is observed at its start and its end", () => {
  const { hooks, tracer, exported } = startLibrary();
  const seen: unknown[] = [];
  hooks.on("beforeTurn", (payload) => {
    payload.meta["seen"] = payload.name;
    seen.push(JSON.parse(JSON.stringify(payload)));
  });
  hooks.on("afterTurn", (payload) => {
    expect(payload.meta).toEqual({ seen: "invoke_agent planner" });
    seen.push(JSON.parse(JSON.stringify(payload)));
  });
  const span = tracer.startSpan("invoke_agent planner", {
    startTime: START,
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.conversation.id": "conv-1",
      "gen_ai.agent.name": "planner",
    },
  });
  span.setAttribute("gen_ai.usage.input_tokens", 12);
  span.end(START + 250);
  const { traceId, spanId } = span.spanContext();
  const common = {
    workflow: "agent",
    thirdParty: true,
    name: "invoke_agent planner",
    sessionKey: "conv-1",
    sessionId: "conv-1",
    agentId: "planner",
    traceparent: `00-${traceId}-${spanId}-01`,
  };
  const attributes = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.conversation.id": "conv-1",
    "gen_ai.agent.name": "planner",
  };
  expect(seen).toEqual([
    {
      ...common,
      hookPoint: "beforeTurn",
      timestamp: "2026-01-02T03:04:05.000Z",
      attributes,
    },
    {
      ...common,
      hookPoint: "afterTurn",
      timestamp: "2026-01-02T03:04:05.250Z",
      attributes: { ...attributes, "gen_ai.usage.input_tokens": 12 },
      durationMs: 250,
      usage: { inputTokens: 12 },
    },
  ]);
  expect(exported()).toEqual(["invoke_agent planner"]);
});

test("another library's agent span with status ERROR fires onTurnError in afterTurn's place", () => {
  const { hooks, tracer } = startLibrary();
  const seen: unknown[] = [];
  hooks.on("afterTurn", () => seen.push("afterTurn"));
  hooks.on("onTurnError", ({ thirdParty, error, errorType, sessionId }) =>
    seen.push({ thirdParty, error, errorType, sessionId }),
  );
  const span = tracer.startSpan("invoke_agent planner", {
    attributes: { "gen_ai.operation.name": "invoke_agent", "session.id": "s-9" },
  });
  span.setAttribute("error.type", "RateLimitError");
  span.setStatus({ code: SpanStatusCode.ERROR, message: "429" });
  span.end();
  expect(seen).toEqual([
    { thirdParty: true, error: "429", errorType: "RateLimitError", sessionId: "s-9" },
  ]);
});

test("a span that says only at its end that it was an agent's fires the end, and no late start", () => {
  const { hooks, tracer } = startLibrary();
  const seen: string[] = [];
  hooks.on("beforeTurn", ({ hookPoint }) => {
    seen.push(hookPoint);
  });
  hooks.on("afterTurn", ({ hookPoint }) => seen.push(hookPoint));
  const span = tracer.startSpan("my agent");
  span.setAttribute("gen_ai.operation.name", "invoke_agent");
  span.end();
  expect(seen).toEqual(["afterTurn"]);
});

test("a span named like an agent's is one as long as it says nothing else", () => {
  const { hooks, tracer } = startLibrary();
  const seen: (string | undefined)[] = [];
  hooks.on("beforeTurn", ({ name }) => {
    seen.push(name);
  });
  for (const name of ["invoke_agent", "invoke_agent a", "invoke_agents", "chat m"]) {
    tracer.startSpan(name);
  }
  tracer.startSpan("invoke_agent b", { attributes: { "gen_ai.operation.name": "chat" } });
  expect(seen).toEqual(["invoke_agent", "invoke_agent a"]);
});

test("model and tool spans of other libraries, and all spans of ours, are not observed", () => {
  const { hooks, tracer, own } = startLibrary();
  const seen: string[] = [];
  for (const hook of ["beforeTurn", "afterTurn"] as const) {
    hooks.on(hook, ({ hookPoint }) => {
      seen.push(hookPoint);
    });
  }
  for (const operation of ["chat", "execute_tool"]) {
    tracer.startSpan(operation, { attributes: { "gen_ai.operation.name": operation } }).end();
  }
  tracer.startSpan("GET /").end();
  own
    .startSpan("invoke_agent a", { attributes: { "gen_ai.operation.name": "invoke_agent" } })
    .end();
  expect(seen).toEqual([]);
});

test("a verdict about another library's span is heeded by nobody and reported to nobody", () => {
  const { hooks, tracer, findings, exported } = startLibrary();
  hooks.on("beforeTurn", () => ({ abort: true }));
  tracer.startSpan("invoke_agent a").end();
  expect(exported()).toEqual(["invoke_agent a"]);
  expect(findings).toEqual([]);
});

test("a handler that fails on another library's span is reported, under no session of ours", () => {
  const { hooks, tracer, findings, exported } = startLibrary();
  for (const hook of ["beforeTurn", "afterTurn"] as const) {
    hooks.on(hook, function broken() {
      throw new TypeError("no usage");
    });
  }
  tracer.startSpan("invoke_agent a", { attributes: { "session.id": "s-9" } }).end();
  expect(exported()).toEqual(["invoke_agent a"]);
  expect(findings.map(({ durationMs: _, ...finding }) => finding)).toEqual([
    {
      type: "hook.failure",
      hook: "beforeTurn",
      entry: "broken",
      error: "no usage",
      errorType: "TypeError",
    },
    {
      type: "hook.failure",
      hook: "afterTurn",
      entry: "broken",
      error: "no usage",
      errorType: "TypeError",
    },
  ]);
});

test("a handler may leave other libraries out", () => {
  const { hooks, tracer } = startLibrary();
  const seen: unknown[] = [];
  hooks.on("afterTurn", (payload) => seen.push(payload), {
    filter: ({ thirdParty }) => !thirdParty,
  });
  tracer.startSpan("invoke_agent a").end();
  expect(seen).toEqual([]);
});

test("a hook that starts agent spans of another library is called to depth 3", () => {
  const { hooks, tracer } = startLibrary();
  let calls = 0;
  hooks.on("beforeTurn", () => {
    calls += 1;
    tracer.startSpan("invoke_agent nested");
  });
  tracer.startSpan("invoke_agent a");
  expect(calls).toBe(3);
});

test("what a handler writes into the attributes it sees is not exported", () => {
  const { hooks, tracer } = startLibrary();
  hooks.on("beforeTurn", ({ attributes }) => {
    Object.assign(attributes ?? {}, { evil: true });
  });
  const span = tracer.startSpan("invoke_agent a");
  expect(span).not.toHaveProperty("attributes.evil");
});
