import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { trace } from "@opentelemetry/api";
import type { AuditLane, RecoveryOutputs } from "../../src/audit/lane.ts";
import { isErrno } from "../../src/base/files.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import type { HookPayloads } from "../../src/hooks/payload.ts";
import { createTurnspan, type Turnspan, type TurnspanOptions } from "../../src/turnspan.ts";

/** An agent runtime whose records go to the audit lane. */
export function startAgent(lane: AuditLane, options: TurnspanOptions = {}): Turnspan {
  return createTurnspan({ ...options, append: (record) => void lane.append(record) });
}

/** What recovery writes to, beside the log: hooks, and spans where a tracer is given. */
export function recoverWith(
  hooks: HookEngine,
  tracer: RecoveryOutputs["tracer"] = trace.getTracer("none"),
): RecoveryOutputs {
  return {
    tracer,
    spans: "deferred",
    traceScope: "turn",
    policy: { content: "none", sessionKeys: "plain", constant: { "turnspan.source": "recovery" } },
    hooks,
  };
}

/** A hook engine that keeps what `session:end` handlers are told. */
export function listenForEnds() {
  const hooks = new HookEngine();
  const ends: HookPayloads["session:end"][] = [];
  hooks.on("session:end", (payload) => {
    ends.push(payload);
  });
  return { hooks, ends };
}

/** The audit folder as a crash of its processes would leave it now, with nobody's claim on it. */
export async function copyAsCrashed(root: string): Promise<string> {
  const copy = `${root}-crashed-${Math.random().toString(36).slice(2)}`;
  // A copy of a lock is no lock; and reading one here would release this process's own.
  const filter = (file: string): boolean => path.basename(file) !== "lock";
  for (;;) {
    try {
      await cp(root, copy, { recursive: true, filter });
      return copy;
    } catch (error) {
      // Retention deleted a segment meanwhile.
      if (!isErrno(error, "ENOENT")) throw error;
      await rm(copy, { recursive: true, force: true });
    }
  }
}
