import type { Dim } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { unsupported } from "./lowering-error.ts";
import type { GraphValue, TensorValue } from "./tensor-value.ts";

/**
 * A size: known while the program is read, or a 0-dim int64 value that only running the graph gives. In shapes the
 * latter stands as NaN, which spreads: whatever is computed from an unknown size is not known either.
 */
export type Extent = number | GraphValue;

/** A size in a shape that only running the graph tells. */
export const unknownSize = Number.NaN;

export function hasUnknown(shape: readonly number[]): boolean {
  return shape.some(Number.isNaN);
}

/** The shape that these sizes are. */
export function dimsOf(extents: readonly Extent[]): number[] {
  return extents.map((extent) => (typeof extent === "number" ? extent : unknownSize));
}

/** Equal, or not known to differ. */
export function mayEqual(a: number, b: number): boolean {
  return a === b || Number.isNaN(a) || Number.isNaN(b);
}

/** Rank by rank equal, or not known to differ. */
export function mayBeSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => mayEqual(dim, b[axis]));
}

/** Sizes where they agree, and unknown ones where they do not. The ranks are equal. */
export function commonShape(a: readonly number[], b: readonly number[]): number[] {
  return a.map((dim, axis) => (dim === b[axis] ? dim : unknownSize));
}

/** One size of a value. */
export function extentOf(builder: Builder, value: GraphValue, axis: number): Extent {
  const dim = value.shape[axis];
  if (!Number.isNaN(dim)) return dim;
  const shape = builder.node("Shape", [value], { start: axis, end: axis + 1 }, { dtype: "int64", shape: [1] });
  return builder.read(builder.reshape(shape, []));
}

export function extentsOf(builder: Builder, tensor: TensorValue): Extent[] {
  if (!hasUnknown(tensor.shape)) return [...tensor.shape];
  const value = builder.read(tensor);
  return value.shape.map((_, axis) => extentOf(builder, value, axis));
}

/** Number of elements. */
export function countOf(builder: Builder, tensor: TensorValue): Extent {
  const { count } = tensor;
  return Number.isNaN(count) ? builder.node("Size", [builder.read(tensor)], {}, { dtype: "int64", shape: [] }) : count;
}

/** Sizes as a 1-D tensor of int64, as ONNX takes shapes. Throws LoweringError for one that nothing tells. */
export function sizesTensor(builder: Builder, extents: readonly Extent[]): GraphValue {
  if (extents.every((extent) => typeof extent === "number")) return builder.read(builder.ints(extents));
  return builder.read(
    builder.concat(
      extents.map((extent) =>
        typeof extent === "number" ? builder.ints([extent]) : builder.reshape(builder.cast(extent, "int64"), [1]),
      ),
      0,
    ),
  );
}

/** One size as a 0-dim tensor of int64. */
export function sizeTensor(builder: Builder, extent: Extent): TensorValue {
  return typeof extent === "number" ? builder.reshape(builder.ints([extent]), []) : builder.wrap(extent);
}

/**
 * The sizes to reshape a value to. Those that are unknown and not given are what is left, or, where they are several,
 * the unknown sizes of the value in their order.
 */
export function reshapeTarget(builder: Builder, value: GraphValue, wanted: readonly Extent[]): readonly Extent[] {
  const open = wanted.flatMap((extent, axis) => (typeof extent === "number" && Number.isNaN(extent) ? [axis] : []));
  if (open.length < 2) return wanted.map((extent, axis) => (axis === open[0] ? -1 : extent));
  const own = value.shape.flatMap((dim, axis) => (Number.isNaN(dim) ? [axis] : []));
  if (own.length !== open.length || knownCount(value.shape) !== knownCount(dimsOf(wanted)))
    throw unsupported("a reshape whose sizes depend on the values of a tensor");
  return wanted.map((extent, axis) => {
    const at = open.indexOf(axis);
    return at < 0 ? extent : extentOf(builder, value, own[at]);
  });
}

/** Product of the sizes that are known. */
function knownCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => (Number.isNaN(dim) ? product : product * dim), 1);
}

/** The product of sizes. */
export function productOf(builder: Builder, extents: readonly Extent[]): Extent {
  if (extents.every((extent) => typeof extent === "number")) return extents.reduce((product, dim) => product * dim, 1);
  const sizes = extents.map((extent) => sizeTensor(builder, extent));
  return builder.read(sizes.reduce((a, b) => builder.emit("Mul", [a, b], {}, { dtype: "int64", shape: [] })));
}

/** The sizes to expand a value to: 1 leaves what the value has. */
export function expandTarget(value: GraphValue, wanted: readonly Extent[]): readonly Extent[] {
  const lead = wanted.length - value.shape.length;
  return wanted.map((extent, axis) => {
    if (typeof extent !== "number" || !Number.isNaN(extent)) return extent;
    if (axis >= lead && value.shape[axis - lead] !== 1) return 1;
    throw unsupported("an expansion to a size that depends on the values of a tensor");
  });
}

/** A shape as the graph states it. */
export function graphShape(shape: readonly number[]): readonly Dim[] {
  return shape.map((dim) => (Number.isNaN(dim) ? null : dim));
}
