import { randomBytes } from "node:crypto";
import { attributes } from "./load.ts";

export interface Planted {
  readonly traceId: string;
  readonly recordId: string;
  readonly traces: RequestInit;
  readonly logs: RequestInit;
  readonly secrets: readonly string[];
  readonly content: string;
  readonly harmless: string;
}

/** A failed span of another instrumentation and a record, with secrets wherever text may stand, and content. */
export function plant(): Planted {
  const traceId = randomBytes(16).toString("hex");
  const recordId = `planted-${traceId}`;
  const secret = (prefix: string): string => `${prefix}${randomBytes(18).toString("hex")}`;
  const [inName, inStatus, inValue, inEvent, inKey, inResource] = [
    ...[secret("sk-"), secret("ghp_"), secret("sk-ant-"), secret("xoxb-")],
    ...[secret("plain"), secret("sk-")],
  ] as const;
  const [inBody, inRecord] = [secret("ghp_"), secret("sk-")];
  const content = secret("What the user asked ");
  const harmless = secret("harmless");
  const now = `${Date.now()}000000`;
  const span = {
    ...{ traceId, spanId: randomBytes(8).toString("hex"), kind: 1, name: `call ${inName}` },
    ...{ startTimeUnixNano: now, endTimeUnixNano: now },
    status: { code: 2, message: `refused ${inStatus}` },
    attributes: attributes({
      ...{ note: `uses ${inValue}`, "db.password": inKey, plain: harmless },
      ...{ "gen_ai.operation.name": "chat", "gen_ai.input.messages": content },
      ...{ "gen_ai.prompt.0.content": content, "input.value": content },
    }),
    events: [
      {
        ...{ timeUnixNano: now, name: "gen_ai.user.message" },
        attributes: attributes({ content, token: inEvent }),
      },
    ],
  };
  const resource = { attributes: attributes({ "service.name": "planted", args: inResource }) };
  const record = {
    ...{ timeUnixNano: now, eventName: "turnspan.message.received" },
    body: { stringValue: `refused ${inBody}` },
    attributes: attributes({ "turnspan.record.id": recordId, note: `${harmless} ${inRecord}` }),
  };
  return {
    ...{ traceId, recordId, content, harmless },
    secrets: [inName, inStatus, inValue, inEvent, inKey, inResource, inBody, inRecord].filter(
      (text) => text !== undefined,
    ),
    traces: post({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
    logs: post({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }),
  };
}

const post = (body: object): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
