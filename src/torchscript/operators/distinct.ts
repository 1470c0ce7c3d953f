import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { extentsOf, unknownSize } from "../extent.ts";
import { unsupported } from "../lowering-error.ts";
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
  const self = builder.reshape(given, [given.count]);
  const part = (from: number, to: number) =>
    builder.emit(
      "Slice",
      [self, builder.ints([from]), builder.ints([to]), builder.ints([0])],
      {},
      { dtype: self.dtype, shape: [unknownSize] },
    );
  const changes = m.not(m.equal(part(1, Number.MAX_SAFE_INTEGER), part(0, -1)));
  const starts = builder.concat([builder.full("bool", true, [1]), changes], 0);
  const found = builder.emit("NonZero", [starts], {}, { dtype: "int64", shape: [1, unknownSize] });
  const first = builder.reshape(found, [unknownSize]);
  const values = builder.emit("Gather", [self, first], { axis: 0 }, { dtype: self.dtype, shape: [unknownSize] });
  const group = m.sub(cumulativeSum(builder, builder.cast(starts, "int64"), 0), 1);
  const next = builder.emit(
    "Slice",
    [first, builder.ints([1]), builder.ints([Number.MAX_SAFE_INTEGER]), builder.ints([0])],
    {},
    { dtype: "int64", shape: [unknownSize] },
  );
  const size = builder.emit("Size", [self], {}, { dtype: "int64", shape: [] });
  const ends = builder.concat([next, builder.reshape(size, [1])], 0);
  return new TupleValue([
    values,
    call.bool("return_inverse") ? builder.reshape(group, extentsOf(builder, given)) : empty(builder),
    call.bool("return_counts") ? m.sub(ends, first) : empty(builder),
  ]);
}

function count(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = builder.cast(call.tensor("self"), "int64");
  const most = m.add(reduce(builder, "ReduceMax", self, axesOf(null, self.rank), false), 1);
  const size = m.max(most, call.int("minlength"));
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
    doc: "Runs of equal elements, of the flattened tensor.",
    lower(call, builder) {
      if (call.optionalInt("dim") !== null && call.tensor("self").rank > 1)
        throw unsupported("aten::unique_consecutive along a dimension");
      return withoutRepeats(call, builder);
    },
  },
  {
    name: "aten::bincount",
    schemas: ["aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor"],
    doc: "How often each number occurs.",
    lower: count,
  },
];
