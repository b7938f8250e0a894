/** A day of five agents, the same one each time: what is played, and what must come out of it. */
export interface PlannedTurn {
  readonly traceId: string;
  readonly runId: string;
  readonly agent: string;
  readonly sessionKey: string;
  readonly outcome: "completed" | "failed" | "blocked" | "cancelled";
  readonly durationMs: number;
  readonly nanoUsd: number;
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly model: string;
  readonly hasTool: boolean;
}

const AGENTS = ["coder", "planner", "researcher", "support", "writer"] as const;
const MODELS = ["large-1", "small-1"] as const;
const SESSIONS = 100;
const TURNS_OF_A_SESSION = 20;
const COSTLY_NANO_USD = 500_000_000;
const SLOW_MS = 60_000;

/** 2,000 turns in 100 sessions. `seed` parts days that are played at the same time. */
export function planDay(seed = 1, sessions = SESSIONS): readonly PlannedTurn[] {
  const random = createRandom(seed);
  return Array.from({ length: sessions * TURNS_OF_A_SESSION }, (_, n) => {
    const session = Math.floor(n / TURNS_OF_A_SESSION);
    const outcome = pickOutcome(random());
    const ran = outcome !== "blocked";
    const isCostly = random() < 0.015;
    const inputTokens = ran ? 500 + Math.floor(random() * 20_000) : 0;
    return {
      ...{ outcome, inputTokens, hasTool: random() < 0.5 },
      traceId: hex(random, 32),
      runId: `day-${seed}-${n}`,
      agent: AGENTS[session % AGENTS.length] ?? "",
      sessionKey: `day-${seed}-${session}`,
      durationMs: random() < 0.01 ? SLOW_MS + 5000 : 200 + Math.floor(random() * 30_000),
      nanoUsd: ran
        ? (isCostly ? COSTLY_NANO_USD : 1_000_000) + Math.floor(random() * 40_000_000)
        : 0,
      cacheReadTokens: Math.floor(inputTokens / 2),
      outputTokens: ran ? 10 + Math.floor(random() * 2000) : 0,
      model: MODELS[n % MODELS.length] ?? "",
    };
  });
}

function pickOutcome(at: number): PlannedTurn["outcome"] {
  if (at < 0.04) return "failed";
  if (at < 0.05) return "blocked";
  return at < 0.06 ? "cancelled" : "completed";
}

/** Turns that sampling must keep, whatever chance says. */
export const isAlwaysKept = (turn: PlannedTurn): boolean =>
  turn.outcome === "failed" ||
  turn.outcome === "blocked" ||
  turn.nanoUsd >= COSTLY_NANO_USD ||
  turn.durationMs >= SLOW_MS;

export const sumOf = (
  turns: readonly PlannedTurn[],
  field: "nanoUsd" | "inputTokens" | "cacheReadTokens" | "outputTokens",
): number => turns.reduce((sum, turn) => sum + turn[field], 0);

/** Spans of its trace: the turn, its model call, its tool call. */
export const spansOf = ({ outcome, hasTool }: PlannedTurn): number => {
  if (outcome === "blocked") return 1;
  return hasTool ? 3 : 2;
};

/** A linear congruential generator: the day must be the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function hex(random: () => number, digits: number): string {
  return Array.from({ length: digits / 4 }, () =>
    Math.floor(random() * 65_536)
      .toString(16)
      .padStart(4, "0"),
  ).join("");
}
