import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { batched, spread } from "./convolution.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceil: boolean;
}

function windowOf(call: Call, spatial: number): Window {
  const kernel = spread(call.ints("kernel_size"), spatial);
  const stride = call.optionalInts("stride") ?? [];
  return {
    kernel,
    stride: stride.length === 0 ? kernel : spread(stride, spatial),
    padding: spread(call.optionalInts("padding") ?? [0], spatial),
    dilation: spread(call.optionalInts("dilation") ?? [1], spatial),
    ceil: call.bool("ceil_mode"),
  };
}

/** PyTorch's output size: with ceil_mode, a window that would start in the padding at the end is dropped. */
function pooledSize(dim: number, w: Window, i: number): number {
  const reach = w.dilation[i] * (w.kernel[i] - 1) + 1;
  const room = dim + 2 * w.padding[i] - reach;
  if (!w.ceil) return Math.floor(room / w.stride[i]) + 1;
  const size = Math.ceil(room / w.stride[i]) + 1;
  return (size - 1) * w.stride[i] >= dim + w.padding[i] ? size - 1 : size;
}

interface Pads {
  readonly size: readonly number[];
  readonly pads: readonly number[];
}

/** Pads at the end so that exactly `size` windows fit: then ceil_mode has no say any more. */
function padsOf(x: TensorValue, w: Window): Pads {
  const size = w.kernel.map((_, i) => pooledSize(x.shape[i + 2], w, i));
  const end = w.kernel.map((k, i) => {
    const reach = w.dilation[i] * (k - 1) + 1;
    const needed = (size[i] - 1) * w.stride[i] + reach - x.shape[i + 2] - w.padding[i];
    return Math.max(w.padding[i], needed);
  });
  return { size, pads: [...w.padding, ...end] };
}

function maxPool(builder: Builder, x: TensorValue, w: Window, withIndices: boolean): TensorValue[] {
  const { size, pads } = padsOf(x, w);
  const shape = [x.shape[0], x.shape[1], ...size];
  const attributes = { kernel_shape: w.kernel, strides: w.stride, dilations: w.dilation, pads };
  const values = { dtype: x.dtype, shape };
  if (!withIndices) return [builder.emit("MaxPool", [x], attributes, values)];
  const [pooled, flat] = builder.emitMany("MaxPool", [x], attributes, [values, { dtype: "int64", shape }]);
  // ONNX counts through all planes, PyTorch through each.
  const plane = x.shape.slice(2).reduce((a, b) => a * b, 1);
  return [pooled, builder.elementwise("Mod", [flat, builder.full("int64", plane)])];
}

function maxPoolRow(name: string, spatial: number, withIndices: boolean, schemas: readonly string[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Largest element of each window.",
    lower(call, builder) {
      const self = call.tensor("self");
      const w = windowOf(call, spatial);
      if (!withIndices) return batched(builder, self, spatial, (x) => maxPool(builder, x, w, false)[0]);
      const single = self.rank === spatial + 1;
      const results = maxPool(builder, single ? builder.unsqueeze(self, [0]) : self, w, true);
      return new TupleValue(single ? results.map((r) => builder.reshape(r, r.shape.slice(1))) : results);
    },
  };
}

/** How many elements of the input (and of its padding, if it counts) each window covers. */
function counts(x: TensorValue, w: Window, size: readonly number[], withPadding: boolean): number[][] {
  return size.map((n, i) =>
    Array.from({ length: n }, (_, at) => {
      const dim = x.shape[i + 2];
      const start = at * w.stride[i] - w.padding[i];
      const end = Math.min(start + w.kernel[i], dim + w.padding[i]);
      return withPadding ? end - start : Math.min(end, dim) - Math.max(start, 0);
    }),
  );
}

function averagePool(
  builder: Builder,
  x: TensorValue,
  w: Window,
  withPadding: boolean,
  divisor: number | null,
): TensorValue {
  const m = new Maths(builder);
  const { size, pads } = padsOf(x, w);
  const shape = [x.shape[0], x.shape[1], ...size];
  const full = w.kernel.reduce((a, b) => a * b, 1);
  const attributes = { kernel_shape: w.kernel, strides: w.stride, pads, count_include_pad: 1 };
  const mean = builder.emit("AveragePool", [x], attributes, { dtype: x.dtype, shape });
  if (divisor !== null) return m.mul(mean, full / divisor);
  const perAxis = counts(x, w, size, withPadding);
  let result = mean;
  perAxis.forEach((axis, i) => {
    if (axis.every((count) => count === w.kernel[i])) return;
    const factors = axis.map((count) => Math.fround(w.kernel[i] / count));
    const along = [axis.length, ...size.slice(i + 1).map(() => 1)];
    result = m.mul(result, builder.constant(x.dtype, along, factors));
  });
  return result;
}

function averagePoolRow(name: string, spatial: number, schemas: readonly string[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Mean of each window; ceil_mode, count_include_pad, divisor_override.",
    lower(call, builder) {
      const w = windowOf(call, spatial);
      const withPadding = call.bool("count_include_pad");
      const divisor = call.optionalInt("divisor_override");
      return batched(builder, call.tensor("self"), spatial, (x) => averagePool(builder, x, w, withPadding, divisor));
    },
  };
}

function unpool(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const size = call.ints("output_size");
  const spatial = size.length;
  const outer = self.shape.slice(0, self.rank - spatial);
  const plane = size.reduce((a, b) => a * b, 1);
  const flat = [...outer, self.count / outer.reduce((a, b) => a * b, 1)];
  const base = builder.full(self.dtype, 0, [...outer, plane]);
  const inputs = [base, builder.reshape(call.tensor("indices"), flat), builder.reshape(self, flat)];
  const filled = builder.emit(
    "ScatterElements",
    inputs,
    { axis: outer.length },
    { dtype: self.dtype, shape: base.shape },
  );
  return builder.reshape(filled, [...outer, ...size]);
}

/** Pooling with fixed windows. */
export const pooling: readonly Operator[] = [
  maxPoolRow("max_pool1d", 1, false, [
    "aten::max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> Tensor",
  ]),
  maxPoolRow("max_pool2d", 2, false, [
    "aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor",
  ]),
  maxPoolRow("max_pool3d", 3, false, [
    "aten::max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor",
  ]),
  maxPoolRow("max_pool1d_with_indices", 1, true, [
    "aten::max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> (Tensor, Tensor)",
  ]),
  maxPoolRow("max_pool2d_with_indices", 2, true, [
    "aten::max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
  ]),
  maxPoolRow("max_pool3d_with_indices", 3, true, [
    "aten::max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
  ]),
  averagePoolRow("avg_pool1d", 1, [
    "aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
  ]),
  averagePoolRow("avg_pool2d", 2, [
    "aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
  ]),
  averagePoolRow("avg_pool3d", 3, [
    "aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
  ]),
  {
    name: "aten::max_unpool2d",
    schemas: ["aten::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor"],
    doc: "Puts pooled maxima back.",
    lower: unpool,
  },
  {
    name: "aten::max_unpool3d",
    schemas: [
      "aten::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor",
    ],
    doc: "Puts pooled maxima back.",
    lower: unpool,
  },
];
