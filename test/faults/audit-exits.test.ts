import path from "node:path";
import { expect, test } from "vitest";
import { makeAuditFolder } from "../support/audit-lane.ts";
import { startAuditReceiver } from "../support/audit-receiver.ts";
import { endProcess } from "../support/end-process.ts";
import { report, within } from "../support/fault-scale.ts";
import { findClosedPort, startOtlpSink } from "../support/otlp-sink.ts";
import { programEnvironment } from "../support/program-environment.ts";
import { runProcess } from "../support/run-process.ts";
import type { AuditedEnd } from "./programs/audited-exit.ts";

const PROGRAM = path.resolve(import.meta.dirname, "programs/audited-exit.ts");

interface Way {
  readonly end: AuditedEnd;
  readonly signal?: NodeJS.Signals;
  readonly flags?: readonly string[];
  /** No code of the process runs at its end: what was recorded a moment before is not safe yet. */
  readonly isSudden?: true;
}

const WAYS = {
  "its natural end": { end: "natural" },
  "process.exit": { end: "process.exit" },
  "an error that nobody catches": { end: "throw" },
  "a rejection that nobody handles": { end: "rejection" },
  SIGTERM: { end: "signal", signal: "SIGTERM" },
  SIGINT: { end: "signal", signal: "SIGINT" },
  SIGHUP: { end: "signal", signal: "SIGHUP", isSudden: true },
  "running out of memory": {
    end: "out-of-memory",
    flags: ["--max-old-space-size=64"],
    isSudden: true,
  },
  "the end of a worker thread": { end: "worker" },
} as const satisfies Record<string, Way>;

async function runExit(
  { end, signal, flags = [] }: Omit<Way, "end"> & { end: string },
  folder: string,
  url: string,
) {
  let readyAt = 0;
  const ended = await runProcess(process.execPath, [...flags, PROGRAM], {
    env: {
      ...programEnvironment,
      END: end,
      FOLDER: folder,
      RECEIVER: url,
    },
    timeout: 90_000,
    when: [
      "ready",
      (kill) => {
        readyAt = performance.now();
        if (signal) kill(signal);
      },
    ],
  });
  const said = [...ended.stdout.matchAll(/^said (\S+)$/gm)].map(([, id]) => id);
  const safe = Number(/^safe (\d+)$/m.exec(ended.stdout)?.[1]);
  return { ...ended, said, safe, exitMs: performance.now() - readyAt };
}

for (const [name, way] of Object.entries<Way>(WAYS)) {
  test(
    `at ${name}, the receiver away, nothing is lost, and the next start delivers it`,
    within({ minutes: 3 }),
    async () => {
      await using folder = await makeAuditFolder();
      const dead = `http://127.0.0.1:${await findClosedPort()}/v1/logs`;
      const ended = await runExit(way, folder.path, dead);
      expect(ended.safe, ended.stderr).toBeGreaterThan(10);
      await using receiver = await startAuditReceiver();
      const next = await runExit({ end: "next" }, folder.path, receiver.url);
      expect(next.code, next.stderr).toBe(0);
      const arrived = receiver.ids();
      const expected = way.isSudden ? ended.said.slice(0, ended.safe) : ended.said;
      report(`exit by ${name}`, {
        recorded: ended.said.length,
        safeBefore: ended.safe,
        arrived: arrived.length,
        exitMs: ended.exitMs.toFixed(0),
      });
      expect(expected.filter((id) => !arrived.includes(id ?? ""))).toEqual([]);
      const ends = receiver.accepted.filter(({ eventName }) => eventName === "session.end");
      expect(ends).toHaveLength(1);
    },
  );
}

test(
  "what the stock SDK had at its end no next start delivers: the control",
  within({ minutes: 3 }),
  async () => {
    const dead = `http://127.0.0.1:${await findClosedPort()}`;
    await endProcess("stock-sdk", { end: "dispose", endpoint: dead });
    await using sink = await startOtlpSink();
    await endProcess("stock-sdk", { end: "dispose", endpoint: sink.url });
    // Ten of the second process; of the first one nothing.
    expect(sink.names("logs")).toHaveLength(10);
  },
);
