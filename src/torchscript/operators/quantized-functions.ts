import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { gridOf, gridOfType, toGrid } from "../quantized-grid.ts";
import { TensorValue } from "../tensor-value.ts";
import { activations } from "./activations.ts";
import { bags } from "./embedding.ts";
import { Maths } from "./maths.ts";
import { normalization } from "./normalization.ts";
import type { Operator } from "./operator.ts";
import { packedOf } from "./packed-weights.ts";
import { row } from "./row.ts";

/** The floats' own operator, and the arguments of its quantised form by the names that the former gives them. */
const functions: Readonly<Record<string, string>> = {
  hardswish: "Tensor self, float output_scale, int output_zero_point",
  leaky_relu: "Tensor self, Scalar negative_slope, bool inplace, float output_scale, int output_zero_point",
  elu: "Tensor self, float output_scale, int output_zero_point, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1",
  group_norm:
    "Tensor input, int num_groups, Tensor? weight, Tensor? bias, float eps, float output_scale, int output_zero_point",
  instance_norm:
    "Tensor input, Tensor? weight, Tensor? bias, float eps, float output_scale, int output_zero_point, bool use_input_stats=True",
  layer_norm:
    "Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps, float output_scale, int output_zero_point",
};

function ownOperator(name: string): Operator {
  const found = [...activations, ...normalization].find((operator) => operator.name === name);
  if (found === undefined) throw invalid(`no operator ${name}`);
  return found;
}

function onGrid(name: string, args: string): Operator {
  return row(`quantized::${name}`, [`(${args}) -> Tensor`], "Of floats, rounded to the grid.", (call, builder) => {
    const result = ownOperator(`aten::${name}`).lower(call, builder);
    if (!(result instanceof TensorValue)) throw invalid(`quantized::${name} of something that is no tensor`);
    return toGrid(builder, result, gridOfType(13, call.float("output_scale"), call.int("output_zero_point")));
  });
}

function quantizePerChannel(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const axis = call.int("axis") < 0 ? call.int("axis") + self.rank : call.int("axis");
  const shape = self.shape.map((dim, i) => (i === axis ? dim : 1));
  const [scale, zero] = ["scales", "zero_points"].map((name) =>
    builder.reshape(builder.cast(call.tensor(name), "float32"), shape),
  );
  const { low, high } = gridOfType(call.int("dtype"), 1, 0);
  const steps = m.add(m.round(m.div(self, scale)), zero);
  return m.mul(m.sub(m.max(m.min(steps, high), low), zero), scale);
}

function integers(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const grid = gridOf(self);
  if (grid === null) throw unsupported("aten::int_repr of a tensor whose grid is not known");
  const steps = m.add(m.round(m.mul(self, Math.fround(1 / Math.fround(grid.scale)))), grid.zero);
  return builder.cast(steps, grid.low === 0 ? "uint8" : grid.low === -128 ? "int8" : "int32");
}

/** A number moves the grid by whole steps; one that would move 0 out of the grid makes it wider. */
function shifted(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const grid = gridOfCall(call, "qa");
  const steps = Math.round(Number(call.scalar("b")) / grid.scale);
  const zero = grid.zero - steps;
  const reach = zero < grid.low ? grid.high - zero : zero > grid.high ? zero - grid.low : grid.high - grid.low;
  const scale = (reach / (grid.high - grid.low)) * grid.scale;
  const moved = { ...grid, scale, zero: Math.min(Math.max(zero, grid.low), grid.high) };
  return toGrid(builder, m.add(call.tensor("qa"), Math.fround(steps * grid.scale)), moved);
}

/** A number makes the steps of the grid wider. */
function stretched(call: Call, builder: Builder): TensorValue {
  const grid = gridOfCall(call, "qa");
  const factor = Number(call.scalar("b"));
  if (factor <= 0) throw unsupported("a quantised tensor times a number that is not positive");
  const wide = { ...grid, scale: grid.scale * factor };
  return toGrid(builder, new Maths(builder).mul(call.tensor("qa"), factor), wide);
}

function withoutNegative(of: Operator["lower"]): Operator["lower"] {
  return (call, builder) => {
    const result = of(call, builder);
    if (!(result instanceof TensorValue)) return result;
    const grid = gridOf(result);
    const positive = builder.emit("Relu", [result], {}, { dtype: result.dtype, shape: result.shape });
    return grid === null ? positive : toGrid(builder, positive, grid);
  };
}

function gridOfCall(call: Call, name = "self") {
  const grid = gridOf(call.tensor(name));
  if (grid === null) throw unsupported(`${call.name} of a tensor whose grid is not known`);
  return grid;
}

/** Functions of quantised tensors, and what programs ask of them. */
export const quantizedFunctions: readonly Operator[] = [
  ...Object.entries(functions).map(([name, args]) => onGrid(name, args)),
  ...Object.entries({ add_scalar: shifted, mul_scalar: stretched }).flatMap(([name, of]) => [
    row(`quantized::${name}`, ["(Tensor qa, Scalar b) -> Tensor"], "The grid moves with the number.", of),
    row(
      `quantized::${name}_relu`,
      ["(Tensor qa, Scalar b) -> Tensor"],
      "The grid moves with the number; then max(…, 0).",
      withoutNegative(of),
    ),
  ]),
  row(
    "quantized::embedding_byte",
    ["(Any weight, Tensor indices, bool pruned_weights=False) -> Tensor"],
    "Rows of a table of integers.",
    (call, builder) => {
      const { weight } = packedOf(call, builder, "weight");
      const indices = call.tensor("indices");
      const shape = [...indices.shape, weight.shape[1]];
      return builder.emit("Gather", [weight, indices], { axis: 0 }, { dtype: weight.dtype, shape });
    },
  ),
  row(
    "quantized::embedding_bag_byte",
    [
      "(Any weight, Tensor indices, Tensor? offsets=None, bool scale_grad_by_freq=False, int mode=0, bool pruned_weights=False, Tensor? per_sample_weights=None, Tensor? compressed_indices_mapping=None, bool include_last_offset=False) -> Tensor",
    ],
    "Sums of rows of a table of integers.",
    (call, builder) => bags(call, builder, packedOf(call, builder, "weight").weight).items[0],
  ),
  row(
    "aten::quantize_per_channel",
    ["(Tensor self, Tensor scales, Tensor zero_points, int axis, ScalarType dtype) -> Tensor"],
    "Rounded to a grid for each channel.",
    quantizePerChannel,
  ),
  row("aten::int_repr", ["(Tensor self) -> Tensor"], "The integers of a quantised tensor.", integers),
  row("aten::q_scale", ["(Tensor self) -> float"], "The step of a grid.", (call) => gridOfCall(call).scale),
  row("aten::q_zero_point", ["(Tensor self) -> int"], "The integer of a grid that stands for 0.", (call) =>
    BigInt(gridOfCall(call).zero),
  ),
  row(
    "prim::is_quantized",
    ["(Tensor self) -> bool"],
    "Whether a tensor is on a grid.",
    (call) => gridOf(call.tensor("self")) !== null,
  ),
];
