import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex, isFloating, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceAxis } from "./rearrange.ts";

function accumulated(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  return builder.cast(
    self,
    call.dtype("dtype") ?? (isFloating(self.dtype) || isComplex(self.dtype) ? self.dtype : "int64"),
  );
}

export function cumulativeSum(builder: Builder, x: TensorValue, dim: number): TensorValue {
  if (x.rank === 0) return x;
  const axis = builder.constant("int64", [], [BigInt(normalizeDim(dim, x.rank))]);
  return builder.emit("CumSum", [x, axis], {}, { dtype: x.dtype, shape: x.shape });
}

/** Running combination in ⌈log₂ n⌉ steps: each element with the one 2ᵏ before it. */
function scan(
  m: Maths,
  parts: readonly TensorValue[],
  dim: number,
  combine: (before: readonly TensorValue[], now: readonly TensorValue[]) => readonly TensorValue[],
): readonly TensorValue[] {
  const { builder } = m;
  const size = parts[0].shape[dim] ?? 1;
  let result = parts;
  for (let step = 1; step < size; step *= 2) {
    const before = result.map((part) => sliceAxis(builder, part, dim, 0, size - step));
    const now = result.map((part) => sliceAxis(builder, part, dim, step, size));
    const combined = combine(before, now);
    result = result.map((part, i) => builder.concat([sliceAxis(builder, part, dim, 0, step), combined[i]], dim));
  }
  return result;
}

function product(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = accumulated(call, builder);
  if (self.rank === 0) return self;
  return scan(m, [self], normalizeDim(call.int("dim"), self.rank), ([a], [b]) => [m.mul(a, b)])[0];
}

function logSumExp(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const both = (a: TensorValue, b: TensorValue) =>
    m.add(m.max(a, b), m.log(m.add(m.exp(m.neg(m.abs(m.sub(a, b)))), 1)));
  return scan(m, [self], normalizeDim(call.int("dim"), self.rank), ([a], [b]) => [both(a, b)])[0];
}

/** Running extreme and the index of its last occurrence. */
function extreme(call: Call, builder: Builder, larger: boolean): TupleValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  if (self.rank === 0) return new TupleValue([self, builder.full("int64", 0)]);
  const dim = normalizeDim(call.int("dim"), self.rank);
  const along = self.shape.map((n, axis) => (axis === dim ? n : 1));
  const places = builder.constant(
    "int64",
    along,
    Array.from({ length: self.shape[dim] }, (_, i) => BigInt(i)),
  );
  const index = builder.expand(places, self.shape);
  const wins = (a: TensorValue, b: TensorValue) => (larger ? m.greaterEqual(b, a) : m.lessEqual(b, a));
  const result = scan(m, [self, index], dim, ([a, i], [b, j]) => {
    const later = wins(a, b);
    return [m.where(later, b, a), m.where(later, j, i)];
  });
  return new TupleValue(result);
}

/** Differences of neighbours, n times. */
function differences(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const dim = normalizeDim(call.int("dim"), self.rank);
  const ends = [call.optionalTensor("prepend"), self, call.optionalTensor("append")].filter((x) => x !== null);
  let result = ends.length === 1 ? self : builder.concat(builder.promote(ends), dim);
  const n = call.int("n");
  if (n > 64) throw unsupported(`aten::diff with n ${n}`);
  for (let i = 0; i < n && result.shape[dim] > 0; i++) {
    const size = result.shape[dim];
    const [after, before] = [sliceAxis(builder, result, dim, 1, size), sliceAxis(builder, result, dim, 0, size - 1)];
    result = result.dtype === "bool" ? m.xor(after, before) : m.sub(after, before);
  }
  return result;
}

/** Running sums, products and extremes. */
export const scans: readonly Operator[] = [
  {
    name: "aten::cumsum",
    schemas: ["aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor"],
    doc: "Running sum; integers in int64.",
    lower: (call, builder) => cumulativeSum(builder, accumulated(call, builder), call.int("dim")),
  },
  {
    name: "aten::cumprod",
    schemas: ["aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor"],
    doc: "Running product; integers in int64.",
    lower: product,
  },
  {
    name: "aten::logcumsumexp",
    schemas: ["aten::logcumsumexp(Tensor self, int dim) -> Tensor"],
    doc: "Running log of the sum of exponentials.",
    lower: logSumExp,
  },
  {
    name: "aten::cummax",
    schemas: ["aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)"],
    doc: "Running largest and its index.",
    lower: (call, builder) => extreme(call, builder, true),
  },
  {
    name: "aten::cummin",
    schemas: ["aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)"],
    doc: "Running smallest and its index.",
    lower: (call, builder) => extreme(call, builder, false),
  },
  {
    name: "aten::diff",
    schemas: ["aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor"],
    doc: "Differences of neighbours.",
    lower: differences,
  },
];
