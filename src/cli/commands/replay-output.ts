import { CodedError } from "../../base/errors.ts";
import type { WireRecord } from "../../lifecycle/record-log.ts";
import { createPriceBook } from "../../pricing/price-book.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import { createFileProviders } from "../../sdk/file-providers.ts";
import { createProviders } from "../../sdk/providers.ts";
import { createTurnspan, type Turnspan } from "../../turnspan.ts";
import type { CliContext } from "../context.ts";

/** Where a replay writes. */
export interface ReplayOutput extends AsyncDisposable {
  readonly turnspan: Turnspan;
  /** Waits until what came so far is out. Throws REPLAY_FAILED where it cannot be. */
  drain(): Promise<void>;
  /** Finishes; throws what `drain` throws. */
  close(): Promise<void>;
}

export interface ReplayTarget {
  readonly out: string | undefined;
  readonly endpoint: string | undefined;
  readonly metrics: boolean;
  readonly content: "none" | "export";
}

const HOST = "openclaw";
const FLUSH_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5000;

export function openReplayOutput(
  target: ReplayTarget,
  onRecord: (record: WireRecord) => void,
  cli: CliContext,
): Promise<ReplayOutput> {
  return target.out === undefined
    ? openEndpoint(target, onRecord, cli)
    : openFile(target.out, target, onRecord, cli);
}

async function openFile(
  path: string,
  target: ReplayTarget,
  onRecord: (record: WireRecord) => void,
  cli: CliContext,
): Promise<ReplayOutput> {
  const failed = (cause: unknown): CodedError =>
    new CodedError("REPLAY_FAILED", `cannot write ${path}: ${messageOf(cause)}`, { cause });
  const prices = await createPriceBook({ userFile: findPriceFile(cli.env) });
  const { content, metrics } = target;
  const providers = await createFileProviders({ path, metrics, serviceName: HOST }).catch(
    (cause: unknown) => Promise.reject(failed(cause)),
  );
  const turnspan = createTurnspan({
    ...providers,
    spans: "deferred",
    source: "replay",
    host: HOST,
    content,
    metrics,
    onRecord,
    price: (call) => prices.price(call),
  });
  const close = async (): Promise<void> => {
    try {
      await providers[Symbol.asyncDispose]();
    } catch (cause) {
      throw failed(cause);
    }
  };
  return {
    turnspan,
    drain: () => providers.drain().catch((cause: unknown) => Promise.reject(failed(cause))),
    close,
    // After an error only the file is closed: what it says would hide that error.
    [Symbol.asyncDispose]: () => close().catch(() => {}),
  };
}

async function openEndpoint(
  target: ReplayTarget,
  onRecord: (record: WireRecord) => void,
  cli: CliContext,
): Promise<ReplayOutput> {
  const where =
    target.endpoint ?? cli.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://127.0.0.1:4318";
  await assertAnswers(where, cli);
  const telemetry = await createProviders({
    ...(target.endpoint === undefined ? {} : { endpoint: target.endpoint }),
    serviceName: HOST,
    pricesFile: findPriceFile(cli.env),
    spans: "deferred",
    source: "replay",
    host: HOST,
    content: target.content,
    metrics: target.metrics,
    onRecord,
  });
  const drain = async (): Promise<void> => {
    const sent = await telemetry.forceFlush(FLUSH_TIMEOUT_MS);
    const lost = telemetry.dropped().reduce((sum, { count }) => sum + count, 0);
    if (sent && lost === 0) return;
    throw new CodedError(
      "REPLAY_FAILED",
      `${where} did not take everything: ${lost} items were lost`,
    );
  };
  return {
    turnspan: telemetry.turnspan,
    drain,
    close: async () => {
      await drain();
      await telemetry.shutdown();
    },
    [Symbol.asyncDispose]: () => telemetry.shutdown(),
  };
}

/** Any answer will do; nobody there is said before minutes of work are lost to retries. */
async function assertAnswers(where: string, cli: CliContext): Promise<void> {
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    await cli.fetch(where, { method: "HEAD", signal });
  } catch (cause) {
    const message = `${where} does not answer: start a collector there, or write a file by --out FILE`;
    throw new CodedError("REPLAY_FAILED", message, { cause });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
