import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureService, type CaptureTarget } from "../../adapters/cli-agents/capture-service.ts";
import { copyRunEvents } from "../../adapters/cli-agents/run-events.ts";
import { messageOf } from "../../base/errors.ts";
import { findServer } from "../../base/running-server.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { costText, RecordTally, type Tally, turnsText } from "../record-tally.ts";
import { NOTICE } from "./cost-report.ts";
import { openTallyTarget } from "./run-tally.ts";
import { ServerTarget } from "./up-capture.ts";

export interface FlushOptions {
  readonly dataFolder: string;
  readonly endpoint: string | undefined;
  /** The run whose sessions are waited for. */
  readonly run: string;
  /** The user has had enough of it. */
  readonly signal: AbortSignal;
}

const TICK_MS = 200;
/** A process that is gone is given two seconds; a turn that has stopped as much. */
const MAX_WAIT_MS = 15_000;
/** After so long it is said what is waited for. */
const QUIET_MS = 2000;
const ANSWER_MS = 2000;

/** A server that crashed has left its address: only one that answers is there. */
async function isServed(dataFolder: string, cli: CliContext): Promise<boolean> {
  const server = findServer(dataFolder);
  if (server === undefined) return false;
  const signal = AbortSignal.timeout(ANSWER_MS);
  return cli.fetch(`${server.uiUrl}/healthz`, { signal }).then(
    () => true,
    () => false,
  );
}

/**
 * Sends what was captured, where nobody else on this machine does, and sums it up; with nowhere to send it
 * to, it only sums up where a summary is wanted. Trouble is said and harms nothing.
 */
export async function flushCapture(options: FlushOptions, cli: CliContext): Promise<void> {
  const { dataFolder, endpoint, run } = options;
  if (await isServed(dataFolder, cli)) return;
  if (endpoint !== undefined) return send(options, endpoint, cli);
  if (!cli.env["GITHUB_STEP_SUMMARY"]) return;
  // What waits for a server goes on waiting: a copy is looked at.
  await using copy = await copyRunEvents(dataFolder, run);
  const tally = new RecordTally();
  const target = await openTallyTarget((record) => tally.add(record), cli);
  await take({ ...options, dataFolder: copy.path }, target, cli);
  await tell(tally.read(), "they wait on disk for a server", cli);
}

async function send(options: FlushOptions, endpoint: string, cli: CliContext): Promise<void> {
  const { dataFolder } = options;
  const tally = new RecordTally();
  const target = new ServerTarget(endpoint, {
    settings: { content: "none" },
    options: { dataFolder, pricesFile: findPriceFile(cli.env) },
    onRecord: (record) => tally.add(record),
    ...{ cli, onTrouble: troubleOf(cli) },
  });
  await take(options, target, cli);
  const isSent = await Promise.race([target.flush(), interrupted(options.signal)]);
  await target.close();
  const missing = "not all was sent: what is missing waits for the next time";
  await tell(tally.read(), isSent ? undefined : missing, cli);
}

async function interrupted(signal: AbortSignal): Promise<false> {
  if (!signal.aborted) await once(signal, "abort");
  return false;
}

export const troubleOf =
  (cli: CliContext) =>
  (error: unknown): void => {
    cli.stderr.write(`turnspan: ${printable(messageOf(error))}\n`);
  };

/** Takes what was captured until the run's sessions have ended, within a time. */
async function take(
  { dataFolder, run, signal }: FlushOptions,
  target: CaptureTarget,
  cli: CliContext,
): Promise<void> {
  const service = new CaptureService({
    ...{ dataFolder, target, signal, now: cli.now, content: false },
    onTrouble: troubleOf(cli),
  });
  try {
    await service.restore();
    for (let waitedMs = 0; service.hasOpenSession(run) && waitedMs < MAX_WAIT_MS; ) {
      if (waitedMs === QUIET_MS) cli.stderr.write("turnspan: waits for the agent's last words\n");
      await sleep(TICK_MS, undefined, { signal });
      waitedMs += TICK_MS;
      await service.tick();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    cli.stderr.write("turnspan: interrupted; what was not sent waits for the next time\n");
  }
}

async function tell(tally: Tally, remark: string | undefined, cli: CliContext): Promise<void> {
  const line = `${tally.sessions} sessions, turns: ${turnsText(tally) || "none"}, ${costText(tally)}`;
  cli.stderr.write(`turnspan: ${line}${remark === undefined ? "" : `; ${remark}`}\n`);
  const summary = cli.env["GITHUB_STEP_SUMMARY"];
  if (!summary) return;
  await appendFile(summary, `### Agent sessions\n\n${line}\n\n${NOTICE}\n`).catch(troubleOf(cli));
}
