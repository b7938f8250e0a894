import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { EmitterKind, EmitterStats } from "../faults/programs/emit-records.ts";
import { programEnvironment } from "./program-environment.ts";

const PROGRAM = path.resolve(import.meta.dirname, "../faults/programs/emit-records.ts");

export interface EmitterOptions {
  readonly kind?: EmitterKind;
  readonly folder?: string;
  readonly urls: readonly string[];
  readonly count: number;
  /** Number of the first record. Default 0. */
  readonly from?: number;
  /** Records a second; 0: all in one tick. Default 500. */
  readonly rate?: number;
  /** How long it tries to deliver everything before it ends. Default 0. */
  readonly drainMs?: number;
  /** Whether each acknowledgement is said. Default true. */
  readonly saysAcks?: boolean;
}

export interface EndedEmitter {
  /** Numbers of the records that were acknowledged. */
  readonly acked: readonly number[];
  readonly stats: EmitterStats | undefined;
}

export interface Emitter {
  readonly process: ChildProcess;
  /** It has begun to emit. */
  readonly opened: Promise<unknown>;
  /** Rejects where it failed by itself. */
  readonly ended: Promise<EndedEmitter>;
}

/** A process that emits records; see its program. */
export function startEmitter(options: EmitterOptions): Emitter {
  const { kind = "lane", folder = "", urls, count, from = 0, rate = 500 } = options;
  const { drainMs = 0, saysAcks = true } = options;
  const child = spawn(process.execPath, [PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...programEnvironment,
      ...{ KIND: kind, FOLDER: folder, URLS: urls.join(",") },
      ...{ COUNT: String(count), FROM: String(from), RATE: String(rate) },
      ...{ DRAIN_MS: String(drainMs), SAY_ACKS: saysAcks ? "yes" : "no" },
    },
  });
  const said = Promise.all([text(child.stdout), once(child, "close")]);
  const opened = once(child.stdout, "data");
  const ended = said.then(([stdout, [code]]) => {
    // A signal is the test's own doing, and no code.
    if (code) throw new Error(`The emitter ended with ${code}`);
    return readEnd(stdout);
  });
  return { process: child, opened, ended };
}

export const runEmitter = (options: EmitterOptions): Promise<EndedEmitter> =>
  startEmitter(options).ended;

function readEnd(stdout: string): EndedEmitter {
  const stats = /^stats (.*)$/m.exec(stdout)?.[1];
  return {
    acked: [...stdout.matchAll(/^ack (\d+)$/gm)].map(([, n]) => Number(n)),
    stats: stats === undefined ? undefined : (JSON.parse(stats) as EmitterStats),
  };
}
