import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { type Extent, extentOf, extentsOf, sizeTensor } from "../extent.ts";
import { broadcastShapes, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { selectView, sliceView } from "../slice-view.ts";
import { nonzero, putByMask } from "./indexing.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceEnds } from "./slices.ts";
import { diagonalOf } from "./strided-views.ts";

/** `self[indices] = values` as a new tensor. */
export function indexPut(
  builder: Builder,
  self: TensorValue,
  indices: readonly (TensorValue | null)[],
  given: TensorValue,
  accumulate: boolean,
): TensorValue {
  const values = builder.cast(given, self.dtype);
  const only = indices.filter((index) => index !== null);
  if (only.length === 0) return builder.expand(values, self.shape);
  const [first] = only;
  if (only.length === 1 && isMask(first) && !accumulate && (values.count === 1 || first.rank === 0)) {
    const axis = indices.indexOf(first);
    const shape = self.shape.map((dim, i) => (i >= axis && i < axis + first.rank ? dim : 1));
    const mask = builder.reshape(builder.cast(first, "bool"), shape);
    const number = values.count === 1 ? builder.reshape(values, []) : values;
    return new Maths(builder).where(mask, number, self);
  }
  if (only.length === 1 && isMask(first) && !accumulate && builder.known(first) === null) {
    const put = putByMask(builder, self, first, indices.indexOf(first), values);
    if (put !== null) return put;
  }
  return scatter(builder, self, positionsOf(builder, self, indices), values, accumulate);
}

function isMask({ dtype }: TensorValue): boolean {
  return dtype === "bool" || dtype === "uint8";
}

interface AxisIndex {
  readonly axis: number;
  readonly index: TensorValue;
}

/** Integer indices by axis; a mask of n dimensions becomes n of them. */
function positionsOf(builder: Builder, self: TensorValue, indices: readonly (TensorValue | null)[]): AxisIndex[] {
  const result: AxisIndex[] = [];
  const sizes = extentsOf(builder, self);
  let axis = 0;
  for (const index of indices) {
    if (index === null) axis++;
    else if (!isMask(index)) result.push({ axis: axis++, index: wrapped(builder, index, sizes[axis - 1]) });
    else {
      for (const column of nonzero(builder, index)) result.push({ axis: axis++, index: column });
    }
  }
  return result;
}

/** Indices counted from the end made positive. */
function wrapped(builder: Builder, given: TensorValue, size: Extent): TensorValue {
  const index = builder.cast(given, "int64");
  const known = builder.known(index);
  if (known !== null && known.every((at) => at >= 0n)) return index;
  const m = new Maths(builder);
  return m.where(m.less(index, 0), m.add(index, sizeTensor(builder, size)), index);
}

/** The common shape of indices. */
function sharedSizes(builder: Builder, indices: readonly TensorValue[]): Extent[] {
  return broadcastShapes(...indices.map((index) => index.shape)).map((dim, axis, all) => {
    if (!Number.isNaN(dim)) return dim;
    const lead = (index: TensorValue) => axis - (all.length - index.rank);
    const source = indices.find((index) => Number.isNaN(index.shape[lead(index)]));
    return source === undefined ? dim : extentOf(builder, builder.read(source), lead(source));
  });
}

function scatter(
  builder: Builder,
  self: TensorValue,
  positions: readonly AxisIndex[],
  values: TensorValue,
  accumulate: boolean,
): TensorValue {
  const axes = positions.map(({ axis }) => axis);
  const rest = self.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const shared = sharedSizes(
    builder,
    positions.map(({ index }) => index),
  );
  const sizes = extentsOf(builder, self);
  const restShape = rest.map((axis) => sizes[axis]);
  const adjacent = axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1);
  const lead = adjacent ? axes[0] : 0;
  // The shape of self[indices]: what the indices give stands in their place when they are neighbours, else in front.
  const indexed = restShape.toSpliced(lead, 0, ...shared);
  const expanded = builder.expand(values, indexed);
  const order = indexed.map((_, i) => i);
  const updates = builder.transpose(expanded, [...order.splice(lead, shared.length), ...order]);
  const columns = positions.map(({ index }) => builder.unsqueeze(builder.expand(index, shared), [shared.length]));
  const perm = [...axes, ...rest];
  const data = builder.transpose(self, perm);
  const attributes = accumulate ? { reduction: "add" } : {};
  const inputs = [data, builder.concat(columns, shared.length), updates];
  const result = builder.emit("ScatterND", inputs, attributes, { dtype: self.dtype, shape: data.shape });
  return builder.transpose(
    result,
    perm.map((_, axis) => perm.indexOf(axis)),
  );
}

function lowerIndexPut(call: Call, builder: Builder): TensorValue {
  const { shape } = call.tensor("self");
  const indices = call.optionalTensors("indices");
  const result = indexPut(builder, call.tensor("self"), indices, call.tensor("values"), call.bool("accumulate"));
  return shape.length === result.rank ? result : builder.reshape(result, shape);
}

/** A copy in which a view has been overwritten. */
function viewScatter(call: Call, builder: Builder, view: (copy: TensorValue) => TensorValue): TensorValue {
  const copy = builder.copy(call.tensor("self"));
  builder.write(view(copy), call.tensor("src"));
  return copy;
}

const indexPutArguments = "Tensor?[] indices, Tensor values, bool accumulate=False";

/** Writes at places that indices or masks pick. The in-place forms are derived. */
export const indexWrites: readonly Operator[] = [
  {
    name: "aten::index_put",
    schemas: [
      `aten::index_put(Tensor self, ${indexPutArguments}) -> Tensor`,
      "aten::index_put.hacked_twin(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False) -> Tensor",
    ],
    doc: "Writes at places picked by index tensors or masks.",
    lower: lowerIndexPut,
  },
  {
    name: "aten::_unsafe_index_put",
    schemas: [`aten::_unsafe_index_put(Tensor self, ${indexPutArguments}) -> Tensor`],
    doc: "As aten::index_put.",
    lower: lowerIndexPut,
  },
  {
    name: "aten::_index_put_impl",
    schemas: [`aten::_index_put_impl(Tensor self, ${indexPutArguments}, bool unsafe=False) -> Tensor`],
    doc: "As aten::index_put.",
    lower: lowerIndexPut,
  },
  {
    name: "aten::select_scatter",
    schemas: ["aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor"],
    doc: "A copy with one index of a dimension overwritten.",
    lower: (call, builder) =>
      viewScatter(call, builder, (copy) =>
        selectView(builder, copy, normalizeDim(call.int("dim"), copy.rank), call.int("index")),
      ),
  },
  {
    name: "aten::diagonal_scatter",
    schemas: ["aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor"],
    doc: "A copy with a diagonal overwritten.",
    lower: (call, builder) => viewScatter(call, builder, (copy) => diagonalOf(call, builder, copy)),
  },
  {
    name: "aten::slice_scatter",
    schemas: [
      "aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
    ],
    doc: "A copy with a range of a dimension overwritten.",
    lower: (call, builder) =>
      viewScatter(call, builder, (copy) => {
        const axis = normalizeDim(call.int("dim"), copy.rank);
        const [start, end] = sliceEnds(copy.shape[axis], call.optionalInt("start"), call.optionalInt("end"));
        return sliceView(builder, copy, axis, start, end, call.int("step"));
      }),
  },
];
