import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { inverse } from "./matrices.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";
import { singularValues } from "./singular-values.ts";
import { magnitude, norm } from "./vector-norms.ts";

type Order = number | string;

/** The norm of matrices in the last two dimensions: by columns, by rows, by singular values, or of all elements. */
function lastNorm(builder: Builder, x: TensorValue, order: Order): TensorValue {
  const m = new Maths(builder);
  const [rows, columns] = [x.rank - 2, x.rank - 1];
  if (order === "fro") {
    return m.sqrt(reduce(builder, "ReduceSum", m.square(magnitude(builder, x)), [rows, columns], false));
  }
  if (order === "nuc" || Math.abs(Number(order)) === 2) {
    const values = singularValues(builder, x);
    if (order === "nuc") return reduce(builder, "ReduceSum", values, [rows], false);
    const at = order === 2 ? 0 : values.shape[rows] - 1;
    return builder.reshape(sliceAxis(builder, values, rows, at, at + 1), x.shape.slice(0, -2));
  }
  const size = Math.abs(Number(order));
  if (size !== 1 && size !== Infinity) throw unsupported(`a matrix norm of order ${order}`);
  const sums = reduce(builder, "ReduceSum", m.abs(magnitude(builder, x)), [size === 1 ? rows : columns], false);
  return reduce(builder, Number(order) > 0 ? "ReduceMax" : "ReduceMin", sums, [rows], false);
}

function orderOf(call: Call, name: string): Order {
  const given = call.value(name);
  return typeof given === "string" ? given : Number(call.scalar(name));
}

function matrixNorm(call: Call, builder: Builder, order: Order, dims: readonly number[]): TensorValue {
  const self = toFloat(builder, call.tensor("self"));
  const dtype = call.has("dtype") ? call.dtype("dtype") : null;
  const x = dtype === null ? self : builder.cast(self, dtype);
  const pair = dims.map((dim) => normalizeDim(dim, x.rank));
  const others = x.shape.map((_, axis) => axis).filter((axis) => !pair.includes(axis));
  const result = lastNorm(builder, builder.transpose(x, [...others, ...pair]), order);
  if (!call.bool("keepdim")) return result;
  return builder.reshape(
    result,
    x.shape.map((dim, axis) => (pair.includes(axis) ? 1 : dim)),
  );
}

/** `linalg.norm`: of matrices where two dimensions are meant and an order is given. */
function anyNorm(call: Call, builder: Builder): TensorValue {
  const dims = call.optionalInts("dim");
  const { rank } = call.tensor("self");
  const ordered = call.value("ord") !== null;
  if (!ordered || (dims === null ? rank < 2 : dims.length < 2)) return norm(call, builder);
  return matrixNorm(call, builder, orderOf(call, "ord"), dims ?? [0, 1]);
}

/** The norm of a matrix times that of its inverse; for 2 and −2 without inverting. */
function condition(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const order = call.value("p") === null ? 2 : orderOf(call, "p");
  if (Math.abs(Number(order)) === 2) {
    const ends = [lastNorm(builder, self, 2), lastNorm(builder, self, -2)] as const;
    return order === 2 ? m.div(ends[0], ends[1]) : m.div(ends[1], ends[0]);
  }
  return m.mul(lastNorm(builder, self, order), lastNorm(builder, inverse(builder, self), order));
}

/** Norms of matrices. */
export const matrixNorms: readonly Operator[] = [
  row(
    "aten::linalg_matrix_norm",
    [
      "(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      '.str_ord(Tensor self, str ord="fro", int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor',
    ],
    "Frobenius, nuclear, 1, 2 and infinity.",
    (call, builder) => matrixNorm(call, builder, orderOf(call, "ord"), call.ints("dim")),
  ),
  row(
    "aten::linalg_norm",
    [
      "(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      ".ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    "Of vectors, or of matrices where an order is given.",
    anyNorm,
  ),
  row(
    "aten::nuclear_norm",
    ["(Tensor self, bool keepdim=False) -> Tensor", ".dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor"],
    "Sum of the singular values.",
    (call, builder) => matrixNorm(call, builder, "nuc", call.has("dim") ? call.ints("dim") : [0, 1]),
  ),
  row(
    "aten::linalg_cond",
    ["(Tensor self, Scalar? p=None) -> Tensor", ".p_str(Tensor self, str p) -> Tensor"],
    "The condition of a matrix.",
    condition,
  ),
];
