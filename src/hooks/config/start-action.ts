import { DeliveryQueue } from "../outbox/delivery-queue.ts";
import type { AnyPayload } from "../payload.ts";
import { MemoryLedger } from "../runners/budget/ledger.ts";
import { createRunner, type RunnerWorld } from "../runners/runner.ts";
import { withTrust } from "./attach-config.ts";
import type { ConfiguredHook } from "./configured-hook.ts";
import type { LoadedConfig } from "./load.ts";
import { compileMatcher } from "./matcher.ts";
import { type ActionOptions, createWorld } from "./runner-world.ts";

/** One entry's action by itself, to be tried by hand. */
export interface StartedAction extends Disposable {
  /** Whether the entry is called for such an event. */
  matches(payload: AnyPayload): boolean;
  /** What the action says of it, as a hook's handler would. */
  run(payload: AnyPayload): Promise<unknown>;
}

/**
 * Makes the action of one entry of a config, with its trust and its filter, and attaches nothing. What it
 * sends is tried once; what it counts is forgotten.
 */
export function startAction(
  hook: ConfiguredHook,
  loaded: LoadedConfig,
  options: ActionOptions,
): StartedAction {
  const started = new DisposableStack();
  const watch: RunnerWorld["watch"] = () => ({ [Symbol.dispose]: () => undefined });
  const outbox = started.use(new DeliveryQueue(options));
  const parts = { ...options, outbox, ledger: new MemoryLedger(), watch };
  const world = createWorld(loaded, parts, started);
  const runner = createRunner(hook, world);
  started.defer(() => runner[Symbol.dispose]?.());
  const run = withTrust(hook, runner, world);
  const matcher = compileMatcher(hook);
  return {
    matches: (payload) => matcher.never === undefined && (matcher.matches?.(payload) ?? true),
    run: async (payload) => run(payload),
    [Symbol.dispose]: () => started.dispose(),
  };
}
