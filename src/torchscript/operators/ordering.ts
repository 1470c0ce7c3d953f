import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { dimsOf, type Extent, extentsOf, sizesTensor } from "../extent.ts";
import { isFloating, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceAxis } from "./rearrange.ts";
import { axesOf, reduce } from "./reduce.ts";

/** The k largest (smallest) along an axis, in order; equal ones by index. */
export function topK(
  builder: Builder,
  x: TensorValue,
  k: Extent,
  axis: number,
  largest: boolean,
): [TensorValue, TensorValue] {
  if (x.rank === 0) return [x, builder.full("int64", 0)];
  const shape = x.shape.with(axis, dimsOf([k])[0]);
  const attributes = { axis, largest: largest ? 1 : 0, sorted: 1 };
  const count = sizesTensor(builder, [k]);
  const results = [{ dtype: x.dtype, shape } as const, { dtype: "int64", shape } as const];
  const [values, indices] = builder.emitMany("TopK", [x, count], attributes, results);
  return [values, indices];
}

function sorted(call: Call, builder: Builder): [TensorValue, TensorValue] {
  const self = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), self.rank);
  return topK(builder, self, extentsOf(builder, self)[axis] ?? 1, axis, call.bool("descending"));
}

/** The lower median and its index. */
function median(call: Call, builder: Builder): TensorValue | TupleValue {
  const self = call.tensor("self");
  const whole = !call.has("dim");
  const x = whole ? builder.reshape(self, [self.count]) : self;
  const axis = whole ? 0 : normalizeDim(call.int("dim"), self.rank);
  const size = x.shape[axis] ?? 1;
  const middle = Math.floor((size - 1) / 2);
  const keep = call.bool("keepdim");
  const [values, indices] = topK(builder, x, size, axis, false).map((result) => {
    if (result.rank === 0) return result;
    const one = sliceAxis(builder, result, axis, middle, middle + 1);
    return keep ? one : builder.reshape(one, one.shape.toSpliced(axis, 1));
  });
  return whole ? values : new TupleValue([values, indices]);
}

function kthValue(call: Call, builder: Builder): TupleValue {
  const self = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), self.rank);
  const k = call.int("k");
  const keep = call.bool("keepdim");
  const picked = topK(builder, self, k, axis, false).map((result) => {
    const one = sliceAxis(builder, result, axis, k - 1, k);
    return keep ? one : builder.reshape(one, one.shape.toSpliced(axis, 1));
  });
  return new TupleValue(picked);
}

/** How many boundaries are below each value (or not above it, with right). */
function bucket(
  builder: Builder,
  bounds: TensorValue,
  values: TensorValue,
  right: boolean,
  narrow: boolean,
): TensorValue {
  const m = new Maths(builder);
  const [edges, x] = builder.promote([
    builder.unsqueeze(bounds, [bounds.rank - 1]),
    builder.unsqueeze(values, [values.rank]),
  ]);
  const below = right ? m.lessEqual(edges, x) : m.less(edges, x);
  const counts = reduce(builder, "ReduceSum", builder.cast(below, "int64"), [below.rank - 1], false);
  return builder.cast(builder.reshape(counts, values.shape), narrow ? "int32" : "int64");
}

function quantile(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = toFloat(builder, call.tensor("self"));
  const dim = call.optionalInt("dim");
  const x = dim === null ? builder.reshape(self, [self.count]) : self;
  const axis = dim === null ? 0 : normalizeDim(dim, self.rank);
  const size = x.shape[axis];
  const q = call.operand("q");
  const wanted = builder.reshape(builder.cast(q, self.dtype), [q.count]);
  const mode = call.optionalString("interpolation") ?? "linear";
  const place = m.mul(wanted, size - 1);
  const low = mode === "nearest" ? m.round(place) : mode === "higher" ? m.unary("Ceil", place) : m.floor(place);
  const last = builder.transpose(x, [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis]);
  const [values] = topK(builder, last, size, last.rank - 1, false);
  const at = (index: TensorValue) =>
    builder.emit(
      "Gather",
      [values, builder.cast(index, "int64")],
      { axis: last.rank - 1 },
      { dtype: x.dtype, shape: [...last.shape.slice(0, -1), q.count] },
    );
  let result = at(low);
  if (mode === "linear" || mode === "midpoint") {
    const weight = mode === "midpoint" ? m.mul(m.sign(m.sub(place, low)), 0.5) : m.sub(place, low);
    result = m.add(result, m.mul(weight, m.sub(at(m.min(m.add(low, 1), size - 1)), result)));
  }
  const outer = call.bool("keepdim")
    ? dim === null
      ? self.shape.map(() => 1)
      : self.shape.with(axis, 1)
    : last.shape.slice(0, -1);
  const front = builder.transpose(result, [last.rank - 1, ...last.shape.slice(1).map((_, i) => i)]);
  return builder.reshape(front, q.rank === 0 ? outer : [q.count, ...outer]);
}

function mostFrequent(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), self.rank);
  const size = self.shape[axis] ?? 1;
  const [values] = topK(builder, self, size, axis, false);
  const same = m.equal(builder.unsqueeze(values, [axis + 1]), builder.unsqueeze(values, [axis]));
  const counts = reduce(builder, "ReduceSum", builder.cast(same, "int64"), [axis + 1], false);
  const best = builder.emit(
    "ArgMax",
    [counts],
    { axis, keepdims: 1 },
    { dtype: "int64", shape: self.shape.with(axis, 1) },
  );
  const mode = builder.emit("GatherElements", [values, best], { axis }, { dtype: self.dtype, shape: best.shape });
  const isMode = builder.cast(m.equal(self, mode), "int64");
  const index = builder.emit(
    "ArgMax",
    [isMode],
    { axis, keepdims: 1, select_last_index: 1 },
    { dtype: "int64", shape: best.shape },
  );
  const shape = call.bool("keepdim") ? best.shape : self.shape.toSpliced(axis, 1);
  return new TupleValue([builder.reshape(mode, shape), builder.reshape(index, shape)]);
}

/** Counts of elements in `bins` equal steps. */
function histogram(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = builder.reshape(call.tensor("self"), [call.tensor("self").count]);
  const bins = call.int("bins");
  let low: TensorValue = builder.full(self.dtype, Number(call.scalar("min")));
  let high: TensorValue = builder.full(self.dtype, Number(call.scalar("max")));
  if (Number(call.scalar("min")) === 0 && Number(call.scalar("max")) === 0) {
    low = reduce(builder, "ReduceMin", self, axesOf(null, 1), false);
    high = reduce(builder, "ReduceMax", self, axesOf(null, 1), false);
  }
  const inside = m.and(m.greaterEqual(self, low), m.lessEqual(self, high));
  const place = m.floor(m.div(m.mul(m.sub(self, low), bins), m.sub(high, low)));
  const bin = builder.unsqueeze(m.min(place, bins - 1), [0]);
  const numbers = Array.from({ length: bins }, (_, i) => i);
  const hits = m.equal(
    bin,
    builder.constant(self.dtype, [bins, 1], isFloating(self.dtype) ? numbers : numbers.map(BigInt)),
  );
  return reduce(
    builder,
    "ReduceSum",
    builder.cast(m.and(hits, builder.unsqueeze(inside, [0])), self.dtype),
    [1],
    false,
  );
}

/** Sorting and ranks. */
export const ordering: readonly Operator[] = [
  {
    name: "aten::topk",
    schemas: [
      "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
    ],
    doc: "The k largest or smallest, and their indices.",
    lower(call, builder) {
      const self = call.tensor("self");
      return new TupleValue(
        topK(builder, self, call.extent("k"), normalizeDim(call.int("dim"), self.rank), call.bool("largest")),
      );
    },
  },
  {
    name: "aten::sort",
    schemas: [
      "aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
      "aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
    ],
    doc: "Sorted, with indices.",
    lower: (call, builder) => new TupleValue(sorted(call, builder)),
  },
  {
    name: "aten::msort",
    schemas: ["aten::msort(Tensor self) -> Tensor"],
    doc: "Sorted along the first dimension.",
    lower: (call, builder) => topK(builder, call.tensor("self"), call.tensor("self").shape[0] ?? 1, 0, false)[0],
  },
  {
    name: "aten::argsort",
    schemas: [
      "aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor",
      "aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
    ],
    doc: "Indices that sort.",
    lower: (call, builder) => sorted(call, builder)[1],
  },
  {
    name: "aten::median",
    schemas: [
      "aten::median(Tensor self) -> Tensor",
      "aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ],
    doc: "Lower median.",
    lower: median,
  },
  {
    name: "aten::kthvalue",
    schemas: [
      "aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ],
    doc: "The k-th smallest.",
    lower: kthValue,
  },
  {
    name: "aten::mode",
    schemas: ["aten::mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)"],
    doc: "The most frequent, and its last index.",
    lower: mostFrequent,
  },
  {
    name: "aten::quantile",
    schemas: [
      'aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor',
      'aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor',
    ],
    doc: "Quantiles, interpolated.",
    lower: quantile,
  },
  {
    name: "aten::histc",
    schemas: ["aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor"],
    doc: "Histogram of equal steps.",
    lower: histogram,
  },
  {
    name: "aten::searchsorted",
    schemas: [
      "aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
      "aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
    ],
    doc: "Where values belong in a sorted sequence.",
    lower: (call, builder) =>
      bucket(
        builder,
        call.tensor("sorted_sequence"),
        call.operand("self"),
        call.bool("right") || call.optionalString("side") === "right",
        call.bool("out_int32"),
      ),
  },
  {
    name: "aten::bucketize",
    schemas: [
      "aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
      "aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    ],
    doc: "Which interval each value lies in.",
    lower: (call, builder) =>
      bucket(builder, call.tensor("boundaries"), call.operand("self"), call.bool("right"), call.bool("out_int32")),
  },
];
