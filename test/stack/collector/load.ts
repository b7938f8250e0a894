import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export interface Sent {
  /** Ids of those that the collector answered 200. */
  readonly acknowledged: readonly string[];
  readonly refused: number;
}

export interface Load {
  /** What ids of records begin with. */
  readonly prefix: string;
  readonly perSecond: number;
  readonly count: number;
}

const BATCH = 50;
const SEND_MS = 5000;

/** Sends records over OTLP/JSON at a rate. */
export const sendRecords = (url: () => string, load: Load): Promise<Sent> => {
  const ids = Array.from({ length: load.count }, (_, at) => `${load.prefix}${at}`);
  return sendAll(ids, load.perSecond, (batch) => post(`${url()}/v1/logs`, recordsBody(batch)));
};

/** Sends failed turns, a trace each, at a rate. Their ids are made up; what is kept of them is not left to chance. */
export const sendTraces = (url: () => string, load: Omit<Load, "prefix">): Promise<Sent> => {
  const ids = Array.from({ length: load.count }, () => randomBytes(16).toString("hex"));
  return sendAll(ids, load.perSecond, (batch) => post(`${url()}/v1/traces`, spansBody(batch)));
};

/** Sends each batch once more and more until it is acknowledged, as the audit lane does. */
async function sendAll(
  ids: readonly string[],
  perSecond: number,
  sendBatch: (batch: readonly string[]) => Promise<boolean>,
): Promise<Sent> {
  let refused = 0;
  const began = performance.now();
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH);
    while (!(await sendBatch(batch))) {
      refused += 1;
      await sleep(100);
    }
    const due = began + (1000 * (from + BATCH)) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
  }
  return { acknowledged: ids, refused };
}

function post(url: string, body: object): Promise<boolean> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
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
  return { resourceLogs: [{ resource: LOAD, scopeLogs: [{ scope: SCOPE, logRecords }] }] };
}

function spansBody(traceIds: readonly string[]): object {
  const now = `${Date.now()}000000`;
  const spans = traceIds.map((traceId) => ({
    ...{ traceId, spanId: traceId.slice(16), kind: 1, name: "invoke_agent load" },
    ...{ startTimeUnixNano: now, endTimeUnixNano: now, status: { code: 2, message: "as planned" } },
    attributes: attributes({ "turnspan.kind": "turn", "turnspan.turn.outcome": "failed" }),
  }));
  return { resourceSpans: [{ resource: LOAD, scopeSpans: [{ scope: SCOPE, spans }] }] };
}

/** Attributes of text, as OTLP/JSON has them. */
export const attributes = (values: Readonly<Record<string, string>>): object[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const LOAD = { attributes: attributes({ "service.name": "load" }) };
const SCOPE = { name: "turnspan" };
