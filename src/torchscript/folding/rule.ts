import type { DType } from "../../graph/dtype.ts";
import type { Attributes } from "../attributes.ts";
import { bfloatBits, bfloatValue, halfBits, halfValue } from "../encode-known.ts";
import type { Result } from "../graph-emitter.ts";
import { contiguousStrides } from "../tensor-value.ts";

/** bigint for integers and bool, number for floats. */
export type Elements = readonly (bigint | number)[];

export interface Known {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly elements: Elements;
}

/** Computes a node's result, or gives null where it does not know how. */
export type Rule = (inputs: readonly (Known | null)[], attributes: Attributes, result: Result) => Elements | null;

export function isFloat(dtype: DType): boolean {
  return dtype.startsWith("float") || dtype === "bfloat16";
}

const widths: Readonly<Partial<Record<DType, readonly [bits: number, signed: boolean]>>> = {
  int8: [8, true],
  int16: [16, true],
  int32: [32, true],
  int64: [64, true],
  uint8: [8, false],
  uint16: [16, false],
  uint32: [32, false],
  uint64: [64, false],
};

/** A number as an element of a type: rounded as the type's arithmetic does, integers wrapped around. */
export function toElement(value: bigint | number | boolean, dtype: DType): bigint | number {
  if (dtype === "bool") return Number(value) === 0 ? 0n : 1n;
  const width = widths[dtype];
  if (width === undefined) return round(Number(value), dtype);
  const integer = typeof value === "number" ? BigInt(Number.isFinite(value) ? Math.trunc(value) : 0) : BigInt(value);
  return width[1] ? BigInt.asIntN(width[0], integer) : BigInt.asUintN(width[0], integer);
}

function round(value: number, dtype: DType): number {
  if (dtype === "float32") return Math.fround(value);
  if (dtype === "float16") return halfValue(halfBits(value));
  if (dtype === "bfloat16") return bfloatValue(bfloatBits(value));
  return value;
}

/** For each element of `shape`, where it is in a tensor of `from` that broadcasts to it. */
export function broadcastIndices(from: readonly number[], shape: readonly number[]): (flat: number) => number {
  if (from.length === shape.length && from.every((dim, i) => dim === shape[i])) return (flat) => flat;
  const own = contiguousStrides(from);
  const lead = shape.length - from.length;
  const strides = shape.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]));
  const steps = contiguousStrides(shape);
  return (flat) => {
    let rest = flat;
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const index = Math.floor(rest / steps[axis]);
      rest -= index * steps[axis];
      at += index * strides[axis];
    }
    return at;
  };
}

/** The coordinates of an element. */
export function coordinates(flat: number, shape: readonly number[]): number[] {
  const result = Array.from<number>({ length: shape.length });
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return result;
}

/** An attribute that is an int; `fallback` where it is left out. */
export function intAttribute(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return typeof value === "object" && "int" in value ? Number(value.int) : fallback;
}

/** An attribute that is a list of ints. */
export function intsAttribute(attributes: Attributes, name: string): number[] | null {
  const value = attributes[name];
  if (Array.isArray(value)) return value.map(Number);
  return typeof value === "object" && "ints" in value ? value.ints.map(Number) : null;
}
