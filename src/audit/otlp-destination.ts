import { JsonLogsSerializer, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { Destination } from "./destination.ts";
import { LogRecordFactory, type OutgoingRecord } from "./otlp-records.ts";

const serializers = {
  "http/json": JsonLogsSerializer,
  "http/protobuf": ProtobufLogsSerializer,
} as const;

/** Where OTLP logs go, before it is known which log they come from. */
export interface OtlpLogTarget extends Pick<Destination, "name" | "url" | "post"> {
  readonly protocol: keyof typeof serializers;
}

/** A destination for the OTLP logs of one audit log. */
export function createOtlpDestination(target: OtlpLogTarget, writer: string): Destination {
  const { name, url, post, protocol } = target;
  const serializer = serializers[protocol];
  const factory = new LogRecordFactory(writer);
  return {
    ...{ name, url, post },
    encode: (records: readonly OutgoingRecord[]) => {
      const body = serializer.serializeRequest(records.map((record) => factory.create(record)));
      if (body === undefined) throw new TypeError("Records that OTLP cannot say");
      return body;
    },
    readRejection: (body) => {
      const { partialSuccess } = serializer.deserializeResponse(body);
      // In JSON a 64-bit number is a string.
      const count = Number(partialSuccess?.rejectedLogRecords ?? 0);
      return count > 0 ? { count, message: partialSuccess?.errorMessage ?? "" } : undefined;
    },
  };
}
