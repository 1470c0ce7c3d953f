import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import { sliceAxis } from "./rearrange.ts";

/** What a reduction over no elements gives. */
const identities: Readonly<Record<string, number>> = {
  ReduceSum: 0,
  ReduceProd: 1,
  ReduceMean: NaN,
  ReduceL1: 0,
  ReduceL2: 0,
  ReduceSumSquare: 0,
  ReduceLogSumExp: -Infinity,
};

/** The shape after the axes are reduced (kept as 1, or gone). */
export function reducedShape(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/** Dimensions as given, made positive; none given means all of them. */
export function axesOf(dims: readonly number[] | null, rank: number): number[] {
  if (dims === null || dims.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  const axes = dims.map((dim) => normalizeDim(dim, rank));
  if (new Set(axes).size < axes.length) throw raised("a dimension appears twice among those to reduce");
  return rank === 0 ? [] : axes.sort((a, b) => a - b);
}

function complexProduct(
  builder: Builder,
  x: TensorValue,
  axes: readonly number[],
  shape: readonly number[],
): TensorValue {
  const m = new Maths(builder);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  const front = builder.reshape(builder.transpose(x, [...axes, ...kept]), [
    count,
    ...kept.map((axis) => x.shape[axis]),
  ]);
  const factors = Array.from({ length: count }, (_, i) =>
    builder.reshape(sliceAxis(builder, front, 0, i, i + 1), shape),
  );
  return factors.reduce((product, factor) => m.mul(product, factor));
}

/** One of ONNX's Reduce operators; the type stays. */
export function reduce(
  builder: Builder,
  op: string,
  x: TensorValue,
  axes: readonly number[],
  keep: boolean,
): TensorValue {
  const shape = reducedShape(x.shape, axes, keep);
  if (
    axes.length === 0 &&
    (op === "ReduceSum" || op === "ReduceMean" || op === "ReduceProd" || op === "ReduceMax" || op === "ReduceMin")
  ) {
    return builder.reshape(x, shape);
  }
  if (x.count === 0) {
    const identity = identities[op];
    if (identity === undefined) throw raised("a reduction of no elements, which has no result");
    return builder.full(x.dtype, identity, shape);
  }
  const dtype: DType = x.dtype;
  if (op === "ReduceProd" && isComplex(dtype)) return complexProduct(builder, x, axes, shape);
  if (axes.length === 0) {
    const one = builder.unsqueeze(x, [x.rank]);
    return builder.emit(op, [one, builder.ints([x.rank])], { keepdims: 0 }, { dtype, shape });
  }
  return builder.emit(op, [x, builder.ints(axes)], { keepdims: keep ? 1 : 0 }, { dtype, shape });
}
