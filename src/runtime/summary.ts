import type { DType } from "../graph/dtype.ts";
import { fromBFloat16, fromFloat16 } from "./half.ts";
import type { InferenceOutput, Numeral } from "./inference.ts";

/** The elements of a tensor as numbers, by index. */
export interface NumberView {
  readonly length: number;
  at(i: number): number;
}

/** A view of little-endian bytes as numbers. Strings and complex numbers have none: length 0. */
export function numbersOf(dtype: DType, bytes: Uint8Array): NumberView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = readers[dtype];
  if (!reader) return { length: 0, at: () => Number.NaN };
  const [size, read] = reader;
  return { length: Math.floor(bytes.byteLength / size), at: (i) => read(view, i * size) };
}

const readers: Readonly<Partial<Record<DType, readonly [number, (view: DataView, at: number) => number]>>> = {
  float32: [4, (view, at) => view.getFloat32(at, true)],
  float64: [8, (view, at) => view.getFloat64(at, true)],
  float16: [2, (view, at) => fromFloat16(view.getUint16(at, true))],
  bfloat16: [2, (view, at) => fromBFloat16(view.getUint16(at, true))],
  int8: [1, (view, at) => view.getInt8(at)],
  int16: [2, (view, at) => view.getInt16(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  int64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  uint8: [1, (view, at) => view.getUint8(at)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  bool: [1, (view, at) => view.getUint8(at)],
};

const firstCount = 16;

/** What the report says of an output. Of an empty one every figure is 0; a NaN makes minimum, maximum and mean NaN. */
export function summarize(name: string, dtype: DType, shape: readonly number[], values: NumberView): InferenceOutput {
  let [min, max, sum, absMax, nonFinite] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const value = values.at(i);
    if (!Number.isFinite(value)) nonFinite += 1;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
    sum += value;
    const size = Math.abs(value);
    if (!(size <= absMax)) absMax = size;
  }
  if (values.length === 0) [min, max] = [0, 0];
  if (Number.isNaN(sum) && nonFinite > 0 && hasNaN(values)) [min, max, absMax] = [NaN, NaN, NaN];
  const first = Array.from({ length: Math.min(firstCount, values.length) }, (_, i) => numeral(values.at(i)));
  const mean = values.length === 0 ? 0 : sum / values.length;
  return {
    name,
    dtype,
    shape,
    first,
    min: numeral(min),
    max: numeral(max),
    mean: numeral(mean),
    absMax: numeral(absMax),
    nonFinite,
  };
}

/** Largest absolute difference; infinite where the lengths differ or only one of the two is NaN. */
export function largestDifference(a: NumberView, b: NumberView): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a.at(i), b.at(i)];
    if (Object.is(x, y) || x === y) continue;
    const difference = Math.abs(x - y);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  return largest;
}

function hasNaN(values: NumberView): boolean {
  for (let i = 0; i < values.length; i += 1) if (Number.isNaN(values.at(i))) return true;
  return false;
}

function numeral(value: number): Numeral {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
