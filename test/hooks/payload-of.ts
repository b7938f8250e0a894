import { HookEngine, type HookEngineOptions } from "../../src/hooks/engine.ts";
import type { HookPayloads } from "../../src/hooks/payload.ts";
import type { HookName } from "../../src/hooks/points.ts";
import type { LifecycleRecord } from "../../src/lifecycle/records.ts";

/** What a handler of the hook is called with. */
export function payloadOf<H extends HookName>(
  hook: H,
  record: LifecycleRecord,
  options: HookEngineOptions = {},
): HookPayloads[H] {
  const engine = new HookEngine(options);
  const seen: HookPayloads[H][] = [];
  engine.on<HookName>(hook, (payload) => {
    seen.push(payload as HookPayloads[H]);
  });
  void engine.dispatch(record);
  const [payload] = seen;
  if (payload === undefined) throw new Error(`${hook} was not called`);
  return payload;
}
