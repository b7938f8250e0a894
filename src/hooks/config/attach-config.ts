import type { HookEngine } from "../engine.ts";
import { type HookHandler, MAX_DEPTH } from "../entry.ts";
import type { AnyPayload } from "../payload.ts";
import { type HookName, hookPoints } from "../points.ts";
import type { BudgetChecks } from "../runners/budget/checks.ts";
import { countMarks } from "../runners/command/escaped-processes.ts";
import { createRunner, type HookRunner, isAsked, type RunnerWorld } from "../runners/runner.ts";
import type { CallbackTokens } from "../runners/send/callback-tokens.ts";
import { findWorkFolder } from "../runners/work-folder.ts";
import type { ConfiguredHook } from "./configured-hook.ts";
import type { LoadedConfig } from "./load.ts";
import { compileMatcher } from "./matcher.ts";
import { type ConfigProblem, refuseProblems } from "./problems.ts";
import { type AttachOptions, createWorld, openStores } from "./runner-world.ts";

/** A config at work. Disposing it detaches its hooks and ends what they run. */
export interface AttachedConfig extends Disposable {
  readonly hooks: readonly ConfiguredHook[];
  /** What buttons stand for whose data were too long to send. */
  readonly tokens: CallbackTokens;
  /** For hosts that can stop a run between two tool calls. */
  readonly budgets: BudgetChecks;
  /** Resolves when nothing is being sent any more, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;
}

/**
 * Attaches everything that is configured to an engine, and goes on with what earlier processes had no time
 * left to send. Throws CONFIG_INVALID with everything that is not there: scripts that do not load.
 */
export async function attachConfig(
  engine: HookEngine,
  loaded: LoadedConfig,
  options: AttachOptions,
): Promise<AttachedConfig> {
  const { log = engine.log, env, now = Date.now } = options;
  if (countMarks(env) >= MAX_DEPTH) {
    log.warn(`no configured hooks: this program runs inside of ${countMarks(env)} hooks`);
    return attachConfig(engine, { ...loaded, hooks: [] }, { ...options, env: {} });
  }
  using started = new DisposableStack();
  const given = { ...options, log, now };
  const stores = await openStores(loaded, given, started);
  const watch: RunnerWorld["watch"] = (types, see) => engine.watch(types, see);
  const world = createWorld(loaded, { ...given, ...stores, watch }, started);
  const ready = loaded.hooks.map((hook) => ({ hook, runner: createRunner(hook, world) }));
  for (const { runner } of ready) started.defer(() => runner[Symbol.dispose]?.());
  refuseProblems(await prepareAll(ready));
  for (const { hook, runner } of ready) {
    const attached = attachHook(engine, hook, withTrust(hook, runner, world));
    if (attached !== undefined) started.use(attached);
  }
  if (loaded.unapproved !== undefined) log.warn(skippedText(loaded.unapproved.source));
  void world.outbox.resume();
  const { tokens, budgets, outbox } = world;
  const all = started.move();
  return {
    ...{ hooks: loaded.hooks, tokens, budgets },
    settled: (timeoutMs) => outbox.settled(timeoutMs),
    [Symbol.dispose]: () => all.dispose(),
  };
}

/** What is said of a repository's config that nobody approved. */
export const skippedText = (source: string): string =>
  `${source} is not approved as it is now, and nothing in it is used; turnspan hooks trust shows what is in it`;

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
export function withTrust(hook: ConfiguredHook, runner: HookRunner, world: RunnerWorld): Run {
  const { origin } = hook;
  const run: Run = (payload) => runner.run(payload);
  if (origin.kind !== "repository") return run;
  return async (payload) => {
    await world.verify(hook, findWorkFolder(payload, origin));
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
