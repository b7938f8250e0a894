import type { Outcome } from "../../../lifecycle/events.ts";
import type { LifecycleRecord } from "../../../lifecycle/records.ts";
import type { RunState } from "../../../lifecycle/state.ts";
import { CommonPayload } from "../../common-payload.ts";
import type { BudgetAction } from "../../config/actions.ts";
import type { ConfiguredHook, HookAction } from "../../config/configured-hook.ts";
import type { GuardAnswer } from "../../entry.ts";
import type { HookLog } from "../../payload.ts";
import type { HookRunner, RunnerWorld } from "../runner.ts";
import { type BudgetOwner, describeBucket, ownerOf } from "./bucket.ts";
import type { BudgetLevel } from "./checks.ts";
import type { Bucket, BudgetLedger, BudgetState, BudgetUse, UseChange } from "./ledger.ts";
import { budgetUnits, limitStates } from "./limits.ts";

/** The records that tell what runs use and how they end. */
const WATCHED = ["call.end", "run.end", "subagent.finished", "subagent.killed"] as const;

/** Stops a run whose budget is used up. What runs use, their subagents' included, is counted as it happens. */
export function createBudgetRunner(
  action: Extract<HookAction, { type: "budget" }>,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const budget = new Budget(action, hook, world);
  const watching = world.watch(WATCHED, (record) => budget.see(record));
  const listed = world.budgets.add({
    checkRun: (runId, time) => budget.checkRun(runId, time),
    levels: (time) => budget.levels(time),
  });
  return {
    run: (payload) => {
      const record = CommonPayload.recordOf(payload);
      return record?.run === undefined ? undefined : budget.admit(record.run, record.time);
    },
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      listed[Symbol.dispose]();
    },
  };
}

/** A run that was let through, and whose budget it uses. */
interface Admitted {
  readonly owner: BudgetOwner;
  readonly time: number;
}

class Budget {
  readonly #action: BudgetAction;
  readonly #hook: ConfiguredHook;
  readonly #ledger: BudgetLedger;
  readonly #log: HookLog;
  readonly #admitted = new WeakMap<RunState, Admitted>();
  /** Runs that are not over, by id. */
  readonly #running = new Map<string, RunState>();
  /** What of a run was counted so far. */
  readonly #counted = new WeakMap<RunState, Amount>();
  readonly #warned = new Set<string>();
  /** One run of each agent: whose budgets metrics show. */
  readonly #seen = new Map<string, BudgetOwner>();

  constructor(action: BudgetAction, hook: ConfiguredHook, { ledger, log, now }: RunnerWorld) {
    this.#action = action;
    this.#hook = hook;
    this.#ledger = ledger;
    this.#log = log;
    const { id, name, origin } = hook;
    ledger.announce({ ...action, id, name, source: origin.source }, now());
  }

  /** Lets a run begin, and counts it, or says why not. */
  admit(run: RunState, time: number): GuardAnswer | undefined {
    const admitted = this.#findAdmitted(run) ?? { owner: ownerOf(run), time };
    const { owner } = admitted;
    if (this.#seen.size < MAX_SEEN) this.#seen.set(owner.agent, owner);
    const refusal = this.#ledger.atomically(() => {
      const refused = this.#check(owner, time);
      if (refused === undefined && run.kind === "turn") this.#change(owner, time, { turns: 1 });
      return refused;
    });
    if (refusal !== undefined) return refusal;
    this.#admitted.set(run, admitted);
    this.#running.set(run.runId, run);
    return undefined;
  }

  levels(time: number): BudgetLevel[] {
    const { per } = this.#action;
    if (per.includes("session") || per.includes("project")) return [];
    const isForEach = per.includes("agent");
    const owners = isForEach ? [...this.#seen.values()] : [NOBODY];
    return owners.flatMap((owner) =>
      limitStates(this.#action, this.#ledger.read(this.#bucket(owner, time), time)).map(
        ({ unit, used, limit }) => ({
          name: this.#hook.name,
          unit,
          agentId: isForEach ? owner.agent : undefined,
          used: budgetUnits[unit].toShown(used),
          limit: budgetUnits[unit].toShown(limit),
        }),
      ),
    );
  }

  /** For a run that is under way: before its next tool call. */
  checkRun(runId: string, time: number): GuardAnswer | undefined {
    const run = this.#running.get(runId);
    const admitted = run && this.#admitted.get(run);
    return admitted && this.#check(admitted.owner, time);
  }

  see(record: LifecycleRecord): void {
    const { run, time } = record;
    const admitted = run && this.#findAdmitted(run);
    if (run === undefined || admitted === undefined) return;
    this.#change(admitted.owner, time, this.#takeNew(run));
    if (record.type === "run.end" && run.kind === "turn") {
      this.#judge(record.outcome, admitted, time);
    }
    if (record.type !== "call.end") this.#running.delete(run.runId);
  }

  /** The outermost run that was admitted: this one, or one that spawned it. Those may be over. */
  #findAdmitted(run: RunState): Admitted | undefined {
    const outer = run.spawn?.run;
    return (outer && this.#findAdmitted(outer)) ?? this.#admitted.get(run);
  }

  #judge(outcome: Outcome, { owner, time: startTime }: Admitted, time: number): void {
    // Another guard stopped it after this one had let it through.
    if (outcome === "blocked") this.#change(owner, startTime, { turns: -1 });
    if (outcome === "failed") this.#change(owner, time, { consecutiveErrors: 1 });
    if (outcome === "completed") this.#change(owner, time, { consecutiveErrors: "none" });
  }

  /** What a run used since it was last counted: its totals are what everything else shows, too. */
  #takeNew(run: RunState): Amount {
    const { inputTokens, outputTokens, nanoUsd } = run.totals;
    const tokens = inputTokens + outputTokens;
    const before = this.#counted.get(run) ?? { tokens: 0, nanoUsd: 0 };
    this.#counted.set(run, { tokens, nanoUsd });
    return { tokens: tokens - before.tokens, nanoUsd: nanoUsd - before.nanoUsd };
  }

  #bucket(owner: BudgetOwner, time: number): Bucket {
    return { budget: this.#hook.id, owner: describeBucket(this.#action, owner, time) };
  }

  #change(owner: BudgetOwner, time: number, change: UseChange): void {
    const bucket = this.#bucket(owner, time);
    this.#warnOf(this.#ledger.change(bucket, change, time), bucket.owner);
  }

  #check(owner: BudgetOwner, time: number): GuardAnswer | undefined {
    const bucket = this.#bucket(owner, time);
    const [fullest] = limitStates(this.#action, this.#ledger.read(bucket, time));
    if (fullest === undefined || fullest.share < 1) return undefined;
    const reason = `budget "${this.#hook.name}" is used up: ${fullest.text} (${bucket.owner})`;
    return { abort: true, reason };
  }

  /** Once for each limit of each bucket. */
  #warnOf(state: BudgetState, bucket: string): void {
    for (const { unit, share, text } of limitStates(this.#action, state)) {
      const key = `${unit} ${bucket}`;
      if (share < this.#action.warnAt || this.#warned.has(key)) continue;
      if (this.#warned.size >= MAX_WARNED) this.#warned.clear();
      this.#warned.add(key);
      const percent = Math.floor(share * 100);
      this.#log.warn(`budget "${this.#hook.name}": ${percent} % used, ${text} (${bucket})`);
    }
  }
}

type Amount = Pick<BudgetUse, "tokens" | "nanoUsd">;

const MAX_WARNED = 10_000;
const MAX_SEEN = 100;
const NOBODY: BudgetOwner = { session: "", agent: "", project: "" };
