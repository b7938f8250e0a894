import { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { LifecycleOutputs } from "../lifecycle/outputs.ts";
import type { OpenSet } from "./open-set.ts";
import { restoreState } from "./restore.ts";

/** The host's word for the end of a session whose process died. */
const ABANDONED = "abandoned";

/**
 * Ends every session and turn that a dead writer left open: at its last sign of life, as `abandoned`, each
 * with a record, a span and its hook, as if it had ended by itself. Records go to `outputs.append`, which
 * must be the log they come from: what stands there is what another recovery would find still open.
 */
export function endAbandoned(open: OpenSet, outputs: LifecycleOutputs): void {
  if (open.size === 0) return;
  const lifecycle = new Lifecycle({}, outputs);
  restoreState(open, lifecycle.state);
  const time = open.lastSign;
  lifecycle.tell({ type: "host.stop", time, reason: ABANDONED, outcome: "abandoned" });
}
