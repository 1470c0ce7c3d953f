import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";
import { cumulativeSum } from "./scans.ts";

const neutral: Readonly<Record<string, readonly [op: string, start: number]>> = {
  sum: ["ReduceSum", 0],
  mean: ["ReduceSum", 0],
  prod: ["ReduceProd", 1],
  max: ["ReduceMax", -Infinity],
  min: ["ReduceMin", Infinity],
};

/** Where each segment begins and ends, as columns. */
function bounds(call: Call, builder: Builder): [TensorValue, TensorValue] {
  const m = new Maths(builder);
  const column = (x: TensorValue) => builder.unsqueeze(x, [1]);
  const offsets = call.optionalTensor("offsets");
  if (offsets !== null) {
    const wide = builder.cast(offsets, "int64");
    const n = wide.shape[0];
    return [column(sliceAxis(builder, wide, 0, 0, n - 1)), column(sliceAxis(builder, wide, 0, 1, n))];
  }
  const lengths = call.optionalTensor("lengths");
  if (lengths === null) throw unsupported("aten::segment_reduce without lengths or offsets");
  const ends = cumulativeSum(builder, builder.cast(lengths, "int64"), 0);
  return [column(m.sub(ends, builder.cast(lengths, "int64"))), column(ends)];
}

function segmentReduce(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const data = call.tensor("data");
  const kind = call.string("reduce");
  const found = neutral[kind];
  if (found === undefined || call.int("axis") !== 0) throw unsupported(`aten::segment_reduce by ${kind}`);
  const [op, start] = found;
  const [from, to] = bounds(call, builder);
  if (from.rank !== 2) throw unsupported("aten::segment_reduce of several rows of lengths");
  const places = range(builder, 0, 1, data.shape[0], "int64");
  const members = m.and(m.greaterEqual(places, from), m.less(places, to));
  const spread = builder.unsqueeze(
    members,
    data.shape.slice(1).map((_, i) => i + 2),
  );
  const total = reduce(builder, op, m.where(spread, builder.unsqueeze(data, [0]), start), [1], false);
  const given = call.optionalScalar("initial");
  const whole = given === null ? total : combined(m, op, total, Number(given));
  if (kind !== "mean") return whole;
  const sizes = builder.reshape(m.sub(to, from), [from.shape[0], ...data.shape.slice(1).map(() => 1)]);
  const mean = m.div(whole, builder.cast(sizes, data.dtype));
  return given === null ? mean : m.where(m.equal(sizes, 0), Number(given), mean);
}

function combined(m: Maths, op: string, total: TensorValue, initial: number): TensorValue {
  if (op === "ReduceSum") return m.add(total, initial);
  if (op === "ReduceProd") return m.mul(total, initial);
  return op === "ReduceMax" ? m.max(total, initial) : m.min(total, initial);
}

/** Reductions of rows that belong together. */
export const segments: readonly Operator[] = [
  row(
    "aten::segment_reduce",
    [
      "(Tensor data, str reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, bool unsafe=False, Scalar? initial=None) -> Tensor",
    ],
    "Sum, mean, product and extremes of segments along the first dimension.",
    segmentReduce,
  ),
];
