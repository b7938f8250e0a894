import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { type OtlpSpan, parseOtlpLines } from "../support/otlp-lines.ts";
import { type EndedExample, root, runExample } from "../support/run-example.ts";

const spanOf = ({ sent }: EndedExample, name: string): OtlpSpan => {
  const [span] = parseOtlpLines(sent.text).spans.filter((one) => one.name === name);
  if (span === undefined) throw new Error(`no span "${name}" was sent`);
  return span;
};

function expectNesting(example: EndedExample): void {
  const under = (child: string, parent: string): void => {
    expect(spanOf(example, child).parentSpanId).toBe(spanOf(example, parent).spanId);
    expect(spanOf(example, child).traceId).toBe(spanOf(example, parent).traceId);
  };
  under("invoke_agent orders", "POST /ask");
  under("execute_tool find_orders", "invoke_agent orders");
  under("SELECT orders", "execute_tool find_orders");
  under("chat gpt-5-mini", "invoke_agent orders");
}

test("spans, records and metrics go through an OpenTelemetry set-up that knows nothing of us", async () => {
  const example = await runExample("examples/own-otel/main.ts");
  expect({ code: example.code, stderr: example.stderr }).toEqual({ code: 0, stderr: "" });
  expectNesting(example);
  expect(example.sent.records).toEqual([
    "session.start",
    "turnspan.turn.start",
    "turnspan.turn.end",
    "session.end",
  ]);
  expect(example.sent.metrics).toContain("turnspan.turn.count");
  expect(example.sent.metrics).toContain("turnspan.cost");
  // Hooks hear of our own runs only.
  expect(example.stdout).toMatch(
    /^beforeTurn: orders\nafterTurn: orders, 0\.000\d+ USD\nYou have 3 orders\.\n$/,
  );
});

test("the set-up of the own-otel example names nothing of ours", async () => {
  const setUp = await readFile(path.join(root, "examples/own-otel/tracing.ts"), "utf8");
  const imports = [...setUp.matchAll(/from "(.+)"/g)].map(([, specifier]) => specifier);
  expect(imports).toHaveLength(6);
  expect(imports.every((specifier) => specifier?.startsWith("@opentelemetry/"))).toBe(true);
});

test("with the hook processor, hooks hear of another library's agent spans too", async () => {
  const example = await runExample("examples/own-otel/with-hook-processor.ts");
  expect({ code: example.code, stderr: example.stderr }).toEqual({ code: 0, stderr: "" });
  expectNesting(example);
  expect(example.sent.spans).toContain("invoke_agent researcher");
  expect(example.stdout.trimEnd().split("\n")).toEqual([
    "beforeTurn: orders",
    "afterTurn: orders, undefined USD",
    "You have 3 orders.",
    "beforeTurn: researcher, another library's",
    "onTurnError: researcher, another library's: no sources found",
  ]);
});
