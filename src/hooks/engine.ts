import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { diag } from "@opentelemetry/api";
import type { HookPort, Verdict } from "../lifecycle/hand-over.ts";
import type { LifecycleRecord } from "../lifecycle/records.ts";
import { buildPayload } from "./build-payload.ts";
import type { PayloadSources } from "./common-payload.ts";
import {
  createEntry,
  type HandlerOptions,
  type HookEntry,
  type HookHandler,
  MAX_DEPTH,
} from "./entry.ts";
import { Guards } from "./guards.ts";
import { Observers } from "./observers.ts";
import { type HookListeners, HookOutcomes } from "./outcomes.ts";
import type { AnyPayload, HookLog, SpanPayload } from "./payload.ts";
import { type HookName, hookOf, hookPoints, type SpanHookName } from "./points.ts";

export interface HookEngineOptions extends HookListeners {
  /** For all guards of one run together, in milliseconds. Default 14,000. */
  readonly guardsTimeoutMs?: number | undefined;
  /** Promises of one observer that are watched at a time; beyond, it is not called. Default 1000. */
  readonly maxInFlight?: number | undefined;
  /** Where handlers' `log` and our own complaints go. Default `diag`. */
  readonly log?: HookLog | undefined;
  /** Our own config without secrets: `context.cfg` of `session:patch` where a host gives none. Default `{}`. */
  readonly cfg?: unknown;
}

const DEFAULT_GUARDS_TIMEOUT_MS = 14_000;
const DEFAULT_MAX_IN_FLIGHT = 1000;

interface Watcher {
  readonly types: ReadonlySet<LifecycleRecord["type"]>;
  readonly see: (record: LifecycleRecord) => void;
}

type EntryLists = Record<HookName, readonly HookEntry[]>;

/** Attaches handlers to hooks and calls them. `on` may throw; everything else never does. */
export class HookEngine implements HookPort, Disposable {
  readonly log: HookLog;
  readonly #sources: PayloadSources;
  readonly #outcomes: HookOutcomes;
  readonly #guards: Guards;
  readonly #observers: Observers;
  /** How deep in hooks the running code is, also after it awaited something. */
  readonly #depth = new AsyncLocalStorage<number>();
  readonly #entries = createLists();
  readonly #watchers: Watcher[] = [];
  #attached = 0;

  constructor(options: HookEngineOptions = {}) {
    const { log = diag.createComponentLogger({ namespace: "turnspan.hooks" }), cfg = {} } = options;
    this.log = log;
    this.#sources = { log, cfg };
    this.#outcomes = new HookOutcomes(options, log);
    this.#observers = new Observers(this.#outcomes, options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT);
    const guardsTimeoutMs = options.guardsTimeoutMs ?? DEFAULT_GUARDS_TIMEOUT_MS;
    this.#guards = new Guards(this.#outcomes, this.#observers, guardsTimeoutMs);
  }

  /** Adds who is told of what handlers do. */
  connect(listeners: HookListeners): void {
    this.#outcomes.add(listeners);
  }

  get hasListeners(): boolean {
    return this.#attached > 0;
  }

  /**
   * Shows every record of these types to an observer that needs more than one hook tells, before handlers
   * are called. It is synchronous, and quick: the host waits for it.
   */
  watch(
    types: readonly LifecycleRecord["type"][],
    see: (record: LifecycleRecord) => void,
  ): Disposable {
    const watcher: Watcher = { types: new Set(types), see };
    this.#watchers.push(watcher);
    this.#attached += 1;
    return {
      [Symbol.dispose]: () => {
        const at = this.#watchers.indexOf(watcher);
        if (at === -1) return;
        this.#watchers.splice(at, 1);
        this.#attached -= 1;
      },
    };
  }

  /**
   * Attaches a handler; disposing what comes back detaches it. Throws a TypeError that lists all that
   * is wrong with the arguments.
   */
  on<H extends HookName>(
    hook: H,
    handler: HookHandler<H>,
    options: HandlerOptions<H> = {},
  ): Disposable {
    const entry = createEntry(hook, handler, options);
    // Lists are made anew here, so that a dispatch can walk its own without copying it.
    const entries = [...this.#entries[hook], entry];
    this.#entries[hook] = entries.sort((one, other) => one.priority - other.priority);
    this.#attached += 1;
    return { [Symbol.dispose]: () => this.#detach(entry) };
  }

  listens(record: LifecycleRecord): boolean {
    if (this.#attached === 0) return false;
    const hook = hookOf(record);
    if (hook !== undefined && this.#entries[hook].length > 0) return true;
    return this.#watchers.some(({ types }) => types.has(record.type));
  }

  listensTo(hook: HookName): boolean {
    return this.#attached > 0 && this.#entries[hook].length > 0;
  }

  depth(): number {
    return this.#depth.getStore() ?? 0;
  }

  dispatch(record: LifecycleRecord, at?: number): Verdict | Promise<Verdict> {
    if (this.#attached === 0) return undefined;
    if (this.#watchers.length > 0) this.#show(record);
    const hook = hookOf(record);
    if (hook === undefined) return undefined;
    const entries = this.#entries[hook];
    if (entries.length === 0) return undefined;
    try {
      const depth = at ?? this.depth();
      if (depth >= MAX_DEPTH) {
        this.#outcomes.tooDeep(hook, record);
        return undefined;
      }
      const payload = buildPayload(hook, record, this.#sources);
      if (hookPoints[hook] === "guard") {
        return inOwnScope(this.#decide, this, entries, payload, depth);
      }
      inOwnScope(this.#notify, this, entries, payload, depth);
    } catch (error) {
      this.#outcomes.broken(hook, error);
    }
    return undefined;
  }

  /** Tells handlers of another library's span. Verdicts are ignored: nobody would heed them. */
  observeSpan(hook: SpanHookName, payload: SpanPayload): void {
    const entries = this.#entries[hook];
    if (entries.length === 0) return;
    const depth = this.depth();
    if (depth >= MAX_DEPTH) this.#outcomes.dropped("hook_depth", hook);
    else inOwnScope(this.#notify, this, entries, payload, depth);
  }

  /** Waits for what observers still do: for shutdown. At the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void> {
    return this.#observers.settled(timeoutMs);
  }

  /** Detaches every handler. */
  [Symbol.dispose](): void {
    for (const entry of Object.values(this.#entries).flat()) this.#detach(entry);
  }

  #show(record: LifecycleRecord): void {
    for (const { types, see } of this.#watchers) {
      if (!types.has(record.type)) continue;
      try {
        see(record);
      } catch (error) {
        this.#outcomes.broken(record.type, error);
      }
    }
  }

  #detach(entry: HookEntry): void {
    if (!entry.active) return;
    entry.active = false;
    this.#entries[entry.hook] = this.#entries[entry.hook].filter((other) => other !== entry);
    this.#attached -= 1;
  }

  #decide(
    entries: readonly HookEntry[],
    payload: AnyPayload,
    depth: number,
  ): Verdict | Promise<Verdict> {
    this.#depth.enterWith(depth + 1);
    return this.#guards.decide(entries, payload, depth);
  }

  #notify(entries: readonly HookEntry[], payload: AnyPayload, depth: number): void {
    this.#depth.enterWith(depth + 1);
    this.#observers.notify(entries, payload, depth);
  }
}

/**
 * Runs a call with an async context of its own, which the call may enter a mark into: it is gone
 * afterwards. Does what `AsyncLocalStorage.run` does, at four fifths of its cost, since the context
 * before is put back and not made anew.
 */
function inOwnScope<T>(
  call: (this: HookEngine, entries: readonly HookEntry[], payload: AnyPayload, depth: number) => T,
  engine: HookEngine,
  entries: readonly HookEntry[],
  payload: AnyPayload,
  depth: number,
): T {
  return new AsyncResource("TurnspanHook").runInAsyncScope(call, engine, entries, payload, depth);
}

const createLists = (): EntryLists => ({
  "session:start": [],
  "session:end": [],
  "session:patch": [],
  beforeTurn: [],
  afterTurn: [],
  onTurnError: [],
  onMessageReceived: [],
  onMessageSent: [],
  onSubagentSpawned: [],
  onSubagentFinished: [],
  onSubagentKilled: [],
});
