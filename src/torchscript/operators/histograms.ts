import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** Edges of equal bins over a range: that of the elements where none is given. */
function evenEdges(call: Call, builder: Builder, flat: TensorValue): TensorValue {
  const m = new Maths(builder);
  const bins = call.int("bins");
  const range = call.optionalFloats("range");
  const [low, high] =
    range === null
      ? [reduce(builder, "ReduceMin", flat, [0], true), reduce(builder, "ReduceMax", flat, [0], true)]
      : range.map((end) => builder.full(flat.dtype, end, [1]));
  // As torch.linspace: from both ends, so that the last edge is the largest element to the bit.
  const counted = (from: (i: number) => number) =>
    builder.constant(
      flat.dtype,
      [bins + 1],
      Array.from({ length: bins + 1 }, (_, i) => from(i)),
    );
  const step = m.div(m.sub(high, low), bins);
  const upwards = m.add(
    low,
    m.mul(
      step,
      counted((i) => i),
    ),
  );
  const downwards = m.sub(
    high,
    m.mul(
      step,
      counted((i) => bins - i),
    ),
  );
  return m.where(
    m.less(
      counted((i) => i),
      (bins + 1) / 2,
    ),
    upwards,
    downwards,
  );
}

/** Bins take their lower edge; the last takes both. */
function histogram(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const flat = builder.reshape(self, [self.count]);
  const edges = call.overload === "bins_tensor" ? call.tensor("bins") : evenEdges(call, builder, flat);
  const bins = edges.shape[0] - 1;
  const part = (from: number, to: number) => builder.unsqueeze(sliceAxis(builder, edges, 0, from, to), [1]);
  const [low, high] = [part(0, bins), part(1, bins + 1)];
  const last = builder.constant(
    "bool",
    [bins, 1],
    Array.from({ length: bins }, (_, i) => (i === bins - 1 ? 1n : 0n)),
  );
  const below = m.or(m.less(flat, high), m.and(last, m.equal(flat, high)));
  const hits = m.and(m.greaterEqual(flat, low), below);
  const weight = call.optionalTensor("weight");
  const weights = weight === null ? builder.full(flat.dtype, 1) : builder.reshape(weight, [flat.count]);
  const counts = reduce(builder, "ReduceSum", m.where(hits, weights, 0), [1], false);
  if (!call.bool("density")) return new TupleValue([counts, edges]);
  const widths = builder.reshape(m.sub(high, low), [bins]);
  const total = reduce(builder, "ReduceSum", counts, [0], true);
  return new TupleValue([m.div(m.div(counts, total), widths), edges]);
}

/** Histograms with their edges. */
export const histograms: readonly Operator[] = [
  row(
    "aten::histogram",
    [
      ".bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)",
      ".bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)",
    ],
    "Counts, or densities, and the edges of bins.",
    histogram,
  ),
];
