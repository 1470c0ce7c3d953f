import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isFloating, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { gather } from "./gather.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { topK } from "./ordering.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

interface Sorted {
  /** Ascending along the last axis, infinity in place of NaN. */
  readonly values: TensorValue;
  readonly places: TensorValue;
  /** Numbers that are none, with the last axis of size 1. */
  readonly count: TensorValue;
  /** The shape of a result for one place in each row. */
  readonly outer: readonly number[];
}

function sortedRows(call: Call, builder: Builder, self: TensorValue): Sorted {
  const m = new Maths(builder);
  const dim = call.has("dim") ? call.optionalInt("dim") : null;
  const x = dim === null ? builder.reshape(self, [self.count]) : self;
  const axis = dim === null ? 0 : normalizeDim(dim, self.rank);
  const last = builder.transpose(x, [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis]);
  const nan = isFloating(x.dtype) ? m.unary("IsNaN", last, "bool") : builder.full("bool", false, last.shape);
  const filled = isFloating(x.dtype) ? m.where(nan, Infinity, last) : last;
  const [values, places] = topK(builder, filled, last.shape[last.rank - 1], last.rank - 1, false);
  const count = reduce(builder, "ReduceSum", builder.cast(m.not(nan), "int64"), [last.rank - 1], true);
  const kept = dim === null ? self.shape.map(() => 1) : self.shape.with(axis, 1);
  return { values, places, count, outer: call.bool("keepdim") ? kept : last.shape.slice(0, -1) };
}

function median(call: Call, builder: Builder): TensorValue | TupleValue {
  const m = new Maths(builder);
  const { values, places, count, outer } = sortedRows(call, builder, call.tensor("self"));
  const middle = m.div(m.max(m.sub(count, 1), 0), 2);
  const value = gather(builder, values, -1, middle);
  const none = builder.full(values.dtype, isFloating(values.dtype) ? NaN : 0);
  const result = builder.reshape(m.where(m.equal(count, 0), none, value), outer);
  if (!call.has("dim")) return result;
  return new TupleValue([result, builder.reshape(gather(builder, places, -1, middle), outer)]);
}

function quantile(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = toFloat(builder, call.tensor("self"));
  const { values, count, outer } = sortedRows(call, builder, self);
  const q = call.operand("q");
  const wanted = builder.reshape(builder.cast(q, self.dtype), [q.count]);
  const mode = call.optionalString("interpolation") ?? "linear";
  const end = m.max(m.sub(count, 1), 0);
  const place = m.mul(wanted, builder.cast(end, self.dtype));
  const low = mode === "nearest" ? m.round(place) : mode === "higher" ? m.unary("Ceil", place) : m.floor(place);
  const at = (index: TensorValue) => gather(builder, values, -1, index);
  const first = builder.cast(low, "int64");
  let result = at(first);
  if (mode === "linear" || mode === "midpoint") {
    const weight = mode === "midpoint" ? m.mul(m.sign(m.sub(place, low)), 0.5) : m.sub(place, low);
    result = m.add(result, m.mul(weight, m.sub(at(m.min(m.add(first, 1), end)), result)));
  }
  const shown = m.where(m.equal(count, 0), builder.full(self.dtype, NaN), result);
  const front = builder.transpose(shown, [shown.rank - 1, ...shown.shape.slice(1).map((_, i) => i)]);
  return builder.reshape(front, q.rank === 0 ? outer : [q.count, ...outer]);
}

/** Order statistics that leave NaN out. */
export const withoutNaN: readonly Operator[] = [
  row(
    "aten::nanmedian",
    ["(Tensor self) -> Tensor", ".dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)"],
    "Lower median of the numbers that are not NaN.",
    median,
  ),
  row(
    "aten::nanquantile",
    [
      '(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor',
      '.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor',
    ],
    "Quantiles of the numbers that are not NaN.",
    quantile,
  ),
];
