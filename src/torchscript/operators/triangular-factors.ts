import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { gather } from "./gather.ts";
import { iterate } from "./iteration.ts";
import { inverse } from "./matrices.ts";
import { identity } from "./matrix-functions.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";
import { row } from "./row.ts";

interface Factored {
  /** L below the diagonal and U on and above it, in one matrix. */
  readonly lu: TensorValue;
  /** Which row of A each row of L U is. */
  readonly order: TensorValue;
  /** The row that each step swapped, counted from 1. */
  readonly pivots: TensorValue;
}

/** `x` with entries `at` and `other` along the last dimension swapped. */
function swapped(m: Maths, places: TensorValue, at: TensorValue, other: TensorValue): TensorValue {
  return m.where(m.equal(places, at), other, m.where(m.equal(places, other), at, places));
}

/** Gaussian elimination with partial pivoting, in double precision. */
function factored(builder: Builder, given: TensorValue): Factored {
  if (isComplex(given.dtype)) throw unsupported("a triangular factorization of complex numbers");
  const m = new Maths(builder);
  const [rows = 0, columns = 0] = given.shape.slice(-2);
  const lead = given.shape.slice(0, -2);
  const [down, along] = [given.rank - 2, given.rank - 1];
  const steps = Math.min(rows, columns);
  const [downwards, across] = [range(builder, 0, 1, rows, "int64"), range(builder, 0, 1, columns, "int64")];
  const first = range(builder, 0, 1, steps, "int64");
  const start = [
    builder.cast(given, "float64"),
    builder.expand(downwards, [...lead, rows]),
    builder.expand(builder.full("int64", 0), [...lead, steps]),
  ];
  const line = (x: TensorValue, at: TensorValue, axis: number) =>
    builder.emit("Gather", [x, at], { axis }, { dtype: x.dtype, shape: x.shape.toSpliced(axis, 1) });
  const [lu, order, pivots] = iterate(builder, steps, start, ([a, rowsOf, taken], j) => {
    const sizes = m.where(m.greaterEqual(downwards, j), m.abs(line(a, j, along)), -1);
    const best = builder.emit("ArgMax", [sizes], { axis: down, keepdims: 1 }, { dtype: "int64", shape: [...lead, 1] });
    const places = swapped(m, builder.expand(downwards, [...lead, rows]), j, best);
    const moved = gather(builder, a, down, builder.expand(builder.unsqueeze(places, [along]), a.shape));
    const pivotRow = line(moved, j, down);
    const pivot = builder.unsqueeze(line(pivotRow, j, down), [down]);
    const below = m.greater(downwards, j);
    const safe = m.where(m.equal(pivot, 0), 1, pivot);
    const factors = builder.unsqueeze(m.where(below, m.div(line(moved, j, along), safe), 0), [along]);
    const rest = builder.unsqueeze(m.where(m.greater(across, j), pivotRow, 0), [down]);
    const left = m.sub(moved, m.mul(factors, rest));
    const here = m.and(builder.unsqueeze(below, [1]), builder.unsqueeze(m.equal(across, j), [0]));
    const next = m.where(m.equal(first, j), m.add(best, 1), taken);
    return [m.where(here, factors, left), gather(builder, rowsOf, down, places), next];
  });
  return { lu, order, pivots };
}

/** L with ones on its diagonal, and U. */
function split(builder: Builder, lu: TensorValue): [TensorValue, TensorValue] {
  const m = new Maths(builder);
  const [rows = 0, columns = 0] = lu.shape.slice(-2);
  const k = Math.min(rows, columns);
  const part = (x: TensorValue, offset: number, upper: number) =>
    builder.emit(
      "Trilu",
      [x, builder.constant("int64", [], [BigInt(offset)])],
      { upper },
      { dtype: x.dtype, shape: x.shape },
    );
  const low = part(sliceAxis(builder, lu, lu.rank - 1, 0, k), -1, 0);
  return [m.add(low, identity(builder, lu.dtype, rows, k)), part(sliceAxis(builder, lu, lu.rank - 2, 0, k), 0, 1)];
}

/** The permutation P of A = P L U. */
function permutation(builder: Builder, order: TensorValue, like: TensorValue): TensorValue {
  const rows = order.shape.at(-1) ?? 0;
  const column = builder.reshape(range(builder, 0, 1, rows, "int64"), [rows, 1]);
  return builder.cast(new Maths(builder).equal(column, builder.unsqueeze(order, [order.rank - 1])), like.dtype);
}

/** The order of rows that swaps one after the other lead to. */
function orderOf(builder: Builder, pivots: TensorValue, rows: number): TensorValue {
  const m = new Maths(builder);
  const [last, lead] = [pivots.rank - 1, pivots.shape.slice(0, -1)];
  const start = builder.expand(range(builder, 0, 1, rows, "int64"), [...lead, rows]);
  const wide = m.sub(builder.cast(pivots, "int64"), 1);
  const [order] = iterate(builder, pivots.shape[last], [start], ([state], j) => {
    const other = builder.emit("Gather", [wide, j], { axis: last }, { dtype: "int64", shape: lead });
    return [gather(builder, state, last, swapped(m, start, j, builder.unsqueeze(other, [last])))];
  });
  return order;
}

function packed(call: Call, builder: Builder, withInfo: boolean): TupleValue {
  const given = call.tensor(call.has("A") ? "A" : "self");
  if (!call.bool("pivot")) throw unsupported(`${call.name} without pivots`);
  const { lu, pivots } = factored(builder, given);
  const info = withInfo ? [builder.full("int32", 0, given.shape.slice(0, -2))] : [];
  return new TupleValue([builder.cast(lu, given.dtype), builder.cast(pivots, "int32"), ...info]);
}

function unpacked(call: Call, builder: Builder): TupleValue {
  const data = call.tensor("LU_data");
  const order = orderOf(builder, call.tensor("LU_pivots"), data.shape.at(-2) ?? 0);
  return new TupleValue([permutation(builder, order, data), ...split(builder, data)]);
}

/** X of A X = B (or X A = B), by the matrix that the factors give. */
function solved(
  builder: Builder,
  lu: TensorValue,
  pivots: TensorValue,
  b: TensorValue,
  left: boolean,
  adjoint: boolean,
) {
  const wide = builder.cast(lu, "float64");
  const [low, up] = split(builder, wide);
  const turned = permutation(builder, orderOf(builder, pivots, lu.shape.at(-2) ?? 0), wide);
  const a = matmul(builder, matmul(builder, turned, low), up);
  const axes = a.shape.map((_, axis) => axis);
  const used = adjoint ? builder.transpose(a, [...axes.slice(0, -2), a.rank - 1, a.rank - 2]) : a;
  const [x, y] = [inverse(builder, used), builder.cast(b, "float64")];
  return builder.cast(left ? matmul(builder, x, y) : matmul(builder, y, x), b.dtype);
}

/** A = P L U. */
export const triangularFactors: readonly Operator[] = [
  row(
    "aten::linalg_lu_factor",
    ["(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)"],
    "L and U in one matrix, with pivots.",
    (call, builder) => packed(call, builder, false),
  ),
  row(
    "aten::linalg_lu_factor_ex",
    ["(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)"],
    "As aten::linalg_lu_factor; the error code is always 0.",
    (call, builder) => packed(call, builder, true),
  ),
  row(
    "aten::_lu_with_info",
    ["(Tensor self, bool pivot=True, bool check_errors=True) -> (Tensor LU, Tensor pivots, Tensor info)"],
    "As aten::linalg_lu_factor; the error code is always 0.",
    (call, builder) => packed(call, builder, true),
  ),
  row(
    "aten::linalg_lu",
    ["(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)"],
    "With pivots.",
    (call, builder) => {
      const given = call.tensor("A");
      if (!call.bool("pivot")) throw unsupported("aten::linalg_lu without pivots");
      const { lu, order } = factored(builder, given);
      const parts = [permutation(builder, order, given), ...split(builder, lu)];
      return new TupleValue(parts.map((part) => builder.cast(part, given.dtype)));
    },
  ),
  row(
    "aten::lu_unpack",
    [
      "(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, Tensor L, Tensor U)",
    ],
    "P, L and U, all three.",
    unpacked,
  ),
  row(
    "aten::linalg_lu_solve",
    ["(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor"],
    "Linear equations, by the inverse.",
    (call, builder) =>
      solved(
        builder,
        call.tensor("LU"),
        call.tensor("pivots"),
        call.tensor("B"),
        call.bool("left"),
        call.bool("adjoint"),
      ),
  ),
  row(
    "aten::lu_solve",
    ["(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor"],
    "Linear equations, by the inverse.",
    (call, builder) =>
      solved(builder, call.tensor("LU_data"), call.tensor("LU_pivots"), call.tensor("self"), true, false),
  ),
];
