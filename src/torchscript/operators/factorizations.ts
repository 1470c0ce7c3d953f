import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { inverse, solve } from "./matrices.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** Factorizations are written out step by step: up to this many columns. */
const mostColumns = 64;

export function transposed(builder: Builder, x: TensorValue): TensorValue {
  const axes = x.shape.map((_, axis) => axis);
  return builder.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

function column(builder: Builder, x: TensorValue, at: number): TensorValue {
  return sliceAxis(builder, x, x.rank - 1, at, at + 1);
}

/** 1 in the rows from `first` on, as a column. */
function rowsFrom(builder: Builder, rows: number, first: number): TensorValue {
  const flags = Array.from({ length: rows }, (_, i) => (i >= first ? 1 : 0));
  return builder.constant("float64", [rows, 1], flags);
}

/** L of A = L Lᵀ, column by column, in double precision. */
function cholesky(builder: Builder, given: TensorValue): TensorValue {
  const m = new Maths(builder);
  const n = given.shape.at(-1) ?? 0;
  if (given.rank < 2 || n !== given.shape.at(-2)) throw raised("cholesky of something that is not square");
  if (n > mostColumns) throw unsupported(`cholesky of ${n} columns`);
  let rest = builder.cast(given, "float64");
  const columns: TensorValue[] = [];
  for (let j = 0; j < n; j++) {
    const whole = column(builder, rest, j);
    const pivot = m.sqrt(sliceAxis(builder, whole, rest.rank - 2, j, j + 1));
    const scaled = m.mul(m.div(whole, pivot), rowsFrom(builder, n, j));
    columns.push(scaled);
    rest = m.sub(rest, matmul(builder, scaled, transposed(builder, scaled)));
  }
  return builder.cast(n === 0 ? rest : builder.concat(columns, given.rank - 1), given.dtype);
}

/** Householder's reflections, with the signs that LAPACK gives them. */
export function orthogonal(builder: Builder, given: TensorValue, complete: boolean): [TensorValue, TensorValue] {
  const m = new Maths(builder);
  const [rows = 0, columns = 0] = given.shape.slice(-2);
  const steps = Math.min(rows, columns);
  if (steps > mostColumns) throw unsupported(`qr of ${steps} columns`);
  const identity = Array.from({ length: rows * rows }, (_, i) => (Math.floor(i / rows) === i % rows ? 1 : 0));
  let q: TensorValue = builder.constant("float64", [rows, rows], identity);
  let r = builder.cast(given, "float64");
  for (let j = 0; j < Math.min(steps, rows - 1); j++) {
    const x = m.mul(column(builder, r, j), rowsFrom(builder, rows, j));
    const below = m.mul(x, rowsFrom(builder, rows, j + 1));
    const squares = (y: TensorValue) => reduce(builder, "ReduceSum", m.square(y), [y.rank - 2], true);
    const first = sliceAxis(builder, x, x.rank - 2, j, j + 1);
    const length = m.sqrt(squares(x));
    const target = m.where(m.less(first, 0), length, m.neg(length));
    const one = m.sub(rowsFrom(builder, rows, j), rowsFrom(builder, rows, j + 1));
    const v = m.sub(x, m.mul(target, one));
    // Nothing below the diagonal: the column stays as it is.
    const plain = m.equal(squares(below), 0);
    const scale = m.where(plain, 0, m.div(2, m.where(plain, 1, squares(v))));
    const reflect = (y: TensorValue) =>
      m.sub(y, matmul(builder, m.mul(v, scale), matmul(builder, transposed(builder, v), y)));
    r = reflect(r);
    q = m.sub(q, matmul(builder, matmul(builder, q, v), transposed(builder, m.mul(v, scale))));
  }
  const k = complete ? rows : steps;
  const upper = builder.constant("int64", [], [0n]);
  const triangle = builder.emit("Trilu", [r, upper], { upper: 1 }, { dtype: r.dtype, shape: r.shape });
  const wide = builder.expand(q, [...given.shape.slice(0, -1), rows]);
  return [
    builder.cast(sliceAxis(builder, wide, wide.rank - 1, 0, k), given.dtype),
    builder.cast(sliceAxis(builder, triangle, r.rank - 2, 0, k), given.dtype),
  ];
}

function qr(call: Call, builder: Builder): TupleValue {
  const mode = call.has("mode") ? call.string("mode") : call.bool("some") ? "reduced" : "complete";
  const [q, r] = orthogonal(builder, call.tensor(call.has("A") ? "A" : "self"), mode === "complete");
  return new TupleValue([mode === "r" ? builder.constant(q.dtype, [0], []) : q, r]);
}

function triangle(builder: Builder, x: TensorValue, upper: boolean, unit: boolean): TensorValue {
  const m = new Maths(builder);
  const k = (offset: number) => builder.constant("int64", [], [BigInt(offset)]);
  const part = (offset: number) =>
    builder.emit("Trilu", [x, k(offset)], { upper: upper ? 1 : 0 }, { dtype: x.dtype, shape: x.shape });
  if (!unit) return part(0);
  const n = x.shape.at(-1) ?? 0;
  const ones = Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) === i % n ? 1 : 0));
  return m.add(part(upper ? 1 : -1), builder.constant(x.dtype, [n, n], ones));
}

function solveTriangular(builder: Builder, a: TensorValue, b: TensorValue, left: boolean): TensorValue {
  const wide = inverse(builder, builder.cast(a, "float64"));
  const other = builder.cast(b, "float64");
  return builder.cast(left ? matmul(builder, wide, other) : matmul(builder, other, wide), b.dtype);
}

function product(builder: Builder, factor: TensorValue, upper: boolean): TensorValue {
  const wide = triangle(builder, builder.cast(factor, "float64"), upper, false);
  const across = transposed(builder, wide);
  return upper ? matmul(builder, across, wide) : matmul(builder, wide, across);
}

/** Factorizations of matrices, and what is solved with them. */
export const factorizations: readonly Operator[] = [
  row(
    "aten::linalg_cholesky",
    ["(Tensor self, *, bool upper=False) -> Tensor"],
    `L of L Lᵀ, up to ${mostColumns} columns.`,
    (call, builder) => {
      const lower = cholesky(builder, call.tensor("self"));
      return call.bool("upper") ? transposed(builder, lower) : lower;
    },
  ),
  row(
    "aten::cholesky",
    ["(Tensor self, bool upper=False) -> Tensor"],
    `L of L Lᵀ, up to ${mostColumns} columns.`,
    (call, builder) => {
      const lower = cholesky(builder, call.tensor("self"));
      return call.bool("upper") ? transposed(builder, lower) : lower;
    },
  ),
  row(
    "aten::linalg_cholesky_ex",
    ["(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)"],
    "As aten::linalg_cholesky; the error code is always 0.",
    (call, builder) => {
      const lower = cholesky(builder, call.tensor("self"));
      const info = builder.full("int32", 0, lower.shape.slice(0, -2));
      return new TupleValue([call.bool("upper") ? transposed(builder, lower) : lower, info]);
    },
  ),
  row(
    "aten::linalg_qr",
    ['(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R)'],
    `Q and R, up to ${mostColumns} columns.`,
    qr,
  ),
  row("aten::qr", ["(Tensor self, bool some=True) -> (Tensor Q, Tensor R)"], "As aten::linalg_qr.", qr),
  row(
    "aten::linalg_solve_triangular",
    ["(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor"],
    "Solves with a triangular matrix.",
    (call, builder) => {
      const a = triangle(builder, call.tensor("self"), call.bool("upper"), call.bool("unitriangular"));
      return solveTriangular(builder, a, call.tensor("B"), call.bool("left"));
    },
  ),
  row(
    "aten::triangular_solve",
    [
      "(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> (Tensor solution, Tensor cloned_coefficient)",
    ],
    "Solves with a triangular matrix.",
    (call, builder) => {
      const a = triangle(builder, call.tensor("A"), call.bool("upper"), call.bool("unitriangular"));
      const used = call.bool("transpose") ? transposed(builder, a) : a;
      return new TupleValue([solveTriangular(builder, used, call.tensor("self"), true), call.tensor("A")]);
    },
  ),
  row(
    "aten::cholesky_solve",
    ["(Tensor self, Tensor input2, bool upper=False) -> Tensor"],
    "Solves with a matrix given by its Cholesky factor.",
    (call, builder) =>
      solveTriangular(builder, product(builder, call.tensor("input2"), call.bool("upper")), call.tensor("self"), true),
  ),
  row(
    "aten::cholesky_inverse",
    ["(Tensor self, bool upper=False) -> Tensor"],
    "The inverse of a matrix given by its Cholesky factor.",
    (call, builder) => {
      const self = call.tensor("self");
      return builder.cast(inverse(builder, product(builder, self, call.bool("upper"))), self.dtype);
    },
  ),
  row(
    "aten::_linalg_det",
    ["(Tensor A) -> (Tensor result, Tensor LU, Tensor pivots)"],
    "The determinant; LU and pivots are not given.",
    (call, builder) => {
      const a = call.tensor("A");
      const result = builder.emit("Det", [a], {}, { dtype: a.dtype, shape: a.shape.slice(0, -2) });
      return new TupleValue([result, null, null]);
    },
  ),
  row(
    "aten::_linalg_solve_ex",
    [
      "(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor LU, Tensor pivots, Tensor info)",
    ],
    "A X = B; LU and pivots are not given.",
    (call, builder) => {
      const info = builder.full("int32", 0, call.tensor("A").shape.slice(0, -2));
      return new TupleValue([solve(call, builder), null, null, info]);
    },
  ),
];
