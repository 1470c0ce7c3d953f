import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { partsOf } from "./complex.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";
import { axes } from "./reductions.ts";

/** (Σ |x|^p)^(1/p); the largest for infinity, the number of nonzeros for 0. */
export function vectorNorm(
  builder: Builder,
  x: TensorValue,
  p: number,
  along: readonly number[],
  keep: boolean,
): TensorValue {
  const m = new Maths(builder);
  if (p === 2) return reduce(builder, "ReduceL2", x, along, keep);
  if (p === 1) return reduce(builder, "ReduceL1", x, along, keep);
  const size = m.abs(x);
  if (p === Infinity) return reduce(builder, "ReduceMax", size, along, keep);
  if (p === -Infinity) return reduce(builder, "ReduceMin", size, along, keep);
  if (p === 0) return reduce(builder, "ReduceSum", builder.cast(builder.cast(x, "bool"), x.dtype), along, keep);
  return m.pow(reduce(builder, "ReduceSum", m.pow(size, p), along, keep), 1 / p);
}

export function norm(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const dtype = call.dtype("dtype");
  const ready = dtype === null ? toFloat(builder, magnitude(builder, self)) : builder.cast(self, dtype);
  const p = Number(call.optionalScalar(call.has("ord") ? "ord" : "p") ?? 2);
  return vectorNorm(builder, ready, p, axes(call, self), call.bool("keepdim"));
}

export function magnitude(builder: Builder, x: TensorValue): TensorValue {
  if (!isComplex(x.dtype)) return x;
  const m = new Maths(builder);
  const { re, im } = partsOf(builder, x);
  return m.sqrt(m.add(m.square(re), m.square(im)));
}

/** Norms of vectors. */
export const vectorNorms: readonly Operator[] = [
  {
    name: "aten::norm",
    schemas: [
      "aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor",
      "aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor",
      "aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor",
      "aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor",
    ],
    doc: "p-norm over dimensions.",
    lower: norm,
  },
  {
    name: "aten::linalg_vector_norm",
    schemas: [
      "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "p-norm over dimensions.",
    lower: norm,
  },
  {
    name: "aten::frobenius_norm",
    schemas: ["aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor"],
    doc: "Root of the sum of squares.",
    lower: norm,
  },
];
