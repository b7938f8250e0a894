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
  /** Nobody knows what its model call cost. */
  readonly isUnpriced: boolean;
  readonly hasTool: boolean;
  /** How the subagent that it spawned ended, if it spawned one. */
  readonly subagent: "finished" | "killed" | undefined;
}

const AGENTS = ["coder", "planner", "researcher", "support", "writer"] as const;
const MODELS = ["large-1", "small-1"] as const;
const UNLISTED_MODEL = "unlisted-1";
/** What `play-day.ts` is told to watch, and what panels show of it. */
export const BUDGET = { name: "turns-each", turnsOfAnAgent: 1000 } as const;
export const PROJECT = "webshop";
const SESSIONS = 100;
const TURNS_OF_A_SESSION = 20;
const COSTLY_NANO_USD = 500_000_000;
const SLOW_MS = 60_000;

/** 2,000 turns in 100 sessions. `seed` parts days that are played at the same time. */
export function planDay(seed = 1, sessions = SESSIONS): readonly PlannedTurn[] {
  const random = createRandom(seed);
  return Array.from({ length: sessions * TURNS_OF_A_SESSION }, (_, n) => planTurn(random, seed, n));
}

function planTurn(random: () => number, seed: number, n: number): PlannedTurn {
  const session = Math.floor(n / TURNS_OF_A_SESSION);
  const outcome = pickOutcome(random());
  const ran = outcome !== "blocked";
  const isCostly = random() < 0.015;
  const isUnpriced = ran && !isCostly && random() < 0.02;
  const inputTokens = ran ? 500 + Math.floor(random() * 20_000) : 0;
  const nanoUsd = (isCostly ? COSTLY_NANO_USD : 1_000_000) + Math.floor(random() * 40_000_000);
  return {
    ...{ outcome, inputTokens, isUnpriced, hasTool: ran && random() < 0.5 },
    subagent: ran ? pickSubagent(random()) : undefined,
    traceId: hex(random, 32),
    runId: `day-${seed}-${n}`,
    agent: AGENTS[session % AGENTS.length] ?? "",
    sessionKey: `day-${seed}-${session}`,
    durationMs: random() < 0.01 ? SLOW_MS + 5000 : 200 + Math.floor(random() * 30_000),
    nanoUsd: ran && !isUnpriced ? nanoUsd : 0,
    cacheReadTokens: Math.floor(inputTokens / 2),
    outputTokens: ran ? 10 + Math.floor(random() * 2000) : 0,
    model: isUnpriced ? UNLISTED_MODEL : (MODELS[n % MODELS.length] ?? ""),
  };
}

function pickSubagent(at: number): PlannedTurn["subagent"] {
  if (at < 0.01) return "killed";
  return at < 0.05 ? "finished" : undefined;
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

/** Spans of its trace: the turn, its model call, its tool call, its subagent. */
export const spansOf = ({ outcome, hasTool, subagent }: PlannedTurn): number => {
  if (outcome === "blocked") return 1;
  return 2 + (hasTool ? 1 : 0) + (subagent === undefined ? 0 : 1);
};

/**
 * Records of the day: a session's start, patch, end and the failure of its hook; a turn's start and end; each
 * decision of a guard; a subagent's start and end.
 */
export const countRecords = (turns: readonly PlannedTurn[]): number =>
  4 * new Set(turns.map(({ sessionKey }) => sessionKey)).size +
  2 * turns.length +
  turns.filter(({ outcome }) => outcome === "blocked").length +
  2 * turns.filter(({ subagent }) => subagent !== undefined).length;

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
