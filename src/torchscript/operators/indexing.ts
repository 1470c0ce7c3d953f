import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { countOf, dimsOf, type Extent, extentsOf, hasUnknown, sizeTensor, unknownSize } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import { broadcastShapes } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { ListValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { cumulativeSum } from "./scans.ts";

type Indices = readonly (TensorValue | null)[];

const isMask = (index: TensorValue): boolean => index.dtype === "bool" || index.dtype === "uint8";

/** Places where a mask is not 0, one tensor for each of its dimensions; how many may depend on the values. */
export function nonzero(builder: Builder, mask: TensorValue): TensorValue[] {
  const known = builder.known(mask);
  if (known === null) return found(builder, mask);
  const places = known.flatMap((element, i) => (Number(element) === 0 ? [] : [i]));
  let step = mask.count;
  return mask.shape.map((dim) => {
    step /= Math.max(dim, 1);
    const stride = step;
    return builder.constant(
      "int64",
      [places.length],
      places.map((at) => BigInt(Math.floor(at / stride) % dim)),
    );
  });
}

function found(builder: Builder, mask: TensorValue): TensorValue[] {
  const shape = [mask.rank, unknownSize];
  const places = builder.emit("NonZero", [builder.cast(mask, "bool")], {}, { dtype: "int64", shape });
  return mask.shape.map((_, axis) => {
    const row = builder.constant("int64", [], [BigInt(axis)]);
    return builder.emit("Gather", [places, row], { axis: 0 }, { dtype: "int64", shape: [unknownSize] });
  });
}

/** Masks replaced by the places where they hold. */
function integers(builder: Builder, indices: Indices): Indices {
  return indices.flatMap((index) => (index !== null && isMask(index) ? nonzero(builder, index) : [index]));
}

interface Layout {
  /** self with the indexed dimensions in front and flattened to one. */
  readonly flat: TensorValue;
  /** Places in that dimension, in the indices' common shape. */
  readonly places: TensorValue;
  readonly indexed: readonly number[];
}

function layout(builder: Builder, self: TensorValue, indices: Indices): Layout {
  const indexed = indices.flatMap((index, axis) => (index === null ? [] : [axis]));
  if (indices.length > self.rank) throw raised(`${indices.length} indices for ${self.rank} dimensions`);
  const rest = self.shape.map((_, axis) => axis).filter((axis) => !indexed.includes(axis));
  const perm = [...indexed, ...rest];
  const moved = builder.transpose(self, perm);
  const all = extentsOf(builder, self);
  const sizes = indexed.map((axis) => all[axis]);
  const flat = builder.reshape(moved, [
    dimsOf(sizes).reduce((a, b) => a * b, 1),
    ...rest.map((axis) => self.shape[axis]),
  ]);
  return { flat, places: linear(builder, indices, sizes), indexed };
}

/** Row-major places from one index for each dimension; negative ones count from the end. */
function linear(builder: Builder, indices: Indices, sizes: readonly Extent[]): TensorValue {
  const given = indices.filter((index) => index !== null);
  const shape = broadcastShapes(...given.map((index) => index.shape));
  const known = given.map((index) => builder.known(index));
  const dims = dimsOf(sizes);
  if (
    !hasUnknown(dims) &&
    given.length > 0 &&
    known.every((elements) => elements !== null) &&
    given.every((index) => index.shape.join() === shape.join())
  ) {
    const count = shape.reduce((a, b) => a * b, 1);
    const places = Array.from({ length: count }, (_, i) =>
      known.reduce((sum, elements, d) => {
        const at = Number(elements?.[i] ?? 0);
        return sum * dims[d] + (at < 0 ? at + dims[d] : at);
      }, 0),
    );
    return builder.constant("int64", shape, places.map(BigInt));
  }
  const m = new Maths(builder);
  const fromEnd = (index: TensorValue, size: Extent) =>
    m.where(m.less(index, 0), m.add(index, sizeTensor(builder, size)), index);
  const wrap = (index: TensorValue, size: Extent) =>
    given.length === 1
      ? builder.cast(index, "int64")
      : typeof size !== "number"
        ? fromEnd(builder.cast(index, "int64"), size)
        : builder.elementwise("Mod", [builder.cast(index, "int64"), sizeTensor(builder, size)]);
  let sum = wrap(given[0], sizes[0]);
  for (let d = 1; d < given.length; d++)
    sum = m.add(m.mul(sum, sizeTensor(builder, sizes[d])), wrap(given[d], sizes[d]));
  return builder.expand(sum, shape);
}

/** Where the indices' common dimensions go: in place of neighbouring indexed dimensions, else to the front. */
function resultPerm(indexed: readonly number[], common: number, rank: number): number[] {
  const adjacent = indexed.every((axis, i) => i === 0 || axis === indexed[i - 1] + 1);
  const before = adjacent ? indexed[0] : 0;
  const total = rank - indexed.length + common;
  const rest = Array.from({ length: total - common }, (_, i) => i + common);
  const front = Array.from({ length: common }, (_, i) => i);
  return [...rest.slice(0, before), ...front, ...rest.slice(before)];
}

function index(builder: Builder, self: TensorValue, given: Indices): TensorValue {
  const indices = integers(builder, given);
  const single = indices.filter((entry) => entry !== null);
  if (single.length === 0) return builder.copy(self);
  if (single.length === 1) {
    const axis = indices.findIndex((entry) => entry !== null);
    const places = builder.cast(single[0], "int64");
    const shape = [...self.shape.slice(0, axis), ...places.shape, ...self.shape.slice(axis + 1)];
    return builder.emit("Gather", [self, places], { axis }, { dtype: self.dtype, shape });
  }
  const { flat, places, indexed } = layout(builder, self, indices);
  const shape = [...places.shape, ...flat.shape.slice(1)];
  const taken = builder.emit("Gather", [flat, places], { axis: 0 }, { dtype: self.dtype, shape });
  return builder.transpose(taken, resultPerm(indexed, places.rank, self.rank));
}

/** The elements where a mask holds, replaced by the next of the source each. */
export function maskedScatter(
  builder: Builder,
  self: TensorValue,
  mask: TensorValue,
  source: TensorValue,
): TensorValue {
  const m = new Maths(builder);
  const shape = broadcastShapes(self.shape, mask.shape);
  const flags = builder.expand(builder.cast(mask, "bool"), shape);
  if (source.count === 0) return builder.expand(self, shape);
  const order = cumulativeSum(builder, builder.cast(builder.reshape(flags, [flags.count]), "int64"), 0);
  const last = m.sub(sizeTensor(builder, countOf(builder, source)), 1);
  const places = m.max(m.min(m.sub(order, 1), last), 0);
  const given = builder.reshape(builder.cast(source, self.dtype), [source.count]);
  // A mask that nothing meets brings no source, and yet each place takes something before it is left alone.
  const flat = Number.isNaN(source.count) ? builder.concat([given, builder.full(self.dtype, 0n, [1])], 0) : given;
  const values = builder.emit("Gather", [flat, places], { axis: 0 }, { dtype: self.dtype, shape: [flags.count] });
  return m.where(flags, builder.reshape(values, shape), builder.expand(self, shape));
}

/** A mask in front, and values that do not depend on how many elements it has. */
export function putByMask(
  builder: Builder,
  self: TensorValue,
  mask: TensorValue,
  skip: number,
  values: TensorValue,
): TensorValue | null {
  const rest = self.rank - skip - mask.rank;
  const shape = [
    ...Array.from<number>({ length: skip }).fill(1),
    ...mask.shape,
    ...Array.from<number>({ length: rest }).fill(1),
  ];
  const flags = builder.reshape(builder.cast(mask, "bool"), shape);
  const cast = builder.cast(values, self.dtype);
  if (values.count === 1) return new Maths(builder).where(flags, builder.reshape(cast, []), self);
  if (values.rank <= rest) return new Maths(builder).where(flags, cast, self);
  if (skip > 0) return null;
  if (values.shape[0] === 1 && values.rank === rest + 1)
    return new Maths(builder).where(flags, builder.reshape(cast, values.shape.slice(1)), self);
  return values.rank === rest + 1 ? maskedScatter(builder, self, builder.expand(flags, self.shape), cast) : null;
}

function maskedSelect(call: Call, builder: Builder): TensorValue {
  const [self, mask] = [call.tensor("self"), call.tensor("mask")];
  const shape = broadcastShapes(self.shape, mask.shape);
  const wide = mask.shape.join() === shape.join() ? mask : builder.expand(mask, shape);
  return index(builder, builder.expand(self, shape), [wide]);
}

/** Indexing by tensors. */
export const indexing: readonly Operator[] = [
  {
    name: "aten::index",
    schemas: [
      "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
      "aten::index.Tensor_hacked_twin(Tensor self, Tensor[] indices) -> Tensor",
    ],
    doc: "By integer tensors and masks in any position, broadcast.",
    lower: (call, builder) => index(builder, call.tensor("self"), call.optionalTensors("indices")),
  },
  {
    name: "aten::_unsafe_index",
    schemas: ["aten::_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor"],
    doc: "By integer tensors in any position, broadcast.",
    lower: (call, builder) => index(builder, call.tensor("self"), call.optionalTensors("indices")),
  },
  {
    name: "aten::masked_select",
    schemas: ["aten::masked_select(Tensor self, Tensor mask) -> Tensor"],
    doc: "Elements where a mask holds.",
    lower: maskedSelect,
  },
  {
    name: "aten::masked_scatter",
    schemas: ["aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor"],
    doc: "Elements of source, in order, where the mask holds.",
    lower: (call, builder) => maskedScatter(builder, call.tensor("self"), call.tensor("mask"), call.tensor("source")),
  },
  {
    name: "aten::nonzero",
    schemas: ["aten::nonzero(Tensor self) -> Tensor"],
    doc: "Places of elements that are not 0.",
    lower(call, builder) {
      const columns = nonzero(builder, call.tensor("self"));
      return builder.concat(
        columns.map((column) => builder.unsqueeze(column, [1])),
        1,
      );
    },
  },
  {
    name: "aten::where",
    schemas: ["aten::where(Tensor condition) -> Tensor[]"],
    doc: "Places where the condition holds.",
    lower: (call, builder) => new ListValue(nonzero(builder, call.tensor("condition"))),
  },
  {
    name: "aten::nonzero_numpy",
    schemas: ["aten::nonzero_numpy(Tensor self) -> Tensor[]"],
    doc: "Places of elements that are not 0.",
    lower: (call, builder) => new ListValue(nonzero(builder, call.tensor("self"))),
  },
];
