import { type AttachedConfig, attachConfig } from "../../src/hooks/config/attach-config.ts";
import type { ConfigOrigin } from "../../src/hooks/config/configured-hook.ts";
import { checkConfig, joinConfigs, type LoadedConfig } from "../../src/hooks/config/load.ts";
import { problemsText } from "../../src/hooks/config/problems.ts";
import type { AttachOptions } from "../../src/hooks/config/runner-world.ts";
import { HooksConfig, type HooksConfigInput } from "../../src/hooks/config/schema.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import { DeliveryQueue } from "../../src/hooks/outbox/delivery-queue.ts";
import type { HookFinding } from "../../src/hooks/outcomes.ts";
import type { HookLog } from "../../src/hooks/payload.ts";
import { MemoryLedger } from "../../src/hooks/runners/budget/ledger.ts";
import { createTurnspan, type Turnspan } from "../../src/turnspan.ts";

/** A log that keeps its lines, as `level text`. */
export function createTestLog(): HookLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return {
    lines,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

export interface ConfiguredOptions extends Partial<AttachOptions> {
  /** Where the config lies; its scripts and commands begin there. */
  readonly folder?: string;
}

/** A config as its program's own, without looking at any usual place. */
async function loadGiven(raw: HooksConfigInput, folder: string): Promise<LoadedConfig> {
  const origin: ConfigOrigin = { kind: "code", source: "config.json", folder };
  const { config, problems } = await checkConfig(HooksConfig, raw, origin);
  if (config === undefined) throw new Error(problemsText(problems));
  return joinConfigs([{ origin, text: "", config, raw }]);
}

export interface Configured extends Disposable {
  readonly turnspan: Turnspan;
  readonly engine: HookEngine;
  readonly attached: AttachedConfig;
  readonly findings: HookFinding[];
  readonly log: ReturnType<typeof createTestLog>;
  /** What `stdout` outlets wrote. */
  readonly written: string[];
  /** Waits for what observers do. */
  settled(): Promise<void>;
}

/** A Turnspan with the hooks of a config and nothing else of this machine. */
export async function startConfigured(
  raw: HooksConfigInput | LoadedConfig,
  { folder = "/", ...options }: ConfiguredOptions = {},
): Promise<Configured> {
  const log = createTestLog();
  const findings: HookFinding[] = [];
  const written: string[] = [];
  const engine = new HookEngine({ log, report: (finding) => findings.push(finding) });
  const loaded = "files" in raw ? raw : await loadGiven(raw, folder);
  const attached = await attachConfig(engine, loaded, {
    env: { PATH: process.env["PATH"], HOME: folder },
    stdout: { write: (text) => written.push(text) },
    // Nothing of this machine, and nothing that stays.
    outbox: new DeliveryQueue({ log, now: options.now ?? Date.now }),
    ledger: new MemoryLedger(),
    ...options,
  });
  return {
    turnspan: createTurnspan({ hooks: engine, onRecord: () => undefined }),
    engine,
    attached,
    findings,
    log,
    written,
    settled: async () => {
      await engine.settled(60_000);
      await attached.settled(60_000);
    },
    [Symbol.dispose]: () => attached[Symbol.dispose](),
  };
}
