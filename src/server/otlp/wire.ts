import { readText } from "./known-texts.ts";
import { RequestError } from "./rows.ts";

const malformed = (what: string): RequestError => new RequestError(400, `no protobuf: ${what}`);

const TWO_32 = 2 ** 32;

/**
 * Reads protobuf's wire format at a moving position. Every length is checked against the end of the message
 * that holds it, so that no field reaches into its neighbour.
 */
export class WireReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** An unsigned varint of up to 32 bits; more are cut off, as protobuf wants it for tags and enums. */
  varint(end: number): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw malformed("a number is cut off");
      const byte = bytes[this.at++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed("a number is longer than 10 bytes");
  }

  /** A signed 64-bit varint; past 2^53 as decimal text, because a double would round it. */
  int64(end: number): number | string {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw malformed("a number is cut off");
      const byte = this.bytes[this.at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else high += bits * 2 ** (shift - 28);
      if (byte < 0x80) return toInt64(low + (high % 16) * 2 ** 28, Math.floor(high / 16));
    }
    throw malformed("a number is longer than 10 bytes");
  }

  /** Enters a length-delimited field; returns where it ends. */
  enter(end: number): number {
    const length = this.varint(end);
    const inner = this.at + length;
    if (inner > end) throw malformed("a field is longer than what holds it");
    return inner;
  }

  fixed64(end: number): bigint {
    if (this.at + 8 > end) throw malformed("a number is cut off");
    const value = this.bytes.readBigUInt64LE(this.at);
    this.at += 8;
    return value;
  }

  double(end: number): number {
    if (this.at + 8 > end) throw malformed("a number is cut off");
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** Text of a length-delimited field. Wrong UTF-8 becomes U+FFFD: a batch is worth more than a byte. */
  text(end: number): string {
    const inner = this.enter(end);
    const value = readText(this.bytes, this.at, inner);
    this.at = inner;
    return value;
  }

  /** A copy: the request's memory must not live as long as an id. */
  copyBytes(end: number): Buffer {
    const inner = this.enter(end);
    const value = Buffer.allocUnsafe(inner - this.at);
    this.bytes.copy(value, 0, this.at, inner);
    this.at = inner;
    return value;
  }

  /** Skips the field that a tag announced. */
  skip(tag: number, end: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.int64(end);
    else if (wireType === 1) this.#jump(8, end);
    else if (wireType === 2) this.at = this.enter(end);
    else if (wireType === 5) this.#jump(4, end);
    // Groups (3, 4) are not in OTLP, and nest without a bound.
    else throw malformed(`wire type ${wireType}`);
  }

  #jump(length: number, end: number): void {
    if (this.at + length > end) throw malformed("a number is cut off");
    this.at += length;
  }
}

function toInt64(low: number, high: number): number | string {
  const isNegative = high >= TWO_32 / 2;
  const value = (isNegative ? high - TWO_32 : high) * TWO_32 + low;
  if (Number.isSafeInteger(value)) return value;
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
}

/** The tag of a field with its wire type: `field` and type 2 are the commonest. */
export const tagOf = (field: number, wireType: 0 | 1 | 2 | 5): number => field * 8 + wireType;
