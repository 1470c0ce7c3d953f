import type { Builder } from "./builder.ts";
import { countOf, type Extent, extentOf, extentsOf } from "./extent.ts";
import type { TensorValue } from "./tensor-value.ts";
import { SymbolicScalar, type Value } from "./value.ts";

/** A number as a 0-dim tensor; null for anything else. */
export function asSymbolic(value: Value, builder: Builder): SymbolicScalar | null {
  if (value instanceof SymbolicScalar) return value;
  if (typeof value === "bigint") return new SymbolicScalar("int", builder.full("int64", value));
  if (typeof value === "number") return new SymbolicScalar("float", builder.full("float64", value));
  if (typeof value === "boolean") return new SymbolicScalar("bool", builder.full("bool", value));
  return null;
}

/** A size as an int of the program. */
export function intOf(extent: Extent, builder: Builder): bigint | SymbolicScalar {
  return typeof extent === "number" ? BigInt(extent) : new SymbolicScalar("int", builder.wrap(extent));
}

/** The shape, as ints of the program. */
export function sizesOf(tensor: TensorValue, builder: Builder): (bigint | SymbolicScalar)[] {
  return extentsOf(builder, tensor).map((extent) => intOf(extent, builder));
}

/** One size; the dimension is inside of the rank. */
export function sizeOf(tensor: TensorValue, axis: number, builder: Builder): bigint | SymbolicScalar {
  const dim = tensor.shape[axis];
  return intOf(Number.isNaN(dim) ? extentOf(builder, builder.read(tensor), axis) : dim, builder);
}

/** Number of elements. */
export function numelOf(tensor: TensorValue, builder: Builder): bigint | SymbolicScalar {
  return intOf(countOf(builder, tensor), builder);
}
