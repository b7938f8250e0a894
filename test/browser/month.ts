import { expect } from "vitest";
import { makeSpan, traceRequest } from "../server/requests.ts";
import type { TestServer } from "../support/server.ts";

const DAYS = 30;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Who called which model for which project, and about how often a day. */
const habits = [
  { agent: "coder", project: "shop", model: "claude-sonnet-4-5", calls: 5, tokens: 60_000 },
  { agent: "coder", project: "billing", model: "claude-opus-4-1", calls: 1, tokens: 25_000 },
  { agent: "reviewer", project: "shop", model: "claude-haiku-4-5", calls: 6, tokens: 40_000 },
  { agent: "reviewer", project: "billing", model: "gpt-5", calls: 2, tokens: 30_000 },
] as const;

type Habit = (typeof habits)[number];

/** Numbers from 0 to 1 that look random and are the same each time. */
const wave = (place: number): number => Math.abs(Math.sin(place * 12.9898) * 43_758.5453) % 1;

const callOf = (habit: Habit, startMs: number, size: number): object =>
  makeSpan({
    name: `chat ${habit.model}`,
    startMs,
    endMs: startMs + 2000 + size * 8000,
    status: size > 0.97 ? 2 : 0,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": habit.model.startsWith("gpt") ? "openai" : "anthropic",
      "gen_ai.request.model": habit.model,
      "gen_ai.response.model": habit.model,
      "gen_ai.agent.name": habit.agent,
      "gen_ai.usage.input_tokens": Math.round(habit.tokens * (0.4 + size)),
      "gen_ai.usage.output_tokens": Math.round(habit.tokens * 0.05 * size),
      "gen_ai.usage.cache_read.input_tokens": Math.round(habit.tokens * 0.3 * size),
      "turnspan.project": habit.project,
      "session.id": `${habit.agent} in ${habit.project}, day ${Math.floor(startMs / DAY_MS) % 100}`,
    },
  });

/** Sends the calls that two agents made in a month, as another instrumentation tells of them. */
export async function sendMonth(server: TestServer): Promise<void> {
  const nowMs = Date.now() - 2 * HOUR_MS;
  let place = 0;
  const spans = Array.from({ length: DAYS }, (_, day) =>
    habits.flatMap((habit) =>
      Array.from({ length: Math.round(habit.calls * (0.3 + wave(day + 1))) }, () => {
        place += 1;
        return callOf(habit, nowMs - day * DAY_MS - wave(place) * 6 * HOUR_MS, wave(place + 0.5));
      }),
    ),
  ).flat();
  const { status } = await server.send("traces", traceRequest(spans, "agents"));
  expect(status).toBe(200);
}
