import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureService } from "../../adapters/cli-agents/capture-service.ts";
import { messageOf } from "../../base/errors.ts";
import { findServer } from "../../base/running-server.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output.ts";
import { costText, RecordTally, type Tally, turnsText } from "../record-tally.ts";
import { NOTICE } from "./cost-report.ts";
import { ServerTarget } from "./up-capture.ts";

export interface FlushOptions {
  readonly dataFolder: string;
  readonly endpoint: string | undefined;
  /** The run whose sessions are waited for. */
  readonly run: string;
}

const TICK_MS = 200;
/** A process that is gone is given two seconds; a turn that has stopped as much. */
const MAX_WAIT_MS = 15_000;
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

/** Sends what was captured, where nobody else on this machine does. Trouble is said and harms nothing. */
export async function flushCapture(
  { dataFolder, endpoint, run }: FlushOptions,
  cli: CliContext,
): Promise<void> {
  if (endpoint === undefined || (await isServed(dataFolder, cli))) return;
  const tally = new RecordTally();
  const onTrouble = (error: unknown): void => {
    cli.stderr.write(`turnspan: ${printable(messageOf(error))}\n`);
  };
  const target = new ServerTarget(endpoint, {
    settings: { content: "none" },
    options: { dataFolder, pricesFile: findPriceFile(cli.env) },
    onRecord: (record) => tally.add(record),
    ...{ cli, onTrouble },
  });
  const service = new CaptureService({
    ...{ dataFolder, target, onTrouble, now: cli.now, content: false },
    signal: new AbortController().signal,
  });
  await service.restore();
  const deadline = cli.now() + MAX_WAIT_MS;
  while (service.hasOpenSession(run) && cli.now() < deadline) {
    await sleep(TICK_MS);
    await service.tick();
  }
  const isSent = await target.flush();
  await target.close();
  if (!isSent) onTrouble(new Error("not all was sent: what is missing waits for the next time"));
  await tell(tally.read(), cli);
}

async function tell(tally: Tally, cli: CliContext): Promise<void> {
  const line = `${tally.sessions} sessions, turns: ${turnsText(tally) || "none"}, ${costText(tally)}`;
  cli.stderr.write(`turnspan: ${line}\n`);
  const summary = cli.env["GITHUB_STEP_SUMMARY"];
  if (summary) await appendFile(summary, `### Agent sessions\n\n${line}\n\n${NOTICE}\n`);
}
