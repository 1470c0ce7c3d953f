import { bytesOf, type DType } from "../graph/dtype.ts";
import { unsupported } from "./lowering-error.ts";

type Encoder = (view: DataView, at: number, element: bigint | number) => void;
type Decoder = (view: DataView, at: number) => bigint | number;

const encoders: Readonly<Partial<Record<DType, Encoder>>> = {
  float32: (view, at, x) => view.setFloat32(at, Number(x), true),
  float64: (view, at, x) => view.setFloat64(at, Number(x), true),
  float16: (view, at, x) => view.setUint16(at, halfBits(Number(x)), true),
  bfloat16: (view, at, x) => view.setUint16(at, bfloatBits(Number(x)), true),
  int8: (view, at, x) => view.setInt8(at, Number(x)),
  uint8: (view, at, x) => view.setUint8(at, Number(x)),
  bool: (view, at, x) => view.setUint8(at, x === 0n ? 0 : 1),
  int16: (view, at, x) => view.setInt16(at, Number(x), true),
  uint16: (view, at, x) => view.setUint16(at, Number(x), true),
  int32: (view, at, x) => view.setInt32(at, Number(x), true),
  uint32: (view, at, x) => view.setUint32(at, Number(x), true),
  int64: (view, at, x) => view.setBigInt64(at, BigInt(x), true),
  uint64: (view, at, x) => view.setBigUint64(at, BigInt(x), true),
};

const decoders: Readonly<Partial<Record<DType, Decoder>>> = {
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
  float16: (view, at) => halfValue(view.getUint16(at, true)),
  bfloat16: (view, at) => bfloatValue(view.getUint16(at, true)),
  int8: (view, at) => BigInt(view.getInt8(at)),
  uint8: (view, at) => BigInt(view.getUint8(at)),
  bool: (view, at) => (view.getUint8(at) === 0 ? 0n : 1n),
  int16: (view, at) => BigInt(view.getInt16(at, true)),
  uint16: (view, at) => BigInt(view.getUint16(at, true)),
  int32: (view, at) => BigInt(view.getInt32(at, true)),
  uint32: (view, at) => BigInt(view.getUint32(at, true)),
  int64: (view, at) => view.getBigInt64(at, true),
  uint64: (view, at) => view.getBigUint64(at, true),
};

/** Little-endian bytes of a small constant. */
export function encodeKnown(dtype: DType, known: readonly (bigint | number)[]): Uint8Array {
  const encode = encoders[dtype];
  if (encode === undefined) throw unsupported(`a constant of type ${dtype}`);
  const step = bytesOf(dtype);
  const bytes = new Uint8Array(known.length * step);
  const view = new DataView(bytes.buffer);
  known.forEach((element, i) => encode(view, i * step, element));
  return bytes;
}

/** The elements of little-endian bytes; null for an element type that is not computed with (complex, string). */
export function decodeKnown(dtype: DType, bytes: Uint8Array): (bigint | number)[] | null {
  const decode = decoders[dtype];
  if (decode === undefined) return null;
  const step = bytesOf(dtype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / step) }, (_, i) => decode(view, i * step));
}

const word = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16 with round to nearest even. */
export function halfBits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  const exponent = Math.min(15, Math.floor(Math.log2(size)));
  const scaled = size / 2 ** exponent;
  // Math.log2 may be off by one step next to a power of two.
  const exact = scaled >= 2 ? exponent + 1 : scaled < 1 ? exponent - 1 : exponent;
  return sign | (roundEven((size / 2 ** exact - 1) * 1024) + ((exact + 15) << 10));
}

export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32, rounded to nearest even. */
export function bfloatBits(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
  return (rounded >>> 16) & 0xffff;
}

export function bfloatValue(bits: number): number {
  word.setUint32(0, (bits << 16) >>> 0);
  return word.getFloat32(0);
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
