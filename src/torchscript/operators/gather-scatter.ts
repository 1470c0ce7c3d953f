import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { countOf, type Extent, extentsOf } from "../extent.ts";
import { unsupported } from "../lowering-error.ts";
import { broadcastShapes, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { atLeastOne, gather } from "./gather.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { positions } from "../slice-view.ts";
import { sliceAxis } from "./rearrange.ts";
import { axesOf, reduce } from "./reduce.ts";

/** `reduction`: none, add, mul, max or min. Of a larger source the first elements count. */
function scatter(
  builder: Builder,
  self: TensorValue,
  dim: number,
  index: TensorValue,
  source: TensorValue,
  reduction = "none",
): TensorValue {
  if (index.count === 0) return builder.copy(self);
  const [data, places] = [atLeastOne(builder, self), atLeastOne(builder, builder.cast(index, "int64"))];
  const axis = normalizeDim(dim, data.rank);
  let updates = atLeastOne(builder, builder.cast(source, self.dtype));
  places.shape.forEach((size, i) => {
    if (!Number.isNaN(size)) updates = sliceAxis(builder, updates, i, 0, size);
  });
  const result = builder.emit(
    "ScatterElements",
    [data, places, updates],
    { axis, reduction },
    { dtype: self.dtype, shape: data.shape },
  );
  return builder.reshape(result, self.shape);
}

const reductions: Readonly<Record<string, string>> = {
  add: "add",
  sum: "add",
  multiply: "mul",
  prod: "mul",
  amax: "max",
  amin: "min",
  mean: "add",
};

function sourceOf(call: Call, builder: Builder, index: TensorValue): TensorValue {
  if (call.has("src")) return call.tensor("src");
  return builder.expand(builder.cast(call.operand("value"), call.tensor("self").dtype), extentsOf(builder, index));
}

function scatterOf(call: Call, builder: Builder, reduction: string): TensorValue {
  const [self, index] = [call.tensor("self"), call.tensor("index")];
  return scatter(builder, self, call.int("dim"), index, sourceOf(call, builder, index), reduction);
}

/** Without include_self the touched elements start from the neutral element. */
const neutral: Readonly<Record<string, (floating: boolean) => number>> = {
  sum: () => 0,
  mean: () => 0,
  prod: () => 1,
  amax: (floating) => (floating ? -Infinity : -(2 ** 31)),
  amin: (floating) => (floating ? Infinity : 2 ** 31 - 1),
};

function scatterReduce(
  builder: Builder,
  self: TensorValue,
  dim: number,
  index: TensorValue,
  source: TensorValue,
  how: string,
  includeSelf: boolean,
): TensorValue {
  const reduction = reductions[how];
  if (reduction === undefined) throw unsupported(`scatter_reduce by ${how}`);
  const m = new Maths(builder);
  const start = neutral[how]?.(self.dtype.includes("float")) ?? 0;
  const base = includeSelf
    ? self
    : scatter(builder, self, dim, index, builder.full(self.dtype, start, extentsOf(builder, index)));
  const combined = scatter(builder, base, dim, index, source, reduction);
  if (how !== "mean") return combined;
  const ones = builder.full(self.dtype, 1, extentsOf(builder, index));
  const counts = scatter(
    builder,
    builder.full(self.dtype, includeSelf ? 1 : 0, extentsOf(builder, self)),
    dim,
    index,
    ones,
    "add",
  );
  return m.div(combined, m.max(counts, 1));
}

/** An index of one dimension, spread over the shape of the source. */
function along(builder: Builder, index: TensorValue, dim: number, shape: readonly Extent[]): TensorValue {
  const flat = builder.reshape(
    builder.cast(index, "int64"),
    shape.map((_, axis) => (axis === dim ? index.count : 1)),
  );
  return builder.expand(flat, shape);
}

function indexed(reduction: string): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    const dim = normalizeDim(call.int("dim"), self.rank);
    const index = call.tensor("index");
    const places = countOf(builder, index);
    const shape = self.rank === 0 ? [places] : extentsOf(builder, self).with(dim, places);
    const given = call.has("source") ? call.tensor("source") : builder.cast(call.operand("value"), self.dtype);
    const alpha = call.has("alpha") ? Number(call.scalar("alpha")) : 1;
    const scaled = alpha === 1 ? given : new Maths(builder).mul(given, alpha);
    const source = builder.expand(scaled, shape);
    if (call.has("reduce")) {
      return scatterReduce(
        builder,
        self,
        dim,
        along(builder, index, dim, shape),
        source,
        call.string("reduce"),
        call.bool("include_self"),
      );
    }
    return scatter(builder, self, dim, along(builder, index, dim, shape), source, reduction);
  };
}

function select(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const data = atLeastOne(builder, self);
  const axis = normalizeDim(call.int("dim"), data.rank);
  const index = atLeastOne(builder, call.tensor("index"));
  const shape = data.shape.with(axis, index.count);
  const taken = builder.emit("Gather", [data, builder.cast(index, "int64")], { axis }, { dtype: self.dtype, shape });
  return self.rank === 0 ? builder.reshape(taken, []) : taken;
}

function takeAlong(call: Call, builder: Builder): TensorValue {
  const [self, indices] = [call.tensor("self"), call.tensor("indices")];
  const dim = call.optionalInt("dim");
  if (dim === null)
    return gather(builder, builder.reshape(self, [self.count]), 0, builder.reshape(indices, [indices.count]));
  const axis = normalizeDim(dim, self.rank);
  const one = (shape: readonly number[]) => shape.with(axis, 1);
  const common = broadcastShapes(one(self.shape), one(indices.shape));
  const data = builder.expand(self, common.with(axis, self.shape[axis]));
  return gather(builder, data, axis, builder.expand(indices, common.with(axis, indices.shape[axis])));
}

function oneHot(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const known = builder.known(self);
  let classes = call.int("num_classes");
  if (classes < 0) {
    if (known === null) {
      const most = m.add(reduce(builder, "ReduceMax", self, axesOf(null, self.rank), false), 1);
      const numbers = positions(builder, builder.read(most));
      return builder.cast(m.equal(builder.unsqueeze(self, [self.rank]), numbers), "int64");
    }
    classes = known.reduce<number>((most, x) => Math.max(most, Number(x)), -1) + 1;
  }
  const numbers = builder.constant(
    "int64",
    [classes],
    Array.from({ length: classes }, (_, i) => BigInt(i)),
  );
  return builder.cast(m.equal(builder.unsqueeze(self, [self.rank]), numbers), "int64");
}

const scatters: readonly Operator[] = [
  {
    name: "aten::scatter",
    schemas: [
      "aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
      "aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
      "aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor",
      "aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
    ],
    doc: "self with elements replaced (added, multiplied) at indices along dim.",
    lower: (call, builder) =>
      scatterOf(call, builder, call.has("reduce") ? (reductions[call.string("reduce")] ?? "none") : "none"),
  },
  {
    name: "aten::scatter_add",
    schemas: ["aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor"],
    doc: "self with elements added at indices.",
    lower: (call, builder) => scatterOf(call, builder, "add"),
  },
  {
    name: "aten::scatter_reduce",
    schemas: [
      "aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor",
    ],
    doc: "sum, prod, mean, amax, amin at indices.",
    lower: (call, builder) =>
      scatterReduce(
        builder,
        call.tensor("self"),
        call.int("dim"),
        call.tensor("index"),
        call.tensor("src"),
        call.string("reduce"),
        call.bool("include_self"),
      ),
  },
  {
    name: "aten::index_add",
    schemas: ["aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor"],
    doc: "self with slices of source added.",
    lower: indexed("add"),
  },
  {
    name: "aten::index_copy",
    schemas: ["aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor"],
    doc: "self with slices replaced by those of source.",
    lower: indexed("none"),
  },
  {
    name: "aten::index_fill",
    schemas: [
      "aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
      "aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
    ],
    doc: "self with slices filled.",
    lower: indexed("none"),
  },
  {
    name: "aten::index_reduce",
    schemas: [
      "aten::index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor",
    ],
    doc: "prod, mean, amax, amin of slices.",
    lower: indexed("none"),
  },
];

/** Elements taken from and put to computed places along one dimension. */
export const gathering: readonly Operator[] = [
  {
    name: "aten::gather",
    schemas: ["aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor"],
    doc: "Elements at indices along dim.",
    lower: (call, builder) => gather(builder, call.tensor("self"), call.int("dim"), call.tensor("index")),
  },
  {
    name: "aten::index_select",
    schemas: ["aten::index_select(Tensor self, int dim, Tensor index) -> Tensor"],
    doc: "Slices at indices.",
    lower: select,
  },
  {
    name: "aten::take_along_dim",
    schemas: ["aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor"],
    doc: "Elements at indices along dim, broadcast.",
    lower: takeAlong,
  },
  {
    name: "aten::take",
    schemas: ["aten::take(Tensor self, Tensor index) -> Tensor"],
    doc: "Elements at row-major places.",
    lower(call, builder) {
      const [self, index] = [call.tensor("self"), call.tensor("index")];
      const flat = builder.reshape(self, [self.count]);
      return builder.emit(
        "Gather",
        [flat, builder.cast(index, "int64")],
        { axis: 0 },
        { dtype: self.dtype, shape: index.shape },
      );
    },
  },
  {
    name: "aten::one_hot",
    schemas: ["aten::one_hot(Tensor self, int num_classes=-1) -> Tensor"],
    doc: "1 at the class's place.",
    lower: oneHot,
  },
  ...scatters,
];
