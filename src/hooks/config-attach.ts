import { lookup } from "node:dns/promises";
import type { LoadedConfig } from "./config.ts";
import type { ConfiguredHook } from "./config-entries.ts";
import { type ConfigProblem, refuseProblems } from "./config-problems.ts";
import type { HookEngine } from "./engine.ts";
import { type HookHandler, MAX_DEPTH } from "./entry.ts";
import { compileMatcher } from "./matcher.ts";
import type { AnyPayload, HookLog } from "./payload.ts";
import { type HookName, hookPoints } from "./points.ts";
import { AllowedTargets } from "./runners/allowed-targets.ts";
import { BudgetChecks } from "./runners/budget-checks.ts";
import { type BudgetLedger, MemoryLedger } from "./runners/budget-ledger.ts";
import { CallbackTokens } from "./runners/callback-tokens.ts";
import { CommandPool } from "./runners/command-pool.ts";
import { countMarks } from "./runners/escaped-processes.ts";
import { MemoryOutbox } from "./runners/memory-outbox.ts";
import type { Outbox } from "./runners/outbox.ts";
import type { Outlet } from "./runners/outlet.ts";
import type { ResolveHost } from "./runners/pinned-post.ts";
import { createRunner, type HookRunner, isAsked, type RunnerWorld } from "./runners/runner.ts";
import { type ConnectTemporal, connectTemporal } from "./runners/temporal-client.ts";
import { findWorkFolder } from "./runners/work-folder.ts";
import { findTrustProblem } from "./trust.ts";

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
  /** Default: one that forgets at the end of the process. */
  readonly outbox?: Outbox | undefined;
  /** Default: one that forgets at the end of the process. */
  readonly ledger?: BudgetLedger | undefined;
  /** Default: the system's resolver. */
  readonly resolveHost?: ResolveHost | undefined;
  /** Default: `@temporalio/client`, where it is installed. */
  readonly connectTemporal?: ConnectTemporal | undefined;
}

/** A config at work. Disposing it detaches its hooks and ends what they run. */
export interface AttachedConfig extends Disposable {
  readonly hooks: readonly ConfiguredHook[];
  /** What buttons stand for whose data were too long to send. */
  readonly tokens: CallbackTokens;
  /** For hosts that can stop a run between two tool calls. */
  readonly budgets: BudgetChecks;
}

/**
 * Attaches everything that is configured to an engine.
 * Throws CONFIG_INVALID with everything that is not there: scripts that do not load.
 */
export async function attachConfig(
  engine: HookEngine,
  loaded: LoadedConfig,
  options: AttachOptions,
): Promise<AttachedConfig> {
  using started = new DisposableStack();
  const { log = engine.log, env } = options;
  if (countMarks(env) >= MAX_DEPTH) {
    log.warn(`no configured hooks: this program runs inside of ${countMarks(env)} hooks`);
    return attachConfig(engine, { ...loaded, hooks: [] }, { ...options, env: {} });
  }
  const watch: RunnerWorld["watch"] = (types, see) => engine.watch(types, see);
  const world = createWorld(loaded, { ...options, log }, watch, started);
  const ready = loaded.hooks.map((hook) => ({ hook, runner: createRunner(hook, world) }));
  for (const { runner } of ready) started.defer(() => runner[Symbol.dispose]?.());
  refuseProblems(await prepareAll(ready));
  for (const { hook, runner } of ready) {
    const attached = attachHook(engine, hook, withTrust(hook, runner, loaded));
    if (attached !== undefined) started.use(attached);
  }
  if (loaded.unapproved !== undefined) world.log.warn(skippedText(loaded.unapproved.source));
  const { tokens, budgets } = world;
  const all = started.move();
  return { hooks: loaded.hooks, tokens, budgets, [Symbol.dispose]: () => all.dispose() };
}

/** What is said of a repository's config that nobody approved. */
export const skippedText = (source: string): string =>
  `${source} is not approved as it is now, and nothing in it is used; turnspan hooks trust shows what is in it`;

/** One entry's action by itself, to be tried by hand. */
export interface StartedAction extends Disposable {
  /** Whether the entry is called for such an event. */
  matches(payload: AnyPayload): boolean;
  /** What the action says of it, as a hook's handler would. */
  run(payload: AnyPayload): Promise<unknown>;
}

/** Makes the action of one entry of a config, with its trust and its filter, and attaches nothing. */
export function startAction(
  hook: ConfiguredHook,
  loaded: LoadedConfig,
  options: AttachOptions & { readonly log: HookLog },
): StartedAction {
  const started = new DisposableStack();
  const watch: RunnerWorld["watch"] = () => ({ [Symbol.dispose]: () => undefined });
  const runner = createRunner(hook, createWorld(loaded, options, watch, started));
  started.defer(() => runner[Symbol.dispose]?.());
  const run = withTrust(hook, runner, loaded);
  const matcher = compileMatcher(hook);
  return {
    matches: (payload) => matcher.never === undefined && (matcher.matches?.(payload) ?? true),
    run: async (payload) => run(payload),
    [Symbol.dispose]: () => started.dispose(),
  };
}

function createWorld(
  { files }: LoadedConfig,
  options: AttachOptions & { readonly log: HookLog },
  watch: RunnerWorld["watch"],
  started: DisposableStack,
): RunnerWorld {
  const { now = Date.now, log, env, stdout, channel, ledger, outbox } = options;
  const messages = files.map(({ config }) => config.send?.defaultMessage);
  return {
    env,
    stdout,
    channel,
    now,
    log,
    allowed: new AllowedTargets(files.flatMap(({ config }) => config.http?.allow ?? [])),
    resolveHost: options.resolveHost ?? ((host) => lookup(host, { all: true })),
    commands: started.use(new CommandPool()),
    // One that was given is its giver's to close.
    outbox: outbox ?? started.use(new MemoryOutbox({ log, now })),
    tokens: new CallbackTokens(now),
    defaultMessage: messages.findLast((message) => message !== undefined),
    connectTemporal: options.connectTemporal ?? connectTemporal,
    ledger: ledger ?? new MemoryLedger(),
    budgets: new BudgetChecks(),
    watch,
  };
}

interface Ready {
  readonly hook: ConfiguredHook;
  readonly runner: HookRunner;
}

async function prepareAll(ready: readonly Ready[]): Promise<ConfigProblem[]> {
  const results = await Promise.allSettled(ready.map(({ runner }) => runner.prepare?.()));
  return ready.flatMap(({ hook }, index): ConfigProblem[] => {
    const result = results[index];
    if (result?.status !== "rejected") return [];
    const { reason } = result;
    const message = reason instanceof Error ? reason.message : String(reason);
    return [{ source: hook.origin.source, path: `${hook.path}.${hook.action.type}`, message }];
  });
}

type Run = (payload: AnyPayload) => unknown;

/** A repository's hook is looked at again before each run: what was approved is what runs. */
function withTrust(hook: ConfiguredHook, runner: HookRunner, { approved }: LoadedConfig): Run {
  const { origin } = hook;
  const run: Run = (payload) => runner.run(payload);
  if (origin.kind !== "repository") return run;
  return async (payload) => {
    const folder = findWorkFolder(payload, origin);
    const problem =
      approved === undefined
        ? `${origin.source} was never approved`
        : await findTrustProblem(approved, origin.source, hook, folder);
    if (problem !== undefined) throw new Error(`not run: ${problem}`);
    return run(payload);
  };
}

function attachHook(engine: HookEngine, hook: ConfiguredHook, run: Run): Disposable | undefined {
  const matcher = compileMatcher(hook);
  if (matcher.never !== undefined) return undefined;
  const { name, priority, timeoutMs, onFailure } = hook;
  const isGuard = hookPoints[hook.hook] === "guard";
  return engine.on<HookName>(hook.hook, run as HookHandler<HookName>, {
    ...{ name, priority, timeoutMs, filter: matcher.matches },
    // The schema lets only guards have these.
    ...(isGuard && ({ onFailure, observes: !isAsked(hook) } as object)),
  });
}
