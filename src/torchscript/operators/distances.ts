import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { rollAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { vectorNorm } from "./vector-norms.ts";

/** Distances of all pairs of rows, [P, M] and [R, M] giving [P, R]. */
function allPairs(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b] = [call.tensor("x1"), call.tensor("x2")];
  const difference = m.sub(builder.unsqueeze(a, [a.rank - 1]), builder.unsqueeze(b, [b.rank - 2]));
  return vectorNorm(builder, difference, call.has("p") ? call.float("p") : 2, [difference.rank - 1], false);
}

function cosine(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b] = [call.tensor("x1"), call.tensor("x2")];
  const product = m.mul(a, b);
  const axis = normalizeDim(call.int("dim"), product.rank);
  const eps = call.float("eps");
  const length = (x: TensorValue) =>
    m.max(reduce(builder, "ReduceL2", builder.expand(x, product.shape), [axis], false), eps);
  return m.div(reduce(builder, "ReduceSum", product, [axis], false), m.mul(length(a), length(b)));
}

function pairwise(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const difference = m.add(m.sub(call.tensor("x1"), call.tensor("x2")), call.float("eps"));
  return vectorNorm(builder, difference, call.float("p"), [difference.rank - 1], call.bool("keepdim"));
}

/** The product of vectors of three components along one dimension. */
function cross(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b] = [call.tensor("self"), call.tensor("other")];
  const given = call.optionalInt("dim");
  const axis = given === null ? a.shape.indexOf(3) : normalizeDim(given, a.rank);
  if (axis < 0 || a.shape[axis] !== 3) throw raised("a cross product without a dimension of 3");
  const turn = (x: TensorValue, by: number) => rollAxis(builder, x, axis, by);
  return m.sub(m.mul(turn(a, -1), turn(b, -2)), m.mul(turn(a, -2), turn(b, -1)));
}

/** Distances and products of vectors. */
export const distances: readonly Operator[] = [
  {
    name: "aten::cdist",
    schemas: ["aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor"],
    doc: "p-norm distances of all pairs.",
    lower: allPairs,
  },
  {
    name: "aten::_cdist_forward",
    schemas: ["aten::_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor"],
    doc: "p-norm distances of all pairs.",
    lower: allPairs,
  },
  {
    name: "aten::_euclidean_dist",
    schemas: ["aten::_euclidean_dist(Tensor x1, Tensor x2) -> Tensor"],
    doc: "Distances of all pairs.",
    lower: allPairs,
  },
  {
    name: "aten::cosine_similarity",
    schemas: ["aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor"],
    doc: "Cosine of the angle.",
    lower: cosine,
  },
  {
    name: "aten::pairwise_distance",
    schemas: [
      "aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor",
    ],
    doc: "p-norm of the difference.",
    lower: pairwise,
  },
  {
    name: "aten::dist",
    schemas: ["aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor"],
    doc: "p-norm of the difference of all elements.",
    lower(call, builder) {
      const difference = new Maths(builder).sub(call.tensor("self"), call.tensor("other"));
      const axes = difference.shape.map((_, axis) => axis);
      return vectorNorm(builder, difference, Number(call.scalar("p")), axes, false);
    },
  },
  {
    name: "aten::cross",
    schemas: ["aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor"],
    doc: "Cross product.",
    lower: cross,
  },
  {
    name: "aten::linalg_cross",
    schemas: ["aten::linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor"],
    doc: "Cross product.",
    lower: cross,
  },
];
