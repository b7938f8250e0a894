import type { ServerResponse } from "node:http";
import { httpAgentFactoryFromOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import type { OtlpLogTarget } from "../../src/audit/otlp-destination.ts";
import { OtlpHttpClient, type OtlpHttpOptions } from "../../src/sdk/otlp-client.ts";
import { type OtlpSink, startOtlpSink } from "./otlp-sink.ts";

/** A log record as it arrived. */
export interface ArrivedRecord {
  readonly eventName: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly timeUnixNano: string;
}

/** How a request is answered. Without a status: not at all, the connection breaks. */
export interface ReceiverAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface AuditReceiver extends AsyncDisposable {
  readonly url: string;
  /** Every record of every request that was answered with success, repeated where it came again. */
  readonly accepted: readonly ArrivedRecord[];
  /** Records of each request, whatever the answer. */
  readonly requests: readonly (readonly ArrivedRecord[])[];
  /** Ids of the records accepted, in the order in which each came first. */
  ids(): string[];
  answer: (records: readonly ArrivedRecord[], nth: number) => ReceiverAnswer;
}

const OK: ReceiverAnswer = { status: 200, body: "{}" };

/** A real OTLP/HTTP receiver of logs in JSON that answers as it is told; by default it takes everything. Other signals are always taken. */
export async function startAuditReceiver(
  answer: AuditReceiver["answer"] = () => OK,
  port?: number,
): Promise<AuditReceiver> {
  const accepted: ArrivedRecord[] = [];
  const requests: ArrivedRecord[][] = [];
  const sink: OtlpSink = await startOtlpSink({
    answer: (response, { body, signal }) => {
      // Traces and metrics come too where a whole SDK sends; they are no concern of this one.
      if (signal !== "logs") return reply(response, OK);
      const records = readRecords(body);
      const said = receiver.answer(records, requests.push(records) - 1);
      if (said.status !== undefined && said.status < 300) accepted.push(...records);
      reply(response, said);
    },
    ...(port !== undefined && { port }),
  });
  const receiver: AuditReceiver = {
    url: `${sink.url}/v1/logs`,
    accepted,
    requests,
    ids: () => [...new Set(accepted.map(recordId))],
    answer,
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  };
  return receiver;
}

function reply(response: ServerResponse, { status, headers, body }: ReceiverAnswer): void {
  if (status === undefined) response.socket?.destroy();
  else response.writeHead(status, headers).end(body);
}

export const recordId = ({ attributes }: ArrivedRecord): string =>
  String(attributes["turnspan.record.id"]);

export const recordSeq = ({ attributes }: ArrivedRecord): number =>
  Number(attributes["turnspan.audit.seq"]);

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const readAttributes = (attributes: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

interface LogsRequest {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes?: readonly KeyValue[] };
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly eventName: string;
        readonly timeUnixNano: string;
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

function readRecords(body: Buffer): ArrivedRecord[] {
  const { resourceLogs } = JSON.parse(body.toString()) as LogsRequest;
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ eventName, timeUnixNano, attributes }) => ({
        eventName,
        timeUnixNano,
        attributes: readAttributes(attributes),
        resource: readAttributes(resource.attributes),
      })),
    ),
  );
}

const CONTENT_TYPES = {
  "http/json": "application/json",
  "http/protobuf": "application/x-protobuf",
} as const;

/** Where the audit lane delivers to in tests, over the client that is used for real. */
export function createTarget(
  url: string,
  name = "test",
  protocol: OtlpLogTarget["protocol"] = "http/json",
): OtlpLogTarget {
  const client = new OtlpHttpClient({
    url,
    timeoutMillis: 10_000,
    compression: "none" as OtlpHttpOptions["compression"],
    concurrencyLimit: 30,
    headers: async () => ({ "Content-Type": CONTENT_TYPES[protocol] }),
    agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
  });
  return {
    ...{ name, url, protocol },
    post: (body, signal) => client.post(body, signal),
  };
}
