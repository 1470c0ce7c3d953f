import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { extentsOf, unknownSize } from "../extent.ts";
import { normalizeDim } from "../promotion.ts";
import { positions } from "../slice-view.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { axesOf, reduce } from "./reduce.ts";
import { cumulativeSum } from "./scans.ts";

const empty = (builder: Builder): TensorValue => builder.constant("int64", [0], []);

/** Sorted distinct elements, or slices of an axis; where each went, and how often it was there. */
function distinct(call: Call, builder: Builder): TupleValue {
  const self = call.tensor("self");
  const axis = call.has("dim") ? normalizeDim(call.int("dim"), self.rank) : null;
  const shape = axis === null ? [unknownSize] : self.shape.with(axis, unknownSize);
  const places = { dtype: "int64", shape: [unknownSize] } as const;
  const attributes = axis === null ? { sorted: 1 } : { sorted: 1, axis };
  const results = [{ dtype: self.dtype, shape }, places, places, places];
  const [values, , inverse, counts] = builder.emitMany("Unique", [self], attributes, results);
  return new TupleValue([
    values,
    axis !== null
      ? inverse
      : call.bool("return_inverse")
        ? builder.reshape(inverse, extentsOf(builder, self))
        : empty(builder),
    call.bool("return_counts") ? counts : empty(builder),
  ]);
}

/** As distinct, but only neighbours are compared. */
function withoutRepeats(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const given = call.tensor("self");
  const dim = call.has("dim") ? call.optionalInt("dim") : null;
  const axis = dim === null ? null : normalizeDim(dim, given.rank);
  const self = axis === null ? builder.reshape(given, [given.count]) : given;
  const along = axis ?? 0;
  const others = self.shape.map((_, i) => i).filter((i) => i !== along);
  const part = (of: TensorValue, at: number, from: number, to: number) =>
    builder.emit(
      "Slice",
      [of, builder.ints([from]), builder.ints([to]), builder.ints([at])],
      {},
      { dtype: of.dtype, shape: of.shape.with(at, unknownSize) },
    );
  const after = Number.MAX_SAFE_INTEGER;
  const differs = builder.cast(m.not(m.equal(part(self, along, 1, after), part(self, along, 0, -1))), "int64");
  const changes = others.length === 0 ? differs : reduce(builder, "ReduceMax", differs, others, false);
  const starts = builder.concat([builder.full("int64", 1, [1]), changes], 0);
  const found = builder.emit("NonZero", [starts], {}, { dtype: "int64", shape: [1, unknownSize] });
  const first = builder.reshape(found, [unknownSize]);
  const shape = self.shape.with(along, unknownSize);
  const values = builder.emit("Gather", [self, first], { axis: along }, { dtype: self.dtype, shape });
  const group = m.sub(cumulativeSum(builder, starts, 0), 1);
  const size = builder.emit("Size", [starts], {}, { dtype: "int64", shape: [] });
  const ends = builder.concat([part(first, 0, 1, after), builder.reshape(size, [1])], 0);
  return new TupleValue([
    values,
    call.bool("return_inverse")
      ? axis === null
        ? builder.reshape(group, extentsOf(builder, given))
        : group
      : empty(builder),
    call.bool("return_counts") ? m.sub(ends, first) : empty(builder),
  ]);
}

function count(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = builder.cast(call.tensor("self"), "int64");
  const most = m.add(reduce(builder, "ReduceMax", self, axesOf(null, self.rank), false), 1);
  const size = m.max(most, builder.cast(call.operand("minlength"), "int64"));
  const weights = call.optionalTensor("weights");
  const numbers = positions(builder, builder.read(size));
  const hits = m.equal(builder.unsqueeze(self, [0]), builder.unsqueeze(numbers, [1]));
  if (weights === null) return reduce(builder, "ReduceSum", builder.cast(hits, "int64"), [1], false);
  const dtype = weights.dtype === "float32" ? "float32" : "float64";
  return reduce(builder, "ReduceSum", m.where(hits, builder.cast(weights, dtype), 0), [1], false);
}

/** What of a tensor is distinct, and how often it occurs: sizes that depend on values. */
export const distincts: readonly Operator[] = [
  {
    name: "aten::_unique2",
    schemas: [
      "aten::_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "Sorted distinct elements.",
    lower: distinct,
  },
  {
    name: "aten::unique_dim",
    schemas: [
      "aten::unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "Sorted distinct slices of a dimension.",
    lower: distinct,
  },
  {
    name: "aten::unique_consecutive",
    schemas: [
      "aten::unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "Runs of equal elements, or of equal slices along a dimension.",
    lower: withoutRepeats,
  },
  {
    name: "aten::bincount",
    schemas: ["aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor"],
    doc: "How often each number occurs.",
    lower: count,
  },
];
