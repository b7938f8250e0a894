import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Decoded, decodeRequest, type OtlpBody } from "../../src/server/otlp/decode.ts";
import { RequestError, type SpanRow } from "../../src/server/otlp/rows.ts";

type Format = OtlpBody["format"];

/** Spans of the SDK itself, with everything that a span may hold. */
async function exportedSpans() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("decode", "1.2.3");
  const first = tracer.startSpan("first", { startTime: 1_795_249_275_448, kind: 2 });
  first.addEvent("happened", { why: "because" }, 1_795_249_275_449);
  first.setStatus({ code: 2, message: "too bad" });
  first.end(1_795_249_275_500);
  const second = tracer.startSpan("second 日本", {
    startTime: 1_795_249_275_600,
    links: [{ context: first.spanContext(), attributes: { kind: "after" } }],
    attributes: {
      text: "ü\u0000",
      whole: -42,
      large: Number.MAX_SAFE_INTEGER,
      half: 0.5,
      yes: true,
      list: ["a", "b"],
      constructor: "data",
    },
  });
  second.end(1_795_249_275_700);
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

const serializers = { json: JsonTraceSerializer, protobuf: ProtobufTraceSerializer } as const;

const decode = (format: Format, bytes: Uint8Array): Decoded =>
  decodeRequest({ signal: "traces", format, isGzip: false, bytes });

async function serialize(format: Format): Promise<Uint8Array> {
  const bytes = serializers[format].serializeRequest([...(await exportedSpans())]);
  if (bytes === undefined) throw new Error("nothing was serialized");
  return bytes;
}

const plain = (span: SpanRow | undefined) => ({
  name: span?.name,
  kind: span?.kind,
  startNs: span?.startNs,
  endNs: span?.endNs,
  status: [span?.status, span?.statusMessage],
  attributes: span?.attributes.names.map((name, at) => [name, span.attributes.values[at]]),
  events: span?.events.map(({ name, timeNs, attributes }) => [name, timeNs, attributes]),
  links: span?.links.map(({ attributes }) => attributes),
  scope: [span?.origin.scopeName, span?.origin.scopeVersion],
});

test.each(["json", "protobuf"] as const)(
  "%s of the SDK's own exporter is read whole",
  async (format) => {
    const { rows, rejected } = decode(format, await serialize(format));
    const [first, second] = rows.spans;
    expect(rejected).toBe(0);
    expect(plain(first)).toEqual({
      name: "first",
      kind: 3,
      startNs: 1_795_249_275_448_000_000n,
      endNs: 1_795_249_275_500_000_000n,
      status: [2, "too bad"],
      attributes: [],
      events: [["happened", 1_795_249_275_449_000_000n, { names: ["why"], values: ["because"] }]],
      links: [],
      scope: ["decode", "1.2.3"],
    });
    expect(plain(second).attributes).toEqual([
      ["text", "ü\u0000"],
      ["whole", -42],
      ["large", Number.MAX_SAFE_INTEGER],
      ["half", 0.5],
      ["yes", true],
      ["list", ["a", "b"]],
      ["constructor", "data"],
    ]);
    expect(second?.links[0]?.spanId).toEqual(first?.spanId);
    expect(second?.links[0]?.traceId).toEqual(first?.traceId);
  },
);

test("a protobuf request cut at any byte is read in part or refused, and nothing else", async () => {
  const whole = await serialize("protobuf");
  for (let length = 0; length < whole.length; length += 1) {
    const attempt = () => decode("protobuf", whole.slice(0, length));
    try {
      expect(attempt().rows.spans.length).toBeLessThanOrEqual(2);
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
    }
  }
});

test("a protobuf request with changed bytes is read or refused, and nothing else", async () => {
  const whole = await serialize("protobuf");
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        decode("protobuf", bytes);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

/** A field with contents, as protobuf writes it. */
function field(number: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) | 128);
    if (rest < 128) break;
  }
  return Uint8Array.from([number * 8 + 2, ...length, ...content]);
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const fixed64 = (number: number, value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
};
const inEnvelope = (span: Uint8Array): Uint8Array => field(1, field(2, field(2, span)));
const soundSpan = (...more: readonly Uint8Array[]): Uint8Array =>
  join(
    field(1, new Uint8Array(16).fill(1)),
    field(2, new Uint8Array(8).fill(2)),
    fixed64(7, 1_795_249_275_448_000_000n),
    ...more,
  );

test("a value nested a hundred thousand deep rejects its span and leaves the stack alone", () => {
  let value = Uint8Array.from([]);
  for (let depth = 0; depth < 1000; depth += 1) value = Uint8Array.from(field(5, field(1, value)));
  const attribute = field(9, join(field(1, Buffer.from("deep")), field(2, value)));
  const decoded = decode("protobuf", inEnvelope(soundSpan(attribute)));
  expect(decoded).toMatchObject({ accepted: 0, rejected: 1 });
  expect(decoded.problem).toContain("nested deeper");
});

test("a field that reaches into its neighbour rejects its span", () => {
  const overlong = Uint8Array.from([5 * 8 + 2, 120, 65]);
  expect(decode("protobuf", inEnvelope(soundSpan(overlong)))).toMatchObject({ rejected: 1 });
});

test("a protobuf group is refused", () => {
  expect(() => decode("protobuf", Uint8Array.from([1 * 8 + 3, 1 * 8 + 4]))).toThrow(RequestError);
});

test("wrong UTF-8 becomes U+FFFD", () => {
  const name = field(5, Uint8Array.from([0x68, 0xe9, 0x21]));
  expect(decode("protobuf", inEnvelope(soundSpan(name))).rows.spans[0]?.name).toBe("h\uFFFD!");
});

test("integers past 2^53 stay exact, as text, and __proto__ is a name like any other", () => {
  const json = {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: "01".repeat(16),
                spanId: "02".repeat(8),
                startTimeUnixNano: "1795249275448000001",
                attributes: [{ key: "__proto__", value: { intValue: "9007199254740993" } }],
              },
            ],
          },
        ],
      },
    ],
  };
  const [span] = decode("json", Buffer.from(JSON.stringify(json))).rows.spans;
  expect(span?.attributes).toEqual({ names: ["__proto__"], values: ["9007199254740993"] });
  expect(span?.startNs).toBe(1_795_249_275_448_000_001n);
  expect(span?.endNs).toBe(span?.startNs);
});

test.each(["", "[]", "null", "1", '"text"', '{"resourceSpans": 1}', "{"])(
  "%j is no request in JSON",
  (text) => {
    expect(() => decode("json", Buffer.from(text))).toThrow(RequestError);
  },
);
