import { lookup } from "node:dns/promises";
import { findDataFolder } from "../../base/data-folder.ts";
import { DeliveryQueue } from "../outbox/delivery-queue.ts";
import { openOutbox } from "../outbox/open-outbox.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { HookLog } from "../payload.ts";
import { BudgetChecks } from "../runners/budget/checks.ts";
import { type BudgetLedger, MemoryLedger } from "../runners/budget/ledger.ts";
import { SqliteLedger } from "../runners/budget/sqlite-ledger.ts";
import { CommandPool } from "../runners/command/pool.ts";
import { AllowedTargets } from "../runners/http/allowed-targets.ts";
import type { ResolveHost } from "../runners/http/pinned-post.ts";
import type { RunnerWorld } from "../runners/runner.ts";
import { CallbackTokens } from "../runners/send/callback-tokens.ts";
import type { Outlet } from "../runners/send/outlet.ts";
import { type ConnectTemporal, connectTemporal } from "../runners/temporal/client.ts";
import { findTrustProblem } from "../trust/trust.ts";
import type { HookAction } from "./configured-hook.ts";
import type { LoadedConfig } from "./load.ts";

/** What actions get from whoever attaches them. */
export interface AttachOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  /** Epoch milliseconds. Default the clock. */
  readonly now?: (() => number) | undefined;
  /** Default the engine's. */
  readonly log?: HookLog | undefined;
  /** The host's own channel to its users. */
  readonly channel?: Outlet | undefined;
  /** Default: one in the data folder, which the next start goes on with. */
  readonly outbox?: Outbox | undefined;
  /** Default: one in the data folder, which all processes share. */
  readonly ledger?: BudgetLedger | undefined;
  /** Default: the system's resolver. */
  readonly resolveHost?: ResolveHost | undefined;
  /** Default: `@temporalio/client`, where it is installed. */
  readonly connectTemporal?: ConnectTemporal | undefined;
  /** How scripts are loaded, by URL. Default `import()`. */
  readonly importModule?: ((url: string) => Promise<unknown>) | undefined;
}

/** Options with a log and a clock. */
export interface ActionOptions extends AttachOptions {
  readonly log: HookLog;
  readonly now: () => number;
}

/** Options with nothing left open. */
export interface WorldParts extends ActionOptions {
  readonly outbox: Outbox;
  readonly ledger: BudgetLedger;
  /** Where records can be seen. */
  readonly watch: RunnerWorld["watch"];
}

const SENT: ReadonlySet<HookAction["type"]> = new Set(["http", "temporal", "command"]);

/**
 * Opens what actions keep over a restart, as far as this config needs it; what was opened here is disposed
 * with `started`.
 */
export async function openStores(
  { hooks }: LoadedConfig,
  options: ActionOptions,
  started: DisposableStack,
): Promise<Pick<WorldParts, "outbox" | "ledger">> {
  const needsOutbox = hooks.some(({ action }) => SENT.has(action.type));
  const needsLedger = hooks.some(({ action }) => action.type === "budget");
  const open = async (): Promise<Outbox> =>
    started.use(needsOutbox ? await openOutbox(options) : new DeliveryQueue(options));
  const openUse = async (): Promise<BudgetLedger> =>
    needsLedger ? openLedger(options, started) : new MemoryLedger();
  // One that was given is its giver's to close.
  return { outbox: options.outbox ?? (await open()), ledger: options.ledger ?? (await openUse()) };
}

async function openLedger(
  { env, log, now }: ActionOptions,
  started: DisposableStack,
): Promise<BudgetLedger> {
  const folder = findDataFolder(env);
  if (folder === undefined) return new MemoryLedger();
  try {
    return started.use(await SqliteLedger.open(folder, now()));
  } catch (error) {
    log.warn(`budgets are counted in memory only, ${folder} cannot be used: ${error}`);
    return new MemoryLedger();
  }
}

/** What the actions of one config share. */
export function createWorld(
  { files, approved }: LoadedConfig,
  parts: WorldParts,
  started: DisposableStack,
): RunnerWorld {
  const { now, log, env, stdout, channel, ledger, outbox, watch } = parts;
  const messages = files.map(({ config }) => config.send?.defaultMessage);
  return {
    ...{ env, stdout, channel, now, log, outbox, ledger, watch },
    allowed: new AllowedTargets(files.flatMap(({ config }) => config.http?.allow ?? [])),
    resolveHost: parts.resolveHost ?? ((host) => lookup(host, { all: true })),
    // Disposed before the outbox, which takes what is left of it.
    commands: started.use(new CommandPool()),
    tokens: new CallbackTokens(now),
    defaultMessage: messages.findLast((message) => message !== undefined),
    connectTemporal: parts.connectTemporal ?? connectTemporal,
    importModule: parts.importModule ?? ((url) => import(url)),
    budgets: new BudgetChecks(),
    verify: async (hook, workFolder) => {
      const { kind, source } = hook.origin;
      if (kind !== "repository") return;
      const problem =
        approved === undefined
          ? `${source} was never approved`
          : await findTrustProblem(approved, source, hook, workFolder);
      if (problem !== undefined) throw new Error(`not run: ${problem}`);
    },
  };
}
