import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { dimsOf, type Extent, hasUnknown, sizeTensor, unknownSize } from "../extent.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import { contiguousStrides, isContiguous, type TensorValue } from "../tensor-value.ts";
import { ListValue, type Value } from "../value.ts";
import { dynamicSlice, selectView, sliceView } from "../slice-view.ts";
import { elementsView } from "../view.ts";
import type { Operator } from "./operator.ts";

/** Positions in row-major order of the elements that shape, strides and offset pick. */
function positionsOf(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  let positions = [offset];
  shape.forEach((dim, axis) => {
    if (positions.length * dim > 1 << 22) throw unsupported("a strided view of so many elements");
    positions = positions.flatMap((at) => Array.from({ length: dim }, (_, i) => at + i * strides[axis]));
  });
  return positions;
}

/** The positions of all elements in memory, in row-major order, from the first one. */
function memoryOf(tensor: TensorValue): number[] {
  return positionsOf(tensor.shape, tensor.strides, 0);
}

/** Where the memory of a tensor begins among the elements of the storage, or null where that is not known. */
function offsetOf(tensor: TensorValue): number | null {
  let root = tensor;
  while ("base" in root.content) root = root.content.base;
  return root.count === tensor.count ? 0 : null;
}

function asStrided(call: Call, builder: Builder, tensor: TensorValue = call.tensor("self")): TensorValue {
  const shape = call.ints("size");
  const strides = call.ints("stride");
  const offset = call.optionalInt("storage_offset");
  const own = offsetOf(tensor);
  if (offset !== null && offset !== 0 && own === null) throw unsupported("as_strided from an offset of a view");
  const positions = positionsOf(shape, strides, offset ?? 0);
  if (isContiguous(tensor)) {
    if (positions.some((at) => at >= tensor.count)) throw raised("as_strided reaches beyond the tensor");
    return elementsView(builder, tensor, positions, shape, strides);
  }
  // By position in memory: a transposed tensor has the same elements in another order.
  const elements = new Map(memoryOf(tensor).map((at, element) => [at, element]));
  const picked = positions.map((at) => elements.get(at));
  if (!picked.every((element) => element !== undefined)) {
    throw unsupported("as_strided to elements that the view does not have");
  }
  return elementsView(builder, tensor, picked, shape, strides);
}

/** The diagonal that a call names, of a tensor. */
export function diagonalOf(call: Call, builder: Builder, tensor: TensorValue): TensorValue {
  const offset = call.int("offset");
  const [a, b] = ["dim1", "dim2"].map((name) => normalizeDim(call.int(name), tensor.rank));
  if (a === b) throw raised("diagonal of one dimension with itself");
  const [rows, columns] = [tensor.shape[a], tensor.shape[b]];
  const length = Math.max(0, offset >= 0 ? Math.min(rows, columns - offset) : Math.min(rows + offset, columns));
  const keep = (values: readonly number[]) => values.filter((_, axis) => axis !== a && axis !== b);
  const own = contiguousStrides(tensor.shape);
  const start = offset >= 0 ? offset * own[b] : -offset * own[a];
  const shape = [...keep(tensor.shape), length];
  const positions = positionsOf(shape, [...keep(own), own[a] + own[b]], start);
  const strides = [...keep(tensor.strides), tensor.strides[a] + tensor.strides[b]];
  return elementsView(builder, tensor, positions, shape, strides);
}

function unfold(call: Call, builder: Builder): TensorValue {
  const tensor = call.tensor("self");
  if (tensor.rank === 0) throw unsupported("unfold of a tensor without dimensions");
  const axis = normalizeDim(call.int("dimension"), tensor.rank);
  const [size, step] = [call.int("size"), call.int("step")];
  const windows = Math.floor((tensor.shape[axis] - size) / step) + 1;
  if (windows < 1 || step < 1) throw raised(`unfold of ${size} in a dimension of ${tensor.shape[axis]}`);
  const indices = Array.from({ length: windows * size }, (_, i) => BigInt(Math.floor(i / size) * step + (i % size)));
  const inner = tensor.shape.toSpliced(axis, 1, windows, size);
  const picked = builder.emit(
    "Gather",
    [tensor, builder.constant("int64", [windows, size], indices)],
    { axis },
    {
      dtype: tensor.dtype,
      shape: inner,
    },
  );
  const perm = inner.map((_, i) => i).filter((i) => i !== axis + 1);
  return builder.transpose(picked, [...perm, axis + 1]);
}

function parts(builder: Builder, tensor: TensorValue, axis: number, sizes: readonly number[]): Value {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== tensor.shape[axis]) {
    throw raised(`split sizes [${sizes.join(", ")}] do not add up to ${tensor.shape[axis]}`);
  }
  let start = 0;
  return new ListValue(
    sizes.map((size) => {
      const part = sliceView(builder, tensor, axis, start, start + size, 1);
      start += size;
      return part;
    }),
  );
}

/** Parts of sizes that only running the graph tells. */
function dynamicParts(builder: Builder, tensor: TensorValue, axis: number, sizes: readonly Extent[]): Value {
  let start: TensorValue = builder.full("int64", 0n);
  return new ListValue(
    sizes.map((size) => {
      const add = [start, sizeTensor(builder, size)];
      const end = builder.emit("Add", add, {}, { dtype: "int64", shape: [] });
      const ends = { start: builder.read(start), end: builder.read(end), step: 1 };
      start = end;
      return dynamicSlice(builder, tensor, axis, ends, typeof size === "number" ? size : unknownSize);
    }),
  );
}

/** Sizes of pieces of `size`, the last one smaller. */
function evenSizes(total: number, size: number): number[] {
  if (size <= 0) return total === 0 ? [0] : [total];
  const count = Math.max(1, Math.ceil(total / size));
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}

function split(call: Call, builder: Builder): Value {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const name = ["split_sizes", "split_size"].find((argument) => call.has(argument)) ?? "split_size";
  const given = call.value(name);
  if (given instanceof ListValue) {
    const sizes = call.extents(name);
    const known = dimsOf(sizes);
    return hasUnknown([...known, tensor.shape[axis]])
      ? dynamicParts(builder, tensor, axis, sizes)
      : parts(builder, tensor, axis, known);
  }
  return parts(builder, tensor, axis, evenSizes(tensor.shape[axis], call.int(name)));
}

function chunk(call: Call, builder: Builder): Value {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const chunks = call.int("chunks");
  if (Number.isNaN(tensor.shape[axis])) throw unsupported("chunks of a size that depends on the values of a tensor");
  const size = Math.ceil(tensor.shape[axis] / chunks);
  if (size === 0) return parts(builder, tensor, axis, Array.from<number>({ length: chunks }).fill(0));
  return parts(builder, tensor, axis, evenSizes(tensor.shape[axis], size));
}

function tensorSplit(call: Call, builder: Builder, axisOf: (tensor: TensorValue) => number): Value {
  const tensor = call.tensor("self");
  const axis = normalizeDim(axisOf(tensor), tensor.rank);
  const size = tensor.shape[axis];
  if (call.has("indices")) {
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    const bounds = [0, ...call.ints("indices").map(clamp), size];
    const pieces = bounds
      .slice(1)
      .map((end, i) => sliceView(builder, tensor, axis, bounds[i], Math.max(bounds[i], end), 1));
    return new ListValue(pieces);
  }
  const sections = call.int("sections");
  const extra = size % sections;
  const sizes = Array.from({ length: sections }, (_, i) => Math.floor(size / sections) + (i < extra ? 1 : 0));
  return parts(builder, tensor, axis, sizes);
}

const splitAxes: Readonly<Record<string, (tensor: TensorValue) => number>> = {
  hsplit: (tensor) => (tensor.rank === 1 ? 0 : 1),
  vsplit: () => 0,
  dsplit: () => 2,
};

function unbind(call: Call, builder: Builder): Value {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  return new ListValue(Array.from({ length: tensor.shape[axis] }, (_, i) => selectView(builder, tensor, axis, i)));
}

const splitDoc = "Parts of one dimension, as views.";

/** Views that pick elements by strides, and those that come as lists. */
export const stridedViews: readonly Operator[] = [
  {
    name: "aten::as_strided",
    schemas: [
      "aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)",
    ],
    doc: "A view by strides, up to 4 million elements, of elements that the tensor has itself.",
    lower: (call, builder) => asStrided(call, builder),
  },
  {
    name: "aten::as_strided_scatter",
    schemas: [
      "aten::as_strided_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
    ],
    doc: "A copy with src in a view by strides.",
    lower(call, builder) {
      const whole = builder.copy(call.tensor("self"));
      builder.write(asStrided(call, builder, whole), call.tensor("src"));
      return whole;
    },
  },
  {
    name: "aten::diagonal",
    schemas: ["aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)"],
    doc: "The diagonal of two dimensions, as a view.",
    lower: (call, builder) => diagonalOf(call, builder, call.tensor("self")),
  },
  {
    name: "aten::linalg_diagonal",
    schemas: ["aten::linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)"],
    doc: "The diagonal of two dimensions, as a view.",
    lower: (call, builder) => diagonalOf(call, builder, call.tensor("A")),
  },
  {
    name: "aten::unfold",
    schemas: ["aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)"],
    doc: "All windows of a dimension (a copy: writes to it do not reach the tensor).",
    lower: unfold,
  },
  {
    name: "aten::unbind",
    schemas: ["aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]"],
    doc: "All indices of a dimension, as views.",
    lower: unbind,
  },
  {
    name: "aten::split",
    schemas: [
      "aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]",
      "aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]",
      "aten::split(Tensor(a -> *) self, int[] split_sizes, int dim=0) -> Tensor(a)[]",
    ],
    doc: splitDoc,
    lower: split,
  },
  ...["split_with_sizes", "unsafe_split_with_sizes", "split_with_sizes_copy"].map((name) => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]`],
    doc: splitDoc,
    lower: split,
  })),
  {
    name: "aten::unsafe_split",
    schemas: ["aten::unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]"],
    doc: splitDoc,
    lower: split,
  },
  ...["chunk", "unsafe_chunk"].map((name) => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]`],
    doc: splitDoc,
    lower: chunk,
  })),
  {
    name: "aten::tensor_split",
    schemas: [
      "aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]",
      "aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]",
    ],
    doc: splitDoc,
    lower: (call, builder) => tensorSplit(call, builder, () => call.int("dim")),
  },
  ...Object.entries(splitAxes).map(([name, axis]) => ({
    name: `aten::${name}`,
    schemas: [
      `aten::${name}.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`,
      `aten::${name}.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`,
    ],
    doc: splitDoc,
    lower: (call: Call, builder: Builder) => tensorSplit(call, builder, axis),
  })),
];
