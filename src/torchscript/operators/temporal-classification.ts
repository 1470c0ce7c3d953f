import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { gather } from "./gather.ts";
import { iterate } from "./iteration.ts";
import { reduced } from "./losses.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";
import { row } from "./row.ts";
import { cumulativeSum } from "./scans.ts";

/** Logarithm of 0: sums of it stay finite. */
const impossible = -1e30;

function lengths(call: Call, builder: Builder, name: string): TensorValue {
  const value = call.overload === "Tensor" ? call.tensor(name) : builder.ints(call.ints(name));
  return builder.reshape(builder.cast(value, "int64"), [value.count]);
}

/** Targets as [batch, longest]: given so, or one behind the other. */
function targetRows(builder: Builder, targets: TensorValue, sizes: TensorValue, batch: number): TensorValue {
  const m = new Maths(builder);
  const ids = builder.cast(targets, "int64");
  if (ids.rank === 2) return ids;
  if (batch === 1) return builder.reshape(ids, [1, ids.count]);
  const known = builder.known(sizes);
  const longest = known === null ? ids.count : Math.max(...known.map(Number));
  const starts = m.sub(cumulativeSum(builder, sizes, 0), sizes);
  const places = m.add(builder.unsqueeze(starts, [1]), range(builder, 0, 1, longest, "int64"));
  const within = m.min(places, ids.count - 1);
  return builder.emit("Gather", [ids, within], { axis: 0 }, { dtype: "int64", shape: [batch, longest] });
}

/** log(e^a + e^b + e^c). */
function logSum(m: Maths, a: TensorValue, b: TensorValue, c: TensorValue): TensorValue {
  const most = m.max(m.max(a, b), c);
  const part = (x: TensorValue) => m.exp(m.sub(x, most));
  return m.add(most, m.log(m.add(m.add(part(a), part(b)), part(c))));
}

/** The state `by` places before, along the last dimension. */
function shifted(builder: Builder, x: TensorValue, by: number): TensorValue {
  const [rows, states] = x.shape;
  const front = builder.full(x.dtype, x.dtype === "int64" ? -1 : impossible, [rows, Math.min(by, states)]);
  return states <= by ? front : builder.concat([front, sliceAxis(builder, x, 1, 0, states - by)], 1);
}

/** Graves' forward recursion over targets with blanks between them; the loss of each sequence. */
function losses(call: Call, builder: Builder, given: TensorValue, targetSizes: TensorValue): TensorValue {
  const m = new Maths(builder);
  const blank = call.int("blank");
  const [steps, batch] = given.shape;
  const rows = targetRows(builder, call.tensor("targets"), targetSizes, batch);
  const longest = rows.shape[1];
  const states = 2 * longest + 1;
  const blanks = builder.full("int64", blank, [batch, longest, 1]);
  const pairs = builder.concat([blanks, builder.unsqueeze(rows, [2])], 2);
  const first = builder.full("int64", blank, [batch, 1]);
  const labels = builder.concat([builder.reshape(pairs, [batch, 2 * longest]), first], 1);
  const places = range(builder, 0, 1, states, "int64");
  const before = shifted(builder, labels, 2);
  const skips = m.and(m.not(m.equal(labels, blank)), m.not(m.equal(labels, before)));
  const at = (t: TensorValue) =>
    gather(
      builder,
      builder.emit("Gather", [given, t], { axis: 0 }, { dtype: given.dtype, shape: given.shape.slice(1) }),
      1,
      labels,
    );
  const start = m.where(m.less(places, 2), at(builder.full("int64", 0)), impossible);
  const inputSizes = builder.unsqueeze(lengths(call, builder, "input_lengths"), [1]);
  const [alpha] = iterate(builder, steps - 1, [start], ([state], round) => {
    const t = m.add(round, 1);
    const skipped = m.where(skips, shifted(builder, state, 2), impossible);
    const next = m.max(m.add(logSum(m, state, shifted(builder, state, 1), skipped), at(t)), impossible);
    return [m.where(m.less(t, inputSizes), next, state)];
  });
  const end = m.mul(builder.unsqueeze(targetSizes, [1]), 2);
  const last = gather(builder, alpha, 1, end);
  const single = gather(builder, alpha, 1, m.max(m.sub(end, 1), 0));
  const beside = m.where(m.equal(end, 0), impossible, single);
  return builder.reshape(m.neg(logSum(m, last, beside, builder.full("float64", impossible))), [batch]);
}

function connectionist(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const given = call.tensor("log_probs");
  const wide = builder.cast(given.rank === 2 ? builder.unsqueeze(given, [1]) : given, "float64");
  const sizes = lengths(call, builder, "target_lengths");
  const all = losses(call, builder, wide, sizes);
  const infinite = m.greater(all, 1e29);
  const values = m.where(infinite, call.bool("zero_infinity") ? 0 : Infinity, all);
  const reduction = call.int("reduction");
  // The mean is of losses by the length of their targets.
  const weighed = reduction === 1 ? m.div(values, builder.cast(m.max(sizes, 1), "float64")) : values;
  const result = reduced(builder, weighed, reduction);
  const single = given.rank === 2 && result.rank === 1 ? builder.reshape(result, []) : result;
  return builder.cast(single, given.dtype);
}

const rest = "int blank=0, int reduction=1, bool zero_infinity=False) -> Tensor";

/** Connectionist temporal classification. */
export const temporalClassification: readonly Operator[] = [
  row(
    "aten::ctc_loss",
    [
      `.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, ${rest}`,
      `.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, ${rest}`,
    ],
    "Connectionist temporal classification, by its forward recursion.",
    connectionist,
  ),
];
