import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, messageOf } from "../../base/errors.ts";
import type { ContentMode } from "../../lifecycle/content.ts";
import type { WireRecord } from "../../lifecycle/record-log.ts";
import { createPriceBook } from "../../pricing/price-book.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import { resolveTelemetry } from "../../sdk/config.ts";
import { showEndpoint } from "../../sdk/endpoint.ts";
import { createFileProviders } from "../../sdk/file-providers.ts";
import { createProviders } from "../../sdk/providers.ts";
import type { Telemetry } from "../../sdk/telemetry.ts";
import { createTurnspan, type Turnspan } from "../../turnspan.ts";
import type { CliContext } from "../context.ts";
import { writeTo } from "../output.ts";

/** Where a replay writes. */
export interface ReplayOutput extends AsyncDisposable {
  /** What takes the events of a host; one for each name. */
  turnspanOf(host: string): Promise<Turnspan>;
  /** Waits until what came so far is out. Throws REPLAY_FAILED where it cannot be. */
  drain(): Promise<void>;
  /** Finishes; throws what `drain` throws. */
  close(): Promise<void>;
}

export interface ReplayTarget {
  readonly out: string | undefined;
  readonly endpoint: string | undefined;
  readonly metrics: boolean;
  readonly content: ContentMode;
  /** `turnspan.source` of everything. */
  readonly source: "replay" | "import";
  readonly serviceName: string;
}

/** Events between two waits for the output: what is held in memory then is bounded by this. */
export const EVENTS_PER_DRAIN = 2000;
const FLUSH_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5000;
const INTERRUPTED_FLUSH_MS = 1800;

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
  const name = path === "-" ? "standard output" : path;
  const failed = (cause: unknown): CodedError =>
    new CodedError("REPLAY_FAILED", `cannot write ${name}: ${messageOf(cause)}`, { cause });
  const prices = await createPriceBook({ userFile: findPriceFile(cli.env) });
  const { content, metrics, source, serviceName } = target;
  const providers = await createFileProviders({
    to: path === "-" ? (text) => writeTo(cli.stdout, text) : path,
    metrics,
    serviceName,
  }).catch((cause: unknown) => Promise.reject(failed(cause)));
  const close = async (): Promise<void> => {
    try {
      await providers[Symbol.asyncDispose]();
    } catch (cause) {
      throw failed(cause);
    }
  };
  return {
    turnspanOf: eachOnce(async (host) =>
      createTurnspan({
        ...providers,
        ...{ spans: "deferred", source, host, metrics, onRecord },
        // A file may go anywhere: what is to stay with the server does not go into it.
        content: content === "local" ? "none" : content,
        price: (call) => prices.price(call),
      }),
    ),
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
  const urls = findUrls(target);
  await Promise.all(urls.map((url) => assertAnswers(url, cli)));
  const opened: Telemetry[] = [];
  const { content, metrics, source, serviceName } = target;
  const open = async (host: string): Promise<Turnspan> => {
    const telemetry = await createProviders({
      ...(target.endpoint === undefined ? {} : { endpoint: target.endpoint }),
      ...{ serviceName, spans: "deferred", source, host, content, metrics, onRecord },
      pricesFile: findPriceFile(cli.env),
    });
    opened.push(telemetry);
    return telemetry.turnspan;
  };
  const drain = async (): Promise<void> => {
    const flushed = Promise.all(opened.map((each) => each.forceFlush(FLUSH_TIMEOUT_MS)));
    const sent = await Promise.race([flushed, givenUp(cli.signal)]);
    const lost = opened
      .flatMap((each) => each.dropped())
      // What came too late for its turn is the source's doing, and no fault of the endpoint.
      .filter(({ signal }) => signal !== "events")
      .reduce((sum, { count }) => sum + count, 0);
    if (lost === 0 && sent.every(Boolean)) return;
    throw new CodedError(
      "REPLAY_FAILED",
      `${urls.map(showEndpoint).join(", ")} did not take everything: ${lost === 0 ? "not done in time" : `${lost} items were lost`}`,
    );
  };
  const shutdown = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each.shutdown()));
  };
  return {
    turnspanOf: eachOnce(open),
    drain,
    close: async () => {
      await drain();
      await shutdown();
    },
    [Symbol.asyncDispose]: shutdown,
  };
}

/** Makes one for each name, when it is first asked for. */
function eachOnce<T>(make: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
}

/** Where telemetry goes that no file takes, without what may be secret in it. */
export const findEndpoint = (given: string | undefined, { env }: CliContext): string =>
  showEndpoint(given ?? (env["OTEL_EXPORTER_OTLP_ENDPOINT"] || "http://127.0.0.1:4318"));

/** Each address once. Throws REPLAY_FAILED where nothing would be sent, which nobody would notice. */
function findUrls({ endpoint, metrics }: ReplayTarget): readonly string[] {
  const config = resolveTelemetry({ metrics, ...(endpoint !== undefined && { endpoint }) });
  const choices = Object.values(config.exporters).flat();
  const way = "or write a file by --out FILE";
  if (config.disabled) {
    const message = `OTEL_SDK_DISABLED is true, so nothing would be sent: unset it, ${way}`;
    throw new CodedError("REPLAY_FAILED", message);
  }
  if (choices.length === 0) {
    const message = `OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER are none, so nothing would be sent: unset them, ${way}`;
    throw new CodedError("REPLAY_FAILED", message);
  }
  // Nobody but gRPC answers at an address for gRPC.
  const urls = choices.flatMap((choice) =>
    choice.kind === "otlp" && choice.protocol !== "grpc" ? (choice.url ?? []) : [],
  );
  return [...new Set(urls)];
}

/** After an interrupt whoever waits is not kept for long: what is not sent by then counts as lost. */
async function givenUp(signal: AbortSignal): Promise<readonly boolean[]> {
  if (!signal.aborted) await once(signal, "abort");
  await sleep(INTERRUPTED_FLUSH_MS, undefined, { ref: false });
  return [false];
}

/** Any answer will do; nobody there is said before minutes of work are lost to retries. */
async function assertAnswers(url: string, cli: CliContext): Promise<void> {
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    await cli.fetch(url, { method: "HEAD", signal });
  } catch (cause) {
    const message = `${showEndpoint(url)} does not answer: start "turnspan up" or a collector there, or write a file by --out FILE`;
    throw new CodedError("REPLAY_FAILED", message, { cause });
  }
}
