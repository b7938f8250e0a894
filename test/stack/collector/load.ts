import { setTimeout as sleep } from "node:timers/promises";

interface SentRecords {
  /** Ids of those that the collector answered 200. */
  readonly acknowledged: readonly string[];
  readonly refused: number;
}

const BATCH = 50;
const SEND_MS = 5000;

/**
 * Sends records over OTLP/JSON at a rate until told to stop; each batch once more and more until it is
 * acknowledged, as the audit lane does.
 */
export async function sendRecords(
  url: () => string,
  options: { readonly prefix: string; readonly perSecond: number; readonly count: number },
): Promise<SentRecords> {
  const acknowledged: string[] = [];
  let refused = 0;
  const began = performance.now();
  for (let from = 0; from < options.count; from += BATCH) {
    const ids = Array.from(
      { length: Math.min(BATCH, options.count - from) },
      (_, at) => `${options.prefix}${from + at}`,
    );
    while (!(await post(url(), ids))) {
      refused += 1;
      await sleep(100);
    }
    acknowledged.push(...ids);
    const due = began + (1000 * (from + BATCH)) / options.perSecond;
    await sleep(Math.max(0, due - performance.now()));
  }
  return { acknowledged, refused };
}

function post(url: string, ids: readonly string[]): Promise<boolean> {
  return fetch(`${url}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(recordsBody(ids)),
    signal: AbortSignal.timeout(SEND_MS),
  }).then(
    (response) => response.ok,
    () => false,
  );
}

function recordsBody(ids: readonly string[]): object {
  const timeUnixNano = `${Date.now()}000000`;
  const logRecords = ids.map((id) => ({
    timeUnixNano,
    eventName: "turnspan.message.received",
    severityNumber: 9,
    attributes: attributes({
      "turnspan.record.id": id,
      "turnspan.record.version": "1",
      "session.id": "load",
      "turnspan.session.key": "load",
      "turnspan.message.id": id,
    }),
  }));
  const resource = { attributes: attributes({ "service.name": "load" }) };
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: "turnspan" }, logRecords }] }] };
}

/** Attributes of text, as OTLP/JSON has them. */
export const attributes = (values: Readonly<Record<string, string>>): object[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
