import { MalformedModel } from "../malformed.ts";

/** Protocol buffers' wire types that are in use: varint, 64 bit, length-delimited, 32 bit. */
export type WireType = 0 | 1 | 2 | 5;

/** One field as it lies in the file. Offsets are the file's. */
export interface WireField {
  readonly number: number;
  readonly wire: WireType;
  /** First byte of the tag. */
  readonly start: number;
  /** First byte of the payload: behind tag and length. */
  readonly at: number;
  /** Behind the payload. */
  readonly end: number;
  /** The varint, for wire type 0. */
  readonly value: number | bigint;
}

/** A tag and a length take at most this many bytes. */
export const headerLimit = 20;

interface Varint {
  readonly value: number | bigint;
  readonly length: number;
}

/**
 * The unsigned varint at `at`: at most ten bytes, at most 64 bits. A number where it fits exactly, else a bigint.
 * `base` is the file's offset of `bytes[0]`, for messages.
 */
export function readVarint(bytes: Uint8Array, at: number, base = 0): Varint {
  const first = bytes[at] ?? 128;
  if (first < 128) return { value: first, length: 1 };
  let value = 0;
  let scale = 1;
  for (let index = 0; index < 7; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw new MalformedModel("number cut off", base + at);
    value += (byte & 127) * scale;
    if (byte < 128) return { value, length: index + 1 };
    scale *= 128;
  }
  return readLongVarint(bytes, at, base, BigInt(value));
}

function readLongVarint(bytes: Uint8Array, at: number, base: number, low: bigint): Varint {
  let value = low;
  for (let index = 7; index < 10; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw new MalformedModel("number cut off", base + at);
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) {
      if (value >= 1n << 64n) break;
      return { value: value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value, length: index + 1 };
    }
  }
  throw new MalformedModel("number longer than 64 bits", base + at);
}

/** A varint as the two's complement integer that proto's int32 and int64 mean. */
export function signed(value: number | bigint): number | bigint {
  if (typeof value === "number") return value;
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= BigInt(Number.MIN_SAFE_INTEGER) && wrapped <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(wrapped)
    : wrapped;
}

/**
 * The field whose tag is at `bytes[at]`; it must end by the file's offset `limit`. Only the header need be in `bytes`.
 * Throws MalformedModel for a bad tag, a wire type out of use, or a length beyond `limit`.
 */
export function readField(bytes: Uint8Array, at: number, base: number, limit: number): WireField {
  const start = base + at;
  const tag = readVarint(bytes, at, base);
  if (typeof tag.value !== "number" || tag.value > 0xffffffff) throw new MalformedModel("bad field tag", start);
  const number = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  if (number === 0) throw new MalformedModel("field number 0", start);
  if (wire !== 0 && wire !== 1 && wire !== 2 && wire !== 5) throw new MalformedModel(`wire type ${wire}`, start);
  const next = start + tag.length;
  const varint = wire === 0 || wire === 2 ? readVarint(bytes, next - base, base) : null;
  const value = wire === 0 && varint !== null ? varint.value : 0;
  const payload = wire === 2 && varint !== null ? next + varint.length : next;
  const end = payload + payloadLength(wire, varint);
  if (end > limit) throw new MalformedModel(`field ${number} is longer than what is left`, start);
  return { number, wire, start, at: payload, end, value };
}

/** Infinite for a length that no file has. */
function payloadLength(wire: WireType, varint: Varint | null): number {
  if (varint === null) return wire === 1 ? 8 : 4;
  if (wire === 0) return varint.length;
  return typeof varint.value === "number" ? varint.value : Infinity;
}

/** Appends an unsigned varint to `out`. */
export function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

/** Tag and length of a length-delimited field. */
export function lengthHeader(number: number, length: number): Uint8Array {
  const out: number[] = [];
  pushVarint(out, number * 8 + 2);
  pushVarint(out, length);
  return Uint8Array.from(out);
}
