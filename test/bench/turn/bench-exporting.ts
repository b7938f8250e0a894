import type { Report, Row } from "../report.ts";
import type { AgentSpec } from "./agents.ts";
import { type Comparison, compareAgents } from "./bench-turn.ts";
import { AgentWorker } from "./workers.ts";
import { SPANS } from "./workload.ts";

const TURNS = 300;

/** The agent turn on one SDK: ours beside raw OpenTelemetry by hand. */
export async function benchExporting(title: string, sdk: "2" | "3"): Promise<Report> {
  const rows: Row[] = [];
  for (const comparison of comparisonsOn(sdk)) rows.push(...(await compareAgents(comparison)));
  return { title, notes: [await describeTurn(sdk), ...NOTES], rows };
}

const NOTES = [
  "Batch processors with exporters that do nothing, a metric reader; each agent in a process of its own.",
  "That all emit the same, and that no span is lost, is checked in the same run.",
  "Of the five hooks three fire in such a turn: beforeTurn, session:patch twice, afterTurn.",
];

function comparisonsOn(sdk: "2" | "3"): Comparison[] {
  const raw: AgentSpec = { who: "raw", sdk, sampled: true, points: "all", listeners: "none" };
  const ours: AgentSpec = { ...raw, who: "ours" };
  const [ten, off] = [{ points: "ten" }, { sampled: false }] as const;
  return [
    compare([
      { name: "raw, 19 points", spec: raw },
      { name: "raw once more (noise)", spec: raw },
      { name: "no listener", spec: ours, atMost: 1.1 },
      {
        name: "5 sync listeners on each of 5 hooks",
        spec: { ...ours, listeners: "fiveEach" },
        atMost: 1.25,
      },
      { name: "1 async listener on each", spec: { ...ours, listeners: "oneAsyncEach" } },
    ]),
    compare([
      { name: "raw, 10 points", spec: { ...raw, ...ten } },
      { name: "no listener, 10 points", spec: { ...ours, ...ten }, atMost: 1.1 },
    ]),
    compare([
      { name: "raw, sampled out", spec: { ...raw, ...off } },
      { name: "no listener, sampled out", spec: { ...ours, ...off }, atMost: 1.0 },
    ]),
  ];
}

const compare = (entrants: Comparison["entrants"]): Comparison => ({
  entrants,
  turns: TURNS,
  sameOutput: true,
});

async function describeTurn(sdk: "2" | "3"): Promise<string> {
  const spec: AgentSpec = { who: "ours", sdk, sampled: true, points: "all", listeners: "none" };
  using worker = await AgentWorker.start(spec);
  const { output } = await worker.ask({ ask: "output" });
  const [logs, points] = [output?.logs.length, output?.points.length];
  return `A turn: ${SPANS} spans, 2 patches (4 span events), ${logs} log records, ${points} metric points.`;
}
