import { bytesOf, type DType, elementCount } from "../graph/dtype.ts";
import { toBFloat16, toFloat16 } from "./half.ts";
import type { Fill } from "./runtime-input.ts";

/** For the report: `zeros`, `random(0)`, or the name of the file. */
export function fillName(fill: Fill): string {
  switch (fill.kind) {
    case "random":
      return `random(${fill.seed})`;
    case "bytes":
      return fill.file;
    default:
      return fill.kind;
  }
}

/** The elements of a dummy tensor: little-endian, row-major. Not for strings. */
export function fillBytes(dtype: DType, shape: readonly number[], fill: Fill): Uint8Array {
  if (fill.kind === "bytes") return fill.bytes;
  const count = elementCount(shape);
  const bytes = new Uint8Array(count * bytesOf(dtype));
  if (fill.kind === "zeros") return bytes;
  const view = new DataView(bytes.buffer);
  const element = elements(fill, dtype);
  const put = writers[dtype];
  for (let i = 0; i < count; i += 1) put(view, i, element(i));
  return bytes;
}

/** These numbers as little-endian elements. Not for strings. */
export function encodeNumbers(dtype: DType, numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * bytesOf(dtype));
  const view = new DataView(bytes.buffer);
  const put = writers[dtype];
  for (const [i, value] of numbers.entries()) put(view, i, value);
  return bytes;
}

function elements(fill: Exclude<Fill, { kind: "bytes" } | { kind: "zeros" }>, dtype: DType): (i: number) => number {
  const fractional = isFractional(dtype);
  switch (fill.kind) {
    case "ones":
      return () => 1;
    case "wave":
      if (dtype === "bool") return (i) => i % 2;
      return fractional ? (i) => Math.sin(0.37 * i) : (i) => i % 97;
    case "random": {
      const random = mulberry32(fill.seed);
      if (dtype === "bool") return () => Math.floor(random() * 2);
      return fractional ? random : () => Math.floor(random() * 10);
    }
  }
}

function isFractional(dtype: DType): boolean {
  return dtype.startsWith("float") || dtype.startsWith("bfloat") || dtype.startsWith("complex");
}

type Writer = (view: DataView, i: number, value: number) => void;

const writers: Readonly<Record<DType, Writer>> = {
  float32: (view, i, value) => view.setFloat32(i * 4, value, true),
  float64: (view, i, value) => view.setFloat64(i * 8, value, true),
  float16: (view, i, value) => view.setUint16(i * 2, toFloat16(value), true),
  bfloat16: (view, i, value) => view.setUint16(i * 2, toBFloat16(value), true),
  int8: (view, i, value) => view.setInt8(i, value),
  int16: (view, i, value) => view.setInt16(i * 2, value, true),
  int32: (view, i, value) => view.setInt32(i * 4, value, true),
  int64: (view, i, value) => view.setBigInt64(i * 8, BigInt(Math.trunc(value)), true),
  uint8: (view, i, value) => view.setUint8(i, value),
  uint16: (view, i, value) => view.setUint16(i * 2, value, true),
  uint32: (view, i, value) => view.setUint32(i * 4, value, true),
  uint64: (view, i, value) => view.setBigUint64(i * 8, BigInt(Math.trunc(value)), true),
  bool: (view, i, value) => view.setUint8(i, value === 0 ? 0 : 1),
  complex64: (view, i, value) => view.setFloat32(i * 8, value, true),
  complex128: (view, i, value) => view.setFloat64(i * 16, value, true),
  string: () => undefined,
};

/** A small seeded generator of numbers in [0, 1); the same sequence on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
