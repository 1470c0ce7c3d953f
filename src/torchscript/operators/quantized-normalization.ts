import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { type Grid, limited, toGrid } from "../quantized-grid.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";
import { alongAxis, inputGrid } from "./requantization.ts";
import { row } from "./row.ts";

function wanted(call: Call, input: TensorValue): Grid {
  const { low, high } = inputGrid(input, call.name);
  return { scale: call.float("output_scale"), zero: call.int("output_zero_point"), low, high };
}

/** Mean of the steps and scale / deviation, from sums of the integers themselves as PyTorch takes them. */
function statistics(m: Maths, x: TensorValue, axes: readonly number[], grid: Grid, eps: number) {
  const { builder } = m;
  const single = (value: TensorValue) => builder.cast(value, "float32");
  const q = m.add(builder.cast(x, "float64"), grid.zero);
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  const mean = m.div(single(reduce(builder, "ReduceSum", q, axes, true)), count);
  const squares = m.div(single(reduce(builder, "ReduceSum", m.square(q), axes, true)), count);
  const variance = m.max(m.sub(squares, m.square(mean)), 0);
  const scale = Math.fround(grid.scale);
  const real = builder.cast(m.mul(m.mul(variance, scale), scale), "float64");
  const deviation = builder.cast(m.div(scale, m.sqrt(m.add(real, eps))), "float32");
  return { mean: m.sub(mean, grid.zero), deviation };
}

interface Affine {
  readonly weight: TensorValue | null;
  readonly bias: TensorValue | null;
  /** A weight for each channel: multiplied with the deviation first. */
  readonly perChannel: boolean;
}

/** (x − mean) × deviation × weight + bias over the last axes of a grouped shape, rounded to the grid. */
function normalized(
  call: Call,
  builder: Builder,
  grouped: readonly number[],
  axes: readonly number[],
  affine: Affine,
): TensorValue {
  const m = new Maths(builder);
  const input = call.tensor("input");
  const x = builder.reshape(input, grouped);
  const { mean, deviation } = statistics(m, x, axes, inputGrid(input, call.name), call.float("eps"));
  const { weight, bias, perChannel } = affine;
  const centred = m.sub(x, mean);
  const scaled =
    weight === null
      ? m.mul(centred, deviation)
      : perChannel
        ? m.mul(centred, m.mul(deviation, weight))
        : m.mul(m.mul(centred, deviation), weight);
  const result = bias === null ? scaled : m.add(scaled, bias);
  return toGrid(builder, builder.reshape(result, input.shape), wanted(call, input));
}

function layerNorm(call: Call, builder: Builder): TensorValue {
  const { shape } = call.tensor("input");
  const size = call.ints("normalized_shape");
  const axes = size.map((_, i) => shape.length - size.length + i);
  const [weight, bias] = [call.optionalTensor("weight"), call.optionalTensor("bias")];
  return normalized(call, builder, shape, axes, { weight, bias, perChannel: false });
}

function groupNorm(call: Call, builder: Builder, groups: number): TensorValue {
  const [batch, channels, ...rest] = call.tensor("input").shape;
  const each = channels / groups;
  const grouped = [batch, groups, each, rest.reduce((a, b) => a * b, 1)];
  const wide = (x: TensorValue | null) => x && builder.reshape(x, [1, groups, each, 1]);
  const [weight, bias] = [wide(call.optionalTensor("weight")), wide(call.optionalTensor("bias"))];
  return normalized(call, builder, grouped, [2, 3], { weight, bias, perChannel: true });
}

/** The running statistics as one multiplication and one addition for each channel, in steps of the result. */
function batchNorm(positive: boolean) {
  return (call: Call, builder: Builder): TensorValue => {
    const m = new Maths(builder);
    const x = call.tensor("qx");
    const grid = wanted(call, x);
    const scale = Math.fround(grid.scale);
    const inverse = m.div(1, m.sqrt(m.add(call.tensor("var"), call.float("eps"))));
    const weight = call.optionalTensor("weight");
    const weighted = weight === null ? inverse : m.mul(inverse, weight);
    const ratio = Math.fround(Math.fround(inputGrid(x, call.name).scale) / scale);
    const shift = m.sub(call.optionalTensor("bias") ?? 0, m.mul(call.tensor("mean"), weighted));
    const wide = (value: TensorValue) => alongAxis(builder, builder.cast(value, "float64"), x.rank, 1);
    const exact = m.add(m.mul(builder.cast(x, "float64"), wide(m.mul(weighted, ratio))), wide(m.div(shift, scale)));
    const steps = m.round(builder.cast(exact, "float32"));
    return limited(builder, positive ? m.max(steps, 0) : steps, grid);
  };
}

const output = "float output_scale, int output_zero_point";
const doc = "From sums of the integers, rounded to the grid.";

/** Normalisation of quantised tensors. */
export const quantizedNormalization: readonly Operator[] = [
  row(
    "quantized::layer_norm",
    [`(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps, ${output}) -> Tensor`],
    doc,
    layerNorm,
  ),
  row(
    "quantized::group_norm",
    [`(Tensor input, int num_groups, Tensor? weight, Tensor? bias, float eps, ${output}) -> Tensor`],
    doc,
    (call, builder) => groupNorm(call, builder, call.int("num_groups")),
  ),
  row(
    "quantized::instance_norm",
    [`(Tensor input, Tensor? weight, Tensor? bias, float eps, ${output}, bool use_input_stats=True) -> Tensor`],
    doc,
    (call, builder) => groupNorm(call, builder, call.tensor("input").shape[1]),
  ),
  ...["", "1d", "2d", "3d"].flatMap((kind) =>
    [false, true].map((positive) =>
      row(
        `quantized::batch_norm${kind}${positive ? "_relu" : ""}`,
        [`(Tensor qx, Tensor? weight, Tensor? bias, Tensor mean, Tensor var, float eps, ${output}) -> Tensor`],
        "By the running statistics, rounded to the grid.",
        batchNorm(positive),
      ),
    ),
  ),
];
