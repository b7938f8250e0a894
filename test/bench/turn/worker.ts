/**
 * One agent in a process of its own, as programs have it: told by its parent what to do. A process in
 * which several ways of instrumenting run makes them all slower, and not alike.
 */
import { timeOf } from "../measure.ts";
import { type AgentSpec, prepareAgent } from "./agents.ts";
import { readTurn, type StartAgent } from "./turn-output.ts";
import type { Answer, Question } from "./workers.ts";

const [, , spec = ""] = process.argv;
const start: StartAgent = await prepareAgent(JSON.parse(spec) as AgentSpec);

let turns = 0;
let exportedSpans = 0;
const { agent, flush } = start({
  onSpans: (batch) => {
    exportedSpans += batch.length;
  },
});

function turn(): Promise<string> {
  turns += 1;
  return agent.turn();
}

async function answer(question: Question): Promise<Answer> {
  switch (question.ask) {
    case "output":
      return { output: await readTurn(start) };
    case "time":
      return { microseconds: await timeOf(turn, question.runs) };
    case "spans":
      await flush();
      return { turns, exportedSpans };
  }
}

process.on("message", (question: Question) => {
  void answer(question).then((given) => process.send?.(given));
});
process.send?.({ ready: true });
