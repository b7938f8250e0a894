import { setTimeout as sleep } from "node:timers/promises";
import { answerPrompt } from "../../adapters/cli-agents/answer-prompt.ts";
import { CaptureService, type CaptureTarget } from "../../adapters/cli-agents/capture-service.ts";
import {
  type CaptureSettings,
  readCaptureSettings,
} from "../../adapters/cli-agents/capture-settings.ts";
import type { PostedEvent } from "../../adapters/cli-agents/leave-event.ts";
import type { CliAgentId } from "../../adapters/cli-agents/transcript.ts";
import { messageOf } from "../../base/errors.ts";
import type { Verdict } from "../../lifecycle/hand-over.ts";
import type { WireRecord } from "../../lifecycle/record-log.ts";
import type { Telemetry } from "../../sdk/telemetry.ts";
import type { ServerOptions } from "../../server/server-options.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";

const TICK_MS = 400;
/** A turn that began shows within a second. */
const BATCH_DELAY_MS = 200;
const FLUSH_MS = 10_000;

/** What takes the events of CLI agents. */
export interface Capture extends AsyncDisposable {
  /** Answers an agent that holds a prompt back. Rejects where the hooks are not heard in time. */
  answer(posted: PostedEvent): Promise<string>;
}

/**
 * Takes what agents' hooks leave in the data folder, for as long as the server runs. Disposing it leaves
 * sessions that run as they are: the next server goes on with them.
 */
export async function startCapture(
  otlpUrl: string,
  options: ServerOptions,
  cli: CliContext,
): Promise<Capture> {
  const { dataFolder } = options;
  const settings = await readCaptureSettings(dataFolder);
  const { content } = settings;
  const stop = new AbortController();
  const said = new Set<string>();
  const onTrouble = (error: unknown): void => {
    const text = `turnspan: capture: ${printable(messageOf(error))}\n`;
    if (!said.has(text)) cli.stderr.write(text);
    said.add(text);
  };
  const target = new ServerTarget(otlpUrl, { settings, options, cli, onTrouble });
  const service = new CaptureService({
    ...{ dataFolder, target, onTrouble, now: cli.now, signal: stop.signal },
    content: content !== "none",
  });
  // What happened while nobody looked sets off nothing now.
  const ready = service.restore().then(() => target.attachHooks());
  const running = (async () => {
    await ready;
    while (!stop.signal.aborted) {
      await service.tick();
      await sleep(TICK_MS, undefined, { signal: stop.signal });
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) onTrouble(error);
  });
  return {
    answer: (posted) => ready.then(() => answerPrompt(service, dataFolder, posted)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await target.flush();
      target.detach();
    },
  };
}

interface Destination {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly content: "none" | "local";
}

interface TargetOptions {
  readonly settings: CaptureSettings;
  readonly options: Pick<ServerOptions, "dataFolder" | "ingestTokens" | "pricesFile">;
  readonly onRecord?: (record: WireRecord) => void;
  readonly cli: CliContext;
  readonly onTrouble: (error: unknown) => void;
}

/** Sends the events of each agent to a server as that agent's own. */
export class ServerTarget implements CaptureTarget {
  readonly #otlpUrl: string;
  readonly #options: TargetOptions;
  readonly #agents = new Map<CliAgentId, Promise<Telemetry>>();
  /** The same agents at the endpoint that the user named, if any. */
  readonly #elsewhere = new Map<CliAgentId, Promise<Telemetry>>();
  readonly #hooks = new DisposableStack();
  #areHooksOn = false;

  constructor(otlpUrl: string, options: TargetOptions) {
    this.#otlpUrl = otlpUrl;
    this.#options = options;
  }

  observe(...[agent, event]: Parameters<CaptureTarget["observe"]>): Promise<Verdict> {
    const telemetry = this.#agents.get(agent) ?? this.#open(agent);
    this.#agents.set(agent, telemetry);
    const { endpoint, token } = this.#options.settings;
    if (endpoint !== undefined && !this.#elsewhere.has(agent)) {
      this.#elsewhere.set(agent, this.#connect(agent, { endpoint, token, content: "none" }));
    }
    const tell = (opened: Promise<Telemetry>): Promise<Verdict> =>
      opened
        .then(({ turnspan }) => turnspan.observe(event))
        .catch((error: unknown) => void this.#options.onTrouble(error));
    const elsewhere = this.#elsewhere.get(agent);
    if (elsewhere !== undefined) void tell(elsewhere);
    return tell(telemetry);
  }

  advance(nowMs: number): void {
    for (const telemetry of this.#all()) {
      telemetry.then(({ turnspan }) => turnspan.advance(nowMs)).catch(() => {});
    }
  }

  async flush(): Promise<boolean> {
    const opened = await Promise.all(this.#all());
    const sent = await Promise.all(opened.map((telemetry) => telemetry.forceFlush(FLUSH_MS)));
    return sent.every(Boolean);
  }

  #all(): Promise<Telemetry>[] {
    return [...this.#agents.values(), ...this.#elsewhere.values()];
  }

  /** The SDK is loaded when an agent is first heard of: most of the time nothing needs its memory. */
  async #connect(agent: CliAgentId, to: Destination): Promise<Telemetry> {
    const { createProviders } = await import("../../sdk/providers.ts");
    const { endpoint, token, content } = to;
    const { onRecord } = this.#options;
    return createProviders({
      ...{ endpoint, protocol: "http/protobuf", spans: "deferred", content },
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      ...{ serviceName: agent, host: agent, pricesFile: this.#options.options.pricesFile },
      batch: { delayMs: BATCH_DELAY_MS },
      ...(onRecord !== undefined && { onRecord }),
    });
  }

  async attachHooks(): Promise<void> {
    this.#areHooksOn = true;
    for (const telemetry of this.#agents.values()) await this.#attach(await telemetry);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map(async (telemetry) => (await telemetry).shutdown()));
  }

  detach(): void {
    this.#hooks.dispose();
  }

  async #open(agent: CliAgentId): Promise<Telemetry> {
    const { settings, options } = this.#options;
    const [token] = options.ingestTokens ?? [];
    const to = { endpoint: this.#otlpUrl, token, content: settings.content };
    const telemetry = await this.#connect(agent, to);
    if (this.#areHooksOn) await this.#attach(telemetry);
    return telemetry;
  }

  /** The user's own hooks; a config that is wrong is said, and costs nothing else. */
  async #attach({ turnspan }: Telemetry): Promise<void> {
    const { cli, options, onTrouble } = this.#options;
    const { env, stdout } = cli;
    const world = { env, stdout, cwd: options.dataFolder };
    try {
      const { attachHooks } = await import("../../hooks/attach.ts");
      this.#hooks.use(await attachHooks(turnspan.hooks, world));
    } catch (error) {
      onTrouble(error);
    }
  }
}
