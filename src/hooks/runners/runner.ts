import type { LifecycleRecord, RecordType } from "../../lifecycle/records.ts";
import type { ConfiguredHook, HookAction } from "../config/configured-hook.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { AnyPayload } from "../payload.ts";
import { createBudgetRunner } from "./budget/budget.ts";
import type { BudgetChecks } from "./budget/checks.ts";
import type { BudgetLedger } from "./budget/ledger.ts";
import { createCommandRunner } from "./command/command.ts";
import type { CommandPool } from "./command/pool.ts";
import { createHttpRunner } from "./http/http.ts";
import type { HttpWorld } from "./http/sender.ts";
import { createScriptRunner } from "./script.ts";
import type { CallbackTokens } from "./send/callback-tokens.ts";
import type { Outlet } from "./send/outlet.ts";
import { createSendRunner } from "./send/send.ts";
import type { ConnectTemporal } from "./temporal/client.ts";
import { createTemporalRunner } from "./temporal/temporal.ts";

/** What actions may touch of the world. One object for all entries of a config. */
export interface RunnerWorld extends HttpWorld {
  readonly commands: CommandPool;
  readonly outbox: Outbox;
  readonly tokens: CallbackTokens;
  readonly stdout: { write(text: string): unknown };
  /** The host's own channel to its users, where it has one. */
  readonly channel: Outlet | undefined;
  /** Text of messages that have only buttons. */
  readonly defaultMessage: string | undefined;
  readonly connectTemporal: ConnectTemporal;
  readonly importModule: (url: string) => Promise<unknown>;
  readonly ledger: BudgetLedger;
  readonly budgets: BudgetChecks;
  /** Rejects where the hook must not run in this folder: it is a repository's, and not as it was approved. */
  readonly verify: (hook: ConfiguredHook, workFolder: string) => Promise<void>;
  readonly watch: (
    types: readonly RecordType[],
    see: (record: LifecycleRecord) => void,
  ) => Disposable;
}

/** One entry's action, ready to be called. */
export interface HookRunner extends Partial<Disposable> {
  /** What a guard returns is its answer; what it throws or rejects with is a failure of this entry alone. */
  run(payload: AnyPayload): unknown;
  /** Loads what the action needs. Rejects where that is not there, so that a start can say so. */
  prepare?(): Promise<void>;
}

type Create<T extends HookAction["type"]> = (
  action: Extract<HookAction, { type: T }>,
  hook: ConfiguredHook,
  world: RunnerWorld,
) => HookRunner;

/** A row a kind of action. */
const runners: { readonly [T in HookAction["type"]]: Create<T> } = {
  script: createScriptRunner,
  command: createCommandRunner,
  http: createHttpRunner,
  send: createSendRunner,
  temporal: createTemporalRunner,
  budget: createBudgetRunner,
};

/** Makes the runner of an entry. */
export function createRunner(hook: ConfiguredHook, world: RunnerWorld): HookRunner {
  // The row of an action takes that action: the table's type says so, which a look-up cannot.
  const create = runners[hook.action.type] as Create<HookAction["type"]>;
  return create(hook.action as never, hook, world);
}

/** Whether a turn waits for the answer. Other actions are told of it at the same hook. */
export const isAsked = ({ action }: ConfiguredHook): boolean =>
  asked[action.type] && (action.type !== "http" || (action.format ?? "json") === "json");

const asked: Readonly<Record<HookAction["type"], boolean>> = {
  script: true,
  command: true,
  http: true,
  send: false,
  temporal: false,
  budget: true,
};
