/** What users of other libraries pay, each beside raw OpenTelemetry 2 that makes the same spans. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installPackages } from "./install.ts";
import type { Spread } from "./measure.ts";
import { finish, type Row } from "./report.ts";

const PEERS: Readonly<Record<string, string>> = {
  openinference: "OpenInference-core 2.7, withSpan",
  traceloop: "Traceloop 0.27, withWorkflow, withTask, withTool",
  langfuse: "Langfuse 5.11, startActiveObservation and update",
};

interface Found {
  readonly spans: readonly object[];
  readonly ratio: Spread;
  readonly microseconds: Spread;
  readonly rawMicroseconds: Spread;
}

function run(peer: string, mode: "exporting" | "idle", spans: readonly object[] = []): Found {
  const script = fileURLToPath(import.meta.resolve("./peer/run.ts"));
  const flags = process.argv.includes("--quick") ? ["--quick"] : [];
  const output = execFileSync(
    process.execPath,
    ["--single-threaded-gc", script, peer, mode, JSON.stringify(spans), ...flags],
    { env: { ...process.env, TRACELOOP_TELEMETRY: "false" }, stdio: ["ignore", "pipe", "ignore"] },
  ).toString();
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

async function benchPeer(peer: string, title: string): Promise<Row> {
  try {
    await installPackages(`test/bench/peers/${peer}`);
  } catch {
    return { name: title, figures: { exporting: "skipped: npm ci failed" } };
  }
  const exporting = run(peer, "exporting");
  const idle = run(peer, "idle", exporting.spans);
  return {
    name: title,
    figures: {
      exporting: exporting.ratio,
      "µs a turn": exporting.microseconds,
      "raw, µs": exporting.rawMicroseconds,
      "no provider": idle.ratio,
    },
  };
}

const rows: Row[] = [];
for (const [peer, title] of Object.entries(PEERS)) rows.push(await benchPeer(peer, title));
finish({
  title: "Peers, each against raw OpenTelemetry 2.12 in the same process",
  notes: [
    "A turn of 9 spans, no patches, points or records. The raw twin makes the very spans that the peer made,",
    "all attributes at the start. Peers do more than that: content, association properties, scrubbing.",
  ],
  rows,
});
