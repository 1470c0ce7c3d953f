import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, isFloating, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { complexOf, partsOf } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";
import { axesOf, reduce } from "./reduce.ts";
import { vectorNorm } from "./vector-norms.ts";

/** ONNX Runtime's own operator: the standard has no inverse. */
export function inverse(builder: Builder, x: TensorValue): TensorValue {
  if (isComplex(x.dtype)) return complexInverse(builder, x);
  const wide = x.dtype === "float64" ? x : builder.cast(x, "float32");
  const result = builder.emit("com.microsoft::Inverse", [wide], {}, { dtype: wide.dtype, shape: x.shape });
  return builder.cast(result, x.dtype);
}

/** By the real matrix of twice the size that multiplies pairs as the complex one multiplies numbers. */
function complexInverse(builder: Builder, x: TensorValue): TensorValue {
  const m = new Maths(builder);
  const { re, im } = partsOf(builder, x);
  const [rows, columns, n] = [x.rank - 2, x.rank - 1, x.shape[x.rank - 1]];
  const pair = (a: TensorValue, b: TensorValue) => builder.concat([a, b], columns);
  const whole = inverse(builder, builder.concat([pair(re, m.neg(im)), pair(im, re)], rows));
  const left = sliceAxis(builder, whole, columns, 0, n);
  const part = (from: number) => sliceAxis(builder, left, rows, from, from + n);
  return complexOf(m, { re: part(0), im: part(n) });
}

function determinant(builder: Builder, x: TensorValue): TensorValue {
  return builder.emit("Det", [x], {}, { dtype: x.dtype, shape: x.shape.slice(0, -2) });
}

/** A X = B, or X A = B. */
export function solve(call: Call, builder: Builder): TensorValue {
  const [a, b] = [call.tensor("A"), call.tensor("B")];
  if (!call.bool("left")) return matmul(builder, b, inverse(builder, a));
  const vector = b.rank === 1 || (b.rank === a.rank - 1 && b.shape.join() === a.shape.slice(0, -1).join());
  if (!vector) return matmul(builder, inverse(builder, a), b);
  const x = matmul(builder, inverse(builder, a), builder.unsqueeze(b, [b.rank]));
  return builder.reshape(x, b.shape);
}

/** Where row + offset is the column, [rows, columns]. */
function diagonal(m: Maths, rows: number, columns: number, offset: number): TensorValue {
  const places = m.builder.reshape(range(m.builder, offset, 1, rows, "int64"), [rows, 1]);
  return m.equal(places, range(m.builder, 0, 1, columns, "int64"));
}

/** The last dimension on a diagonal of two new ones, which then move to dim1 and dim2. */
function embed(builder: Builder, x: TensorValue, offset: number, dim1: number, dim2: number): TensorValue {
  const m = new Maths(builder);
  const [size, extra] = [x.shape[x.rank - 1], Math.abs(offset)];
  const n = size + extra;
  const pads = [...x.shape.map(() => 0), ...x.shape.map(() => 0)];
  pads[x.rank - 1] = extra;
  const shape = x.shape.with(x.rank - 1, n);
  const padded = extra === 0 ? x : builder.emit("Pad", [x, builder.ints(pads)], {}, { dtype: x.dtype, shape });
  // Above the main diagonal columns carry the elements, below it rows; the first `extra` of them carry none.
  const wide = builder.unsqueeze(padded, [offset > 0 ? x.rank - 1 : x.rank]);
  const matrix = m.where(diagonal(m, n, n, offset), wide, 0);
  const rank = matrix.rank;
  const [a, b] = [dim1, dim2].map((dim) => (dim < 0 ? dim + rank : dim));
  const rest = Array.from({ length: rank - 2 }, (_, i) => i);
  const perm: number[] = [];
  for (let axis = 0; axis < rank; axis++)
    perm.push(axis === a ? rank - 2 : axis === b ? rank - 1 : (rest.shift() ?? 0));
  return builder.transpose(matrix, perm);
}

/** The diagonal of a matrix as a vector. */
function extract(builder: Builder, x: TensorValue, offset: number): TensorValue {
  const [rows, columns] = x.shape;
  const count = Math.max(Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)), 0);
  const start = offset >= 0 ? offset : -offset * columns;
  const places = range(builder, start, columns + 1, count, "int64");
  const flat = builder.reshape(x, [x.count]);
  return builder.emit("Gather", [flat, places], { axis: 0 }, { dtype: x.dtype, shape: [count] });
}

function diag(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const offset = call.int("diagonal");
  if (self.rank > 2) throw raised(`diag of ${self.rank} dimensions`);
  return self.rank === 2 ? extract(builder, self, offset) : embed(builder, self, offset, 0, 1);
}

/** Slices along dim scaled down to the norm maxnorm. */
function renorm(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const dim = axesOf([call.int("dim")], self.rank)[0];
  const axes = self.shape.map((_, axis) => axis).filter((axis) => axis !== dim);
  const [p, most] = [Number(call.scalar("p")), Number(call.scalar("maxnorm"))];
  const norm = vectorNorm(builder, self, p, axes, true);
  return m.where(m.greater(norm, most), m.mul(self, m.div(most, m.add(norm, 1e-7))), self);
}

function absoluteLog(builder: Builder, x: TensorValue): TupleValue {
  const m = new Maths(builder);
  const value = determinant(builder, x);
  return new TupleValue([m.sign(value), m.log(m.abs(value))]);
}

/** Inverses, determinants and diagonals. */
export const matrices: readonly Operator[] = [
  {
    name: "aten::linalg_inv",
    schemas: ["aten::linalg_inv(Tensor A) -> Tensor"],
    doc: "Inverse matrix.",
    lower: (call, builder) => inverse(builder, call.tensor("A")),
  },
  {
    name: "aten::inverse",
    schemas: ["aten::inverse(Tensor self) -> Tensor"],
    doc: "Inverse matrix.",
    lower: (call, builder) => inverse(builder, call.tensor("self")),
  },
  {
    name: "aten::linalg_inv_ex",
    schemas: ["aten::linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)"],
    doc: "Inverse matrix; the error code is always 0.",
    lower(call, builder) {
      const a = call.tensor("A");
      return new TupleValue([inverse(builder, a), builder.full("int32", 0, a.shape.slice(0, -2))]);
    },
  },
  {
    name: "aten::linalg_solve",
    schemas: ["aten::linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor"],
    doc: "Linear equations, by the inverse.",
    lower: solve,
  },
  {
    name: "aten::linalg_solve_ex",
    schemas: [
      "aten::linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)",
    ],
    doc: "Linear equations, by the inverse; the error code is always 0.",
    lower(call, builder) {
      return new TupleValue([solve(call, builder), builder.full("int32", 0, call.tensor("A").shape.slice(0, -2))]);
    },
  },
  {
    name: "aten::linalg_tensorinv",
    schemas: ["aten::linalg_tensorinv(Tensor self, int ind=2) -> Tensor"],
    doc: "The inverse of what the first dimensions make of the others.",
    lower(call, builder) {
      const { shape } = call.tensor("self");
      const [rows, columns] = [shape.slice(0, call.int("ind")), shape.slice(call.int("ind"))];
      const size = rows.reduce((product, dim) => product * dim, 1);
      return builder.reshape(inverse(builder, builder.reshape(call.tensor("self"), [size, size])), [
        ...columns,
        ...rows,
      ]);
    },
  },
  {
    name: "aten::linalg_tensorsolve",
    schemas: ["aten::linalg_tensorsolve(Tensor self, Tensor other, int[]? dims=None) -> Tensor"],
    doc: "Linear equations over several dimensions.",
    lower(call, builder) {
      const [self, other] = [call.tensor("self"), call.tensor("other")];
      const dims = (call.optionalInts("dims") ?? []).map((dim) => normalizeDim(dim, self.rank));
      const kept = self.shape.map((_, axis) => axis).filter((axis) => !dims.includes(axis));
      const a = builder.transpose(self, [...kept, ...dims]);
      const square = inverse(builder, builder.reshape(a, [other.count, other.count]));
      const x = matmul(builder, square, builder.reshape(other, [other.count, 1]));
      return builder.reshape(x, a.shape.slice(other.rank));
    },
  },
  {
    name: "aten::_linalg_slogdet",
    schemas: ["aten::_linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet, Tensor LU, Tensor pivots)"],
    doc: "Sign and logarithm of the determinant; LU and pivots are not given.",
    lower: (call, builder) => new TupleValue([...absoluteLog(builder, call.tensor("A")).items, null, null]),
  },
  {
    name: "aten::linalg_det",
    schemas: ["aten::linalg_det(Tensor A) -> Tensor"],
    doc: "Determinant.",
    lower: (call, builder) => determinant(builder, call.tensor("A")),
  },
  {
    name: "aten::det",
    schemas: ["aten::det(Tensor self) -> Tensor"],
    doc: "Determinant.",
    lower: (call, builder) => determinant(builder, call.tensor("self")),
  },
  {
    name: "aten::logdet",
    schemas: ["aten::logdet(Tensor self) -> Tensor"],
    doc: "Logarithm of the determinant.",
    lower: (call, builder) => new Maths(builder).log(determinant(builder, call.tensor("self"))),
  },
  {
    name: "aten::slogdet",
    schemas: ["aten::slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)"],
    doc: "Sign and logarithm of the determinant.",
    lower: (call, builder) => absoluteLog(builder, call.tensor("self")),
  },
  {
    name: "aten::linalg_slogdet",
    schemas: ["aten::linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)"],
    doc: "Sign and logarithm of the determinant.",
    lower: (call, builder) => absoluteLog(builder, call.tensor("A")),
  },
  {
    name: "aten::diag",
    schemas: ["aten::diag(Tensor self, int diagonal=0) -> Tensor"],
    doc: "A vector on a diagonal, or a matrix's diagonal.",
    lower: diag,
  },
  {
    name: "aten::diag_embed",
    schemas: ["aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor"],
    doc: "The last dimension on a diagonal.",
    lower: (call, builder) =>
      embed(builder, call.tensor("self"), call.int("offset"), call.int("dim1"), call.int("dim2")),
  },
  {
    name: "aten::diagflat",
    schemas: ["aten::diagflat(Tensor self, int offset=0) -> Tensor"],
    doc: "All elements on a diagonal.",
    lower(call, builder) {
      const self = call.tensor("self");
      return embed(builder, builder.reshape(self, [self.count]), call.int("offset"), 0, 1);
    },
  },
  {
    name: "aten::trace",
    schemas: ["aten::trace(Tensor self) -> Tensor"],
    doc: "Sum of the diagonal.",
    lower(call, builder) {
      const line = extract(builder, call.tensor("self"), 0);
      const wide = isFloating(line.dtype) || isComplex(line.dtype) ? line : builder.cast(line, "int64");
      return reduce(builder, "ReduceSum", wide, [0], false);
    },
  },
  {
    name: "aten::renorm",
    schemas: ["aten::renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor"],
    doc: "Slices scaled down to a norm.",
    lower: renorm,
  },
];
