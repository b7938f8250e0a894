import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AgentSpec } from "./agents.ts";
import type { TurnOutput } from "./turn-output.ts";

export type Question =
  | { readonly ask: "output" }
  | { readonly ask: "time"; readonly runs: number }
  | { readonly ask: "spans" };

export interface Answer {
  readonly output?: TurnOutput;
  readonly microseconds?: number;
  readonly turns?: number;
  readonly exportedSpans?: number;
}

/** An agent in a process of its own. */
export class AgentWorker implements Disposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(spec: AgentSpec): Promise<AgentWorker> {
    const preload = spec.sdk === "2" ? ["--import", import.meta.resolve("./api-1.9.ts")] : [];
    const worker = fileURLToPath(import.meta.resolve("./worker.ts"));
    const child = fork(worker, [JSON.stringify(spec)], {
      execArgv: ["--single-threaded-gc", ...preload],
    });
    await nextMessage(child);
    return new AgentWorker(child);
  }

  async ask(question: Question): Promise<Answer> {
    const answer = nextMessage(this.#child);
    this.#child.send(question);
    return await answer;
  }

  async time(runs: number): Promise<number> {
    const { microseconds = Number.NaN } = await this.ask({ ask: "time", runs });
    return microseconds;
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

function nextMessage(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void =>
      reject(new Error(`an agent's process ended with code ${code}`));
    child.once("exit", fail);
    child.once("message", (message) => {
      child.off("exit", fail);
      resolve(message as Answer);
    });
  });
}
