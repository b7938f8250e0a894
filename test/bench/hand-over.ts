/**
 * What it costs to tell hooks, listened to or not, beside hookable and tapable. Those live in a package
 * folder of their own: `npm install --prefix test/bench/peers`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { buildPayload } from "../../src/hooks/build-payload.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import { handOver } from "../../src/lifecycle/hand-over.ts";
import type { LifecycleRecord } from "../../src/lifecycle/records.ts";
import { recordOfEachHook } from "../hooks/moments.ts";
import { ratioTo, type Samples, spreadOf, timeVariants } from "./measure.ts";
import { finish, type Goal, type Row } from "./report.ts";

const COLUMN = "ns";
const ONE = "handOver, 1 observer";
const BARE = "for scale: the loop and the act alone";
/** Repeats in a batch, since one is shorter than any clock can see. */
const MANY = 2_000_000;
const SOME = 50_000;

/** A row: a batch of the same thing, and what one of it should cost at most. */
interface Entrant {
  readonly name: string;
  readonly times: number;
  readonly run: () => unknown;
  readonly atMostNs?: number;
}

const { afterTurn, beforeTurn } = recordOfEachHook();
const sources = { log: console, cfg: {} };
const seen = { turns: 0 };

/** A handler that does next to nothing. */
function count({ turnIndex }: { readonly turnIndex: number }): void {
  seen.turns += turnIndex;
}

const act = (): void => {
  seen.turns += 1;
};

/** A moment as the lifecycle tells it: asks who listens, and makes a call only then. */
function tell(engine: HookEngine, record: LifecycleRecord): void {
  if (engine.listens(record)) tellHooks(engine, record);
  else handOver(undefined, act);
}

function tellHooks(engine: HookEngine, record: LifecycleRecord): void {
  handOver({ moment: "end", dispatch: () => void engine.dispatch(record) }, act);
}

function engineWith(hook: "afterTurn" | "beforeTurn", handlers: number): HookEngine {
  const engine = new HookEngine();
  for (let made = 0; made < handlers; made += 1) engine.on(hook, (payload) => count(payload));
  return engine;
}

const telling = (engine: HookEngine, record: LifecycleRecord, times: number) => () => {
  for (let done = 0; done < times; done += 1) tell(engine, record);
};

function ourEntrants(): Entrant[] {
  const nobody = new HookEngine();
  const one = engineWith("afterTurn", 1);
  const five = engineWith("afterTurn", 5);
  const guard = engineWith("beforeTurn", 1);
  const guards = engineWith("beforeTurn", 5);
  const host = new AsyncLocalStorage<string>();
  return [
    {
      name: "handOver, nobody listens",
      times: MANY,
      // A loop of its own: where nobody listens, nothing else was ever compiled into it.
      run: () => {
        for (let done = 0; done < MANY; done += 1) {
          if (!nobody.listens(afterTurn)) handOver(undefined, act);
        }
      },
      atMostNs: 3,
    },
    { name: ONE, times: SOME, run: telling(one, afterTurn, SOME), atMostNs: 300 },
    { name: "handOver, 5 observers", times: SOME, run: telling(five, afterTurn, SOME) },
    {
      name: "handOver, 1 guard",
      times: SOME,
      run: telling(guard, beforeTurn, SOME),
      atMostNs: 300,
    },
    { name: "handOver, 5 guards", times: SOME, run: telling(guards, beforeTurn, SOME) },
    {
      name: "handOver, 1 observer, in a host's async context",
      times: SOME,
      run: () => host.run("host", telling(one, afterTurn, SOME)),
    },
  ];
}

function scaleEntrants(): Entrant[] {
  const depth = new AsyncLocalStorage<number>();
  const host = new AsyncLocalStorage<string>();
  const enter = (): void => {
    for (let done = 0; done < SOME; done += 1) depth.run(1, act);
  };
  return [
    {
      name: BARE,
      times: MANY,
      run: () => {
        for (let done = 0; done < MANY; done += 1) act();
      },
    },
    {
      name: "for scale: the payload alone",
      times: SOME,
      run: () => {
        for (let done = 0; done < SOME; done += 1) buildPayload("afterTurn", afterTurn, sources);
      },
    },
    { name: "for scale: AsyncLocalStorage.run", times: SOME, run: enter },
    {
      name: "for scale: AsyncLocalStorage.run, in a host's async context",
      times: SOME,
      run: () => host.run("host", enter),
    },
  ];
}

interface Hookable {
  hook(name: string, handler: (payload: { readonly turnIndex: number }) => void): unknown;
  callHook(name: string, payload: object): unknown;
}

interface Tapable {
  tap(name: string, handler: (payload: { readonly turnIndex: number }) => void): void;
  call(payload: object): void;
}

/** Peers get the payload ready made: building it is ours alone. */
async function peerEntrants(): Promise<Entrant[]> {
  const { resolve } = createRequire(new URL("./peers/package.json", import.meta.url));
  const hookable: { createHooks(): Hookable } = await import(resolve("hookable"));
  const tapable: { default: { SyncHook: new (args: string[]) => Tapable } } = await import(
    resolve("tapable")
  );
  const payload = buildPayload("afterTurn", afterTurn, sources);
  return [0, 1, 5].flatMap((handlers) => {
    const hooks = hookable.createHooks();
    const tapped = new tapable.default.SyncHook(["payload"]);
    for (let made = 0; made < handlers; made += 1) {
      hooks.hook("afterTurn", (given) => count(given));
      tapped.tap(`handler ${made}`, (given) => count(given));
    }
    const callHooks = (): void => {
      for (let done = 0; done < SOME; done += 1) void hooks.callHook("afterTurn", payload);
    };
    const callTapped = (): void => {
      for (let done = 0; done < MANY; done += 1) tapped.call(payload);
    };
    return [
      { name: `hookable: callHook, ${handlers} handlers`, times: SOME, run: callHooks },
      { name: `tapable: SyncHook.call, ${handlers} handlers`, times: MANY, run: callTapped },
    ];
  });
}

/** Nanoseconds of one, round by round; beyond the bare loop but for the bare loop itself. */
function toNanoseconds(entrants: readonly Entrant[], samples: Samples): Samples {
  const timesOf = ({ name, times }: Entrant): number[] =>
    (samples.get(name) ?? []).map((time) => (time * 1000) / times);
  const bare = entrants.filter(({ name }) => name === BARE).flatMap(timesOf);
  return new Map(
    entrants.map((entrant) => {
      const beyond = (ns: number, round: number): number =>
        entrant.name === BARE ? ns : ns - (bare[round] ?? 0);
      return [entrant.name, timesOf(entrant).map(beyond)];
    }),
  );
}

function rowOf({ name, atMostNs }: Entrant, nanoseconds: Samples): Row {
  const ns = spreadOf(nanoseconds.get(name) ?? []);
  const ratio = ratioTo(nanoseconds, ONE, name);
  const goal: Goal | undefined =
    atMostNs === undefined ? undefined : { column: COLUMN, atMost: atMostNs };
  return { name, figures: { [COLUMN]: ns, "ratio to 1 observer": ratio }, goal };
}

const notes = [
  "Nanoseconds beyond the bare loop. Ours include depth mark, payload and isolation of the handlers;",
  "peers get their payload ready made, isolate nothing and know no depth.",
];
const entrants = [...ourEntrants(), ...scaleEntrants()];
try {
  entrants.push(...(await peerEntrants()));
} catch {
  notes.push("Peers are not installed: npm install --prefix test/bench/peers");
}
const samples = await timeVariants(entrants, { rounds: 31, runs: 2 });
const nanoseconds = toNanoseconds(entrants, samples);
finish({
  title: "Telling hooks of one moment",
  notes,
  rows: entrants.map((entrant) => rowOf(entrant, nanoseconds)),
});
