import path from "node:path";
import type { End } from "../faults/programs/work.ts";
import { programEnvironment } from "./program-environment.ts";
import { type EndedProcess, runProcess } from "./run-process.ts";

export interface EndOptions {
  readonly end: End;
  readonly endpoint: string;
  readonly signal?: NodeJS.Signals;
  readonly protocol?: "http/json" | "http/protobuf";
  readonly lingerMs?: number;
}

export interface EndedProgram extends EndedProcess {
  /** From the program's last own step, or the signal, to its end. */
  readonly exitMs: number;
}

/** Runs a program of `test/faults/programs` against an endpoint, and ends it by the signal if one is given. */
export async function endProcess(
  program: "turnspan" | "stock-sdk",
  options: EndOptions,
): Promise<EndedProgram> {
  const { end, endpoint, signal, protocol = "http/json", lingerMs = 0 } = options;
  const file = path.resolve(import.meta.dirname, `../faults/programs/${program}.ts`);
  let readyAt = 0;
  const ended = await runProcess(process.execPath, [file], {
    env: {
      ...programEnvironment,
      END: end,
      LINGER_MS: String(lingerMs),
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    },
    when: [
      "ready",
      (kill) => {
        readyAt = performance.now();
        if (signal) kill(signal);
      },
    ],
  });
  return { ...ended, exitMs: performance.now() - readyAt };
}
