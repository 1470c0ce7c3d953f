import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { batched } from "./convolution.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/** The window of output cell `at`: from ⌊at·dim/size⌋ to ⌈(at+1)·dim/size⌉. */
function cell(at: number, dim: number, size: number): [number, number] {
  return [Math.floor((at * dim) / size), Math.ceil(((at + 1) * dim) / size)];
}

/** None in the size keeps the input's. */
function sizeOf(call: Call, x: TensorValue, spatial: number): number[] {
  const given = call.list("output_size").length === 0 ? [] : call.list("output_size");
  const dims = x.shape.slice(x.rank - spatial);
  return dims.map((dim, i) => {
    const item = given.length === 1 ? given[0] : given[i];
    return item === null || item === undefined ? dim : Number(item);
  });
}

/** Averages one axis with a matrix whose rows are the windows. */
function averageAxis(m: Maths, x: TensorValue, axis: number, size: number): TensorValue {
  const { builder } = m;
  const dim = x.shape[axis];
  if (dim === size) return x;
  const weights = Array.from<number>({ length: dim * size }).fill(0);
  for (let at = 0; at < size; at++) {
    const [from, to] = cell(at, dim, size);
    for (let i = from; i < to; i++) weights[i * size + at] = 1 / (to - from);
  }
  const last = x.rank - 1;
  const perm = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const moved = builder.transpose(x, perm);
  const shape = moved.shape.with(last, size);
  const pooled = builder.emit(
    "MatMul",
    [moved, builder.constant(x.dtype, [dim, size], weights)],
    {},
    { dtype: x.dtype, shape },
  );
  return builder.transpose(pooled, perm);
}

function average(builder: Builder, x: TensorValue, size: readonly number[]): TensorValue {
  const dims = x.shape.slice(2);
  if (size.every((n) => n === 1)) {
    const shape = [x.shape[0], x.shape[1], ...size];
    return builder.emit("GlobalAveragePool", [x], {}, { dtype: x.dtype, shape });
  }
  if (dims.every((dim, i) => dim % size[i] === 0)) {
    const kernel = dims.map((dim, i) => dim / size[i]);
    const shape = [x.shape[0], x.shape[1], ...size];
    return builder.emit("AveragePool", [x], { kernel_shape: kernel, strides: kernel }, { dtype: x.dtype, shape });
  }
  const m = new Maths(builder);
  return size.reduce((result, n, i) => averageAxis(m, result, i + 2, n), x);
}

/** For each cell of one axis, the positions that it covers (the last repeated to equal length). */
function positions(dim: number, size: number): number[][] {
  const cells = Array.from({ length: size }, (_, at) => cell(at, dim, size));
  const longest = Math.max(...cells.map(([from, to]) => to - from));
  return cells.map(([from, to]) => Array.from({ length: longest }, (_, i) => Math.min(from + i, to - 1)));
}

/** Gathers each cell's elements into a last axis; returns them with their places in the input's plane. */
function windows(
  builder: Builder,
  x: TensorValue,
  size: readonly number[],
): { elements: TensorValue; places: TensorValue } {
  const dims = x.shape.slice(2);
  let flat = [[0]];
  let rows = 1;
  dims.forEach((dim, axis) => {
    const along = positions(dim, size[axis]);
    flat = flat.flatMap((before) =>
      along.map((covered) => before.flatMap((place) => covered.map((at) => place * dim + at))),
    );
    rows *= size[axis];
  });
  const width = flat[0]?.length ?? 0;
  const places = builder.constant("int64", [rows, width], flat.flat().map(BigInt));
  const plane = builder.reshape(x, [x.shape[0], x.shape[1], dims.reduce((a, b) => a * b, 1)]);
  const shape = [x.shape[0], x.shape[1], rows, width];
  return { elements: builder.emit("Gather", [plane, places], { axis: 2 }, { dtype: x.dtype, shape }), places };
}

function maximum(builder: Builder, x: TensorValue, size: readonly number[]): [TensorValue, TensorValue] {
  const { elements, places } = windows(builder, x, size);
  const rows = elements.shape.slice(0, 3);
  const best = builder.emit("ArgMax", [elements], { axis: 3, keepdims: 1 }, { dtype: "int64", shape: [...rows, 1] });
  const largest = builder.emit(
    "ReduceMax",
    [elements, builder.ints([3])],
    { keepdims: 0 },
    { dtype: x.dtype, shape: rows },
  );
  const spreadPlaces = builder.expand(places, elements.shape);
  const where = builder.emit(
    "GatherElements",
    [spreadPlaces, best],
    { axis: 3 },
    { dtype: "int64", shape: best.shape },
  );
  const shape = [x.shape[0], x.shape[1], ...size];
  return [builder.reshape(largest, shape), builder.reshape(where, shape)];
}

function averageRow(name: string, spatial: number, schemas: readonly string[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Mean of windows that divide the input into output_size cells, also unevenly.",
    lower(call, builder) {
      const self = call.tensor("self");
      const size = sizeOf(call, self, spatial);
      return batched(builder, self, spatial, (x) => average(builder, x, size));
    },
  };
}

function maximumRow(name: string, spatial: number, schemas: readonly string[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Largest element of windows that divide the input into output_size cells, and its place.",
    lower(call, builder) {
      const self = call.tensor("self");
      const single = self.rank === spatial + 1;
      const results = maximum(builder, single ? builder.unsqueeze(self, [0]) : self, sizeOf(call, self, spatial));
      return new TupleValue(single ? results.map((r) => builder.reshape(r, r.shape.slice(1))) : results);
    },
  };
}

/** Pooling to a given output size. */
export const adaptivePooling: readonly Operator[] = [
  averageRow("adaptive_avg_pool1d", 1, ["aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor"]),
  averageRow("adaptive_avg_pool2d", 2, ["aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor"]),
  averageRow("adaptive_avg_pool3d", 3, ["aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor"]),
  averageRow("_adaptive_avg_pool2d", 2, ["aten::_adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor"]),
  averageRow("_adaptive_avg_pool3d", 3, ["aten::_adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor"]),
  maximumRow("adaptive_max_pool1d", 1, [
    "aten::adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)",
  ]),
  maximumRow("adaptive_max_pool2d", 2, [
    "aten::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)",
  ]),
  maximumRow("adaptive_max_pool3d", 3, [
    "aten::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)",
  ]),
];
