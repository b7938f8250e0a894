import { finish } from "./report.ts";
import type { AgentSpec } from "./turn/agents.ts";
import { compareAgents } from "./turn/bench-turn.ts";

const raw: AgentSpec = {
  who: "raw",
  sdk: "none",
  sampled: true,
  points: "all",
  listeners: "none",
};

finish({
  title: "Agent turn, nobody listening and no provider",
  notes: ["Raw: the same code by hand, on what the API hands out while nothing is registered."],
  rows: await compareAgents({
    entrants: [
      { name: "raw OpenTelemetry's no-op", spec: raw },
      { name: "ours", spec: { ...raw, who: "ours" }, atMost: 0.25 },
      { name: "not instrumented at all", spec: { ...raw, who: "bare" } },
    ],
    turns: 5000,
    sameOutput: false,
  }),
});
