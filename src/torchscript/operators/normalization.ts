import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { mayEqual } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";

/** [C] as [C, 1, 1, …], to combine with [N, C, …]. */
function perChannel(builder: Builder, x: TensorValue, rank: number): TensorValue {
  return builder.reshape(x, [x.count, ...Array.from<number>({ length: Math.max(rank - 2, 0) }).fill(1)]);
}

/** (x − mean) / √(variance + eps), over the axes. */
function standardise(m: Maths, x: TensorValue, axes: readonly number[], eps: number): TensorValue {
  const centred = m.sub(x, reduce(m.builder, "ReduceMean", x, axes, true));
  const variance = reduce(m.builder, "ReduceMean", m.square(centred), axes, true);
  return m.div(centred, m.sqrt(m.add(variance, eps)));
}

function affine(m: Maths, x: TensorValue, weight: TensorValue | null, bias: TensorValue | null): TensorValue {
  const scaled = weight === null ? x : m.mul(x, weight);
  return m.builder.cast(bias === null ? scaled : m.add(scaled, bias), x.dtype);
}

function batchNorm(call: Call, builder: Builder, input: TensorValue, training: boolean): TensorValue {
  const m = new Maths(builder);
  const [weight, bias] = [call.optionalTensor("weight"), call.optionalTensor("bias")];
  const [mean, variance] = [call.optionalTensor("running_mean"), call.optionalTensor("running_var")];
  const channels = input.shape[1];
  const eps = call.float("eps");
  if (training || mean === null || variance === null) {
    const axes = input.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const wide = (x: TensorValue | null) => (x === null ? null : perChannel(builder, x, input.rank));
    return affine(m, standardise(m, input, axes, eps), wide(weight), wide(bias));
  }
  const dtype = mean.dtype;
  const one = (x: TensorValue | null, number: number) => x ?? builder.full(dtype, number, [channels]);
  const inputs = [builder.cast(input, dtype), one(weight, 1), one(bias, 0), mean, variance].map((x) =>
    builder.cast(x, dtype),
  );
  const result = builder.emit("BatchNormalization", inputs, { epsilon: { float: eps } }, { dtype, shape: input.shape });
  return builder.cast(result, input.dtype);
}

function layerNorm(builder: Builder, call: Call, input: TensorValue): TensorValue {
  const size = call.ints("normalized_shape");
  const axis = input.rank - size.length;
  if (size.some((dim, i) => !mayEqual(dim, input.shape[axis + i])))
    throw raised(`layer_norm of [${input.shape.join(", ")}] over [${size.join(", ")}]`);
  const scale = call.optionalTensor("weight") ?? builder.full(input.dtype, 1, size);
  // ONNX Runtime's fusion with the addition before it (1.32) reads the bias of every layer norm: without one it crashes.
  const shift = call.optionalTensor("bias") ?? builder.full(input.dtype, 0, size);
  const inputs = [input, ...[scale, shift].map((x) => builder.cast(x, input.dtype))];
  const epsilon = { float: call.float("eps") };
  return builder.emit("LayerNormalization", inputs, { axis, epsilon }, { dtype: input.dtype, shape: input.shape });
}

/** Each group of channels on its own: instance norm of [N, groups, rest]. */
function groupNorm(builder: Builder, input: TensorValue, groups: number, eps: number): TensorValue {
  const [batch] = input.shape;
  const flat = [batch, groups, input.count / Math.max(batch * groups, 1)];
  const unit = (number: number) => builder.full(input.dtype, number, [groups]);
  const inputs = [builder.reshape(input, flat), unit(1), unit(0)];
  const result = builder.emit(
    "InstanceNormalization",
    inputs,
    { epsilon: { float: eps } },
    { dtype: input.dtype, shape: flat },
  );
  return builder.reshape(result, input.shape);
}

function groupNormOf(call: Call, builder: Builder, input: TensorValue, groups: number): TensorValue {
  const m = new Maths(builder);
  if (input.count === 0) return input;
  const wide = (x: TensorValue | null) => (x === null ? null : perChannel(builder, x, input.rank));
  const normal = groupNorm(builder, input, groups, call.float("eps"));
  return affine(m, normal, wide(call.optionalTensor("weight")), wide(call.optionalTensor("bias")));
}

function instanceNorm(call: Call, builder: Builder): TensorValue {
  const input = call.tensor("input");
  if (!call.bool("use_input_stats")) return batchNorm(call, builder, input, false);
  const channels = input.shape[1];
  const scale = call.optionalTensor("weight") ?? builder.full(input.dtype, 1, [channels]);
  const bias = call.optionalTensor("bias") ?? builder.full(input.dtype, 0, [channels]);
  const inputs = [input, scale, bias].map((x) => builder.cast(x, input.dtype));
  const epsilon = { float: call.float("eps") };
  return builder.emit("InstanceNormalization", inputs, { epsilon }, { dtype: input.dtype, shape: input.shape });
}

/** Smallest difference from 1 (`torch.finfo(dtype).eps`), which rms_norm adds unless told otherwise. */
const machineEpsilon: Readonly<Record<string, number>> = {
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

function rmsNorm(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const input = call.tensor("input");
  const size = call.ints("normalized_shape");
  const wide = input.dtype === "float64" ? input : builder.cast(input, "float32");
  const axes = size.map((_, i) => input.rank - size.length + i);
  const eps = call.optionalFloat("eps") ?? machineEpsilon[wide.dtype];
  const root = m.sqrt(m.add(reduce(builder, "ReduceMean", m.square(wide), axes, true), eps));
  const normal = m.div(wide, root);
  const weight = call.optionalTensor("weight");
  return builder.cast(weight === null ? normal : m.mul(normal, builder.cast(weight, wide.dtype)), input.dtype);
}

/** v × g / ‖v‖, the norm over all dimensions but `dim` (over all for −1). */
function weightNorm(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [v, g] = [call.tensor("v"), call.tensor("g")];
  const dim = call.int("dim");
  const axes = v.shape.map((_, axis) => axis).filter((axis) => axis !== dim);
  return m.mul(v, m.div(g, reduce(builder, "ReduceL2", v, axes, true)));
}

/** The mean and reciprocal deviation that the native forms return besides. */
function moments(
  builder: Builder,
  input: TensorValue,
  axes: readonly number[],
  eps: number,
): [TensorValue, TensorValue] {
  const m = new Maths(builder);
  const mean = reduce(builder, "ReduceMean", input, axes, true);
  const variance = reduce(builder, "ReduceMean", m.square(m.sub(input, mean)), axes, true);
  return [mean, m.unary("Reciprocal", m.sqrt(m.add(variance, eps)))];
}

function empty(builder: Builder): TensorValue {
  return builder.constant("float32", [0], []);
}

function withoutStatistics(call: Call, builder: Builder): TupleValue {
  const normalized = batchNorm(call, builder, call.tensor("input"), call.bool("training"));
  return new TupleValue([normalized, empty(builder), empty(builder)]);
}

const native: readonly Operator[] = [
  {
    name: "aten::native_batch_norm",
    schemas: [
      "aten::native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "batch_norm; the saved statistics are left empty.",
    lower: withoutStatistics,
  },
  {
    name: "aten::_native_batch_norm_legit",
    schemas: [
      "aten::_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, Tensor(b!) running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
      "aten::_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "batch_norm; the saved statistics are left empty.",
    lower: withoutStatistics,
  },
  {
    name: "aten::_native_batch_norm_legit_functional",
    schemas: [
      "aten::_native_batch_norm_legit_functional(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor running_mean_out, Tensor running_var_out)",
    ],
    doc: "batch_norm; the saved statistics are left empty, the running ones as they were.",
    lower: (call, builder) =>
      new TupleValue([
        batchNorm(call, builder, call.tensor("input"), call.bool("training")),
        empty(builder),
        empty(builder),
        call.tensor("running_mean"),
        call.tensor("running_var"),
      ]),
  },
  {
    name: "aten::_native_batch_norm_legit_no_training",
    schemas: [
      "aten::_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "batch_norm; the saved statistics are left empty.",
    lower: (call, builder) =>
      new TupleValue([batchNorm(call, builder, call.tensor("input"), false), empty(builder), empty(builder)]),
  },
  {
    name: "aten::native_layer_norm",
    schemas: [
      "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "layer_norm with mean and reciprocal deviation.",
    lower(call, builder) {
      const input = call.tensor("input");
      const size = call.ints("normalized_shape");
      const axes = size.map((_, i) => input.rank - size.length + i);
      return new TupleValue([layerNorm(builder, call, input), ...moments(builder, input, axes, call.float("eps"))]);
    },
  },
  {
    name: "aten::native_group_norm",
    schemas: [
      "aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "group_norm with mean and reciprocal deviation of each group.",
    lower(call, builder) {
      const input = call.tensor("input");
      const groups = call.int("group");
      const flat = builder.reshape(input, [input.shape[0], groups, input.count / (input.shape[0] * groups)]);
      const stats = moments(builder, flat, [2], call.float("eps")).map((x) =>
        builder.reshape(x, [input.shape[0], groups]),
      );
      return new TupleValue([groupNormOf(call, builder, input, groups), ...stats]);
    },
  },
];

/** Normalisation layers. */
export const normalization: readonly Operator[] = [
  {
    name: "aten::batch_norm",
    schemas: [
      "aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    ],
    doc: "By running statistics; in training mode or without them by the batch's own.",
    lower: (call, builder) => batchNorm(call, builder, call.tensor("input"), call.bool("training")),
  },
  {
    name: "aten::layer_norm",
    schemas: [
      "aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor",
    ],
    doc: "Over the last dimensions.",
    lower: (call, builder) => layerNorm(builder, call, call.tensor("input")),
  },
  {
    name: "aten::group_norm",
    schemas: [
      "aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enabled=True) -> Tensor",
    ],
    doc: "Over groups of channels.",
    lower: (call, builder) => groupNormOf(call, builder, call.tensor("input"), call.int("num_groups")),
  },
  {
    name: "aten::instance_norm",
    schemas: [
      "aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    ],
    doc: "Over each channel.",
    lower: instanceNorm,
  },
  {
    name: "aten::rms_norm",
    schemas: [
      "aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
    ],
    doc: "By the root of the mean square.",
    lower: rmsNorm,
  },
  {
    name: "aten::_weight_norm",
    schemas: ["aten::_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor"],
    doc: "v × g / ‖v‖.",
    lower: weightNorm,
  },
  {
    name: "aten::_weight_norm_interface",
    schemas: ["aten::_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)"],
    doc: "v × g / ‖v‖, and the norm.",
    lower(call, builder) {
      const v = call.tensor("v");
      const axes = v.shape.map((_, axis) => axis).filter((axis) => axis !== call.int("dim"));
      return new TupleValue([weightNorm(call, builder), reduce(builder, "ReduceL2", v, axes, true)]);
    },
  },
  ...native,
];
