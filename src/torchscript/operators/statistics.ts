import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { type Extent, extentOf, sizeTensor } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths, toFloat } from "./maths.ts";
import { nonzero } from "./indexing.ts";
import type { Operator } from "./operator.ts";
import { constantPad } from "./padding.ts";
import { matmul } from "./products.ts";
import { sliceAxis, takeAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";
import { cumulativeSum } from "./scans.ts";
import { vectorNorm } from "./vector-norms.ts";

/** Covariances of the rows. */
function covariance(builder: Builder, self: TensorValue, correction: number): TensorValue {
  const m = new Maths(builder);
  const x = self.rank === 2 ? self : builder.reshape(self, [1, self.count]);
  const centred = m.sub(x, reduce(builder, "ReduceMean", x, [1], true));
  const sums = matmul(builder, centred, builder.transpose(centred, [1, 0]));
  const result = m.div(sums, Math.max(x.shape[1] - correction, 0));
  return self.rank === 2 ? result : builder.reshape(result, []);
}

function weightedCovariance(
  call: Call,
  builder: Builder,
  counts: TensorValue | null,
  weights: TensorValue | null,
): TensorValue {
  const m = new Maths(builder);
  const self = toFloat(builder, call.tensor("self"));
  const x = self.rank === 2 ? self : builder.reshape(self, [1, self.count]);
  const [often, much] = [counts, weights].map((w) => (w === null ? null : builder.cast(w, x.dtype)));
  const w = often === null ? much : much === null ? often : m.mul(often, much);
  if (w === null) return covariance(builder, self, call.int("correction"));
  const sum = (y: TensorValue) => reduce(builder, "ReduceSum", y, [y.rank - 1], true);
  const centred = m.sub(x, m.div(sum(m.mul(x, w)), sum(w)));
  const sums = matmul(builder, m.mul(centred, w), builder.transpose(centred, [1, 0]));
  // Observations that count once, or the weights that stand for a number of them.
  const lost = much === null ? builder.full(x.dtype, 1) : m.div(sum(m.mul(w, much)), sum(w));
  const result = m.div(sums, m.max(m.sub(sum(w), m.mul(lost, call.int("correction"))), 0));
  return self.rank === 2 ? result : builder.reshape(result, []);
}

function correlation(builder: Builder, self: TensorValue): TensorValue {
  const m = new Maths(builder);
  const c = covariance(builder, self, 1);
  if (c.rank === 0) return m.div(c, c);
  const n = c.shape[0];
  const places = builder.ints(Array.from({ length: n }, (_, i) => i * (n + 1)));
  const flat = builder.reshape(c, [n * n]);
  const diagonal = builder.emit("Gather", [flat, places], { axis: 0 }, { dtype: c.dtype, shape: [n] });
  const deviation = m.sqrt(diagonal);
  const scaled = m.div(m.div(c, builder.unsqueeze(deviation, [1])), deviation);
  return m.max(m.min(scaled, 1), -1);
}

/** Areas between neighbours along a dimension. */
function trapezoids(call: Call, builder: Builder): { readonly areas: TensorValue; readonly axis: number } {
  const m = new Maths(builder);
  const y = toFloat(builder, call.tensor("y"));
  const axis = normalizeDim(call.int("dim"), y.rank);
  const n = y.shape[axis];
  const ends = (x: TensorValue, at: number, size: number) => [
    sliceAxis(builder, x, at, 1, size),
    sliceAxis(builder, x, at, 0, size - 1),
  ];
  const [later, sooner] = ends(y, axis, n);
  const mean = m.div(m.add(later, sooner), 2);
  if (!call.has("x")) return { areas: m.mul(mean, Number(call.scalar("dx"))), axis };
  const x = call.tensor("x");
  const places =
    x.rank === 1
      ? builder.reshape(
          x,
          y.shape.map((_, i) => (i === axis ? n : 1)),
        )
      : x;
  const [right, left] = ends(places, places.rank - (y.rank - axis), n);
  return { areas: m.mul(m.sub(right, left), mean), axis };
}

/** All choices of r elements, in order. */
function choices(n: number, r: number, again: boolean, from = 0): number[][] {
  if (r === 0) return [[]];
  const all: number[][] = [];
  for (let i = from; i < n; i++) {
    for (const rest of choices(n, r - 1, again, again ? i : i + 1)) all.push([i, ...rest]);
  }
  return all;
}

function combinations(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const r = call.int("r");
  if (self.rank !== 1 || r < 0 || self.count ** r > 1 << 22)
    throw raised("combinations of something that is no short list");
  const picked = choices(self.count, r, call.bool("with_replacement"));
  return builder.reshape(takeAxis(builder, self, 0, picked.flat()), [picked.length, r]);
}

function powers(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const x = call.tensor("x");
  const n = call.optionalInt("N") ?? x.count;
  const order = Array.from({ length: n }, (_, i) => (call.bool("increasing") ? i : n - 1 - i));
  return m.pow(builder.unsqueeze(x, [1]), builder.constant("float32", [n], order));
}

function longer(a: Extent, b: Extent, builder: Builder): Extent {
  if (typeof a === "number" && typeof b === "number") return Math.max(a, b);
  const sizes = [a, b].map((extent) => sizeTensor(builder, extent));
  return builder.read(builder.emit("Max", sizes, {}, { dtype: "int64", shape: [] }));
}

function difference(a: Extent, b: Extent, builder: Builder): Extent {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const sizes = [a, b].map((extent) => sizeTensor(builder, extent));
  return builder.read(builder.emit("Sub", sizes, {}, { dtype: "int64", shape: [] }));
}

function padded(call: Call, builder: Builder): TensorValue {
  const tensors = call.tensors("sequences");
  const lengths = tensors.map((tensor) => extentOf(builder, builder.read(tensor), 0));
  const longest = lengths.reduce((a, b) => longer(a, b, builder));
  const left = call.has("padding_side") && call.string("padding_side") === "left";
  const rows = tensors.map((tensor, i) => {
    const missing = difference(longest, lengths[i], builder);
    const pad = [...tensor.shape.slice(1).flatMap(() => [0, 0]), left ? missing : 0, left ? 0 : missing];
    return builder.unsqueeze(constantPad(builder, tensor, pad, call.float("padding_value")), [0]);
  });
  const all = builder.concat(rows, 0);
  if (call.bool("batch_first")) return all;
  return builder.transpose(all, [1, 0, ...all.shape.slice(2).map((_, i) => i + 2)]);
}

function summedTo(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const size = call.ints("size");
  const lead = self.rank - size.length;
  const axes = self.shape.flatMap((dim, axis) => (axis < lead || (size[axis - lead] === 1 && dim !== 1) ? [axis] : []));
  if (axes.length === 0) return builder.copy(self);
  return builder.reshape(reduce(builder, "ReduceSum", self, axes, true), size);
}

/** Distances between all pairs of rows. */
function pairDistances(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const pairs = choices(self.shape[0], 2, false);
  const [a, b] = [0, 1].map((side) =>
    takeAxis(
      builder,
      self,
      0,
      pairs.map((pair) => pair[side]),
    ),
  );
  return vectorNorm(builder, m.sub(a, b), call.float("p"), [1], false);
}

/** Statistics, and elements arranged by counting. */
export const statistics: readonly Operator[] = [
  row(
    "aten::cov",
    ["(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor"],
    "Covariances of rows.",
    (call, builder) => {
      const counts = call.optionalTensor("fweights");
      const weights = call.optionalTensor("aweights");
      if (counts !== null || weights !== null) return weightedCovariance(call, builder, counts, weights);
      return covariance(builder, toFloat(builder, call.tensor("self")), call.int("correction"));
    },
  ),
  row("aten::corrcoef", ["(Tensor self) -> Tensor"], "Correlations of rows.", (call, builder) =>
    correlation(builder, toFloat(builder, call.tensor("self"))),
  ),
  ...["trapezoid", "trapz"].map((name) =>
    row(
      `aten::${name}`,
      [".x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", ".dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor"],
      "Area by the trapezoidal rule.",
      (call, builder) => {
        const { areas, axis } = trapezoids(call, builder);
        return reduce(builder, "ReduceSum", areas, [axis], false);
      },
    ),
  ),
  row(
    "aten::cumulative_trapezoid",
    [".x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", ".dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor"],
    "Running area by the trapezoidal rule.",
    (call, builder) => {
      const { areas, axis } = trapezoids(call, builder);
      return cumulativeSum(builder, areas, axis);
    },
  ),
  row(
    "aten::combinations",
    ["(Tensor self, int r=2, bool with_replacement=False) -> Tensor"],
    "All choices of r elements.",
    combinations,
  ),
  row("aten::vander", ["(Tensor x, int? N=None, bool increasing=False) -> Tensor"], "Powers of a vector.", powers),
  row(
    "aten::linalg_vander",
    ["(Tensor x, *, SymInt? N=None) -> Tensor"],
    "Powers of vectors, rising.",
    (call, builder) => {
      const x = call.tensor("x");
      const n = call.optionalInt("N") ?? x.shape.at(-1) ?? 0;
      const order = builder.constant(
        "float32",
        [n],
        Array.from({ length: n }, (_, i) => i),
      );
      return new Maths(builder).pow(builder.unsqueeze(x, [x.rank]), order);
    },
  ),
  row(
    "aten::pad_sequence",
    ['(Tensor[] sequences, bool batch_first=False, float padding_value=0., str padding_side="right") -> Tensor'],
    "Sequences of different lengths side by side.",
    padded,
  ),
  row("aten::sum_to_size", ["(Tensor self, SymInt[] size) -> Tensor"], "Summed over what was broadcast.", summedTo),
  ...["aten::pdist", "aten::_pdist_forward"].map((name) =>
    row(name, ["(Tensor self, float p=2) -> Tensor"], "Distances between all pairs of rows.", pairDistances),
  ),
  row("aten::argwhere", ["(Tensor self) -> Tensor"], "Places of elements that are not 0.", (call, builder) =>
    builder.concat(
      nonzero(builder, call.tensor("self")).map((column) => builder.unsqueeze(column, [1])),
      1,
    ),
  ),
  row("aten::isreal", ["(Tensor self) -> Tensor"], "Whether the imaginary part is 0.", (call, builder) => {
    const self = call.tensor("self");
    if (isComplex(self.dtype)) throw raised("aten::isreal of complex numbers");
    return builder.full("bool", true, self.shape);
  }),
];
