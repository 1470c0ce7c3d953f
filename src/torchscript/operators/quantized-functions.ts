import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import {
  anyGridOf,
  dequantized,
  fusedFloats,
  type Grid,
  gridOf,
  gridOfType,
  onGrid,
  rounded,
  toGrid,
} from "../quantized-grid.ts";
import { TensorValue } from "../tensor-value.ts";
import { activations, clip } from "./activations.ts";
import { bags } from "./embedding.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { packedOf } from "./packed-weights.ts";
import { matmul } from "./products.ts";
import { alongAxis, inputGrid } from "./requantization.ts";
import { row } from "./row.ts";

const resultGrid = "float output_scale, int output_zero_point";

/** The floats' own operator, and the arguments of its quantised form by the names that the former gives them. */
const functions: Readonly<Record<string, string>> = {
  sigmoid: `Tensor self, ${resultGrid}`,
  hardswish: `Tensor self, ${resultGrid}`,
  leaky_relu: `Tensor self, Scalar negative_slope, bool inplace, ${resultGrid}`,
  elu: `Tensor self, ${resultGrid}, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1`,
  celu: `Tensor self, ${resultGrid}, Scalar alpha=1`,
  prelu: `Tensor self, Tensor weight, ${resultGrid}`,
};

function ownOperator(name: string): Operator {
  const found = activations.find((operator) => operator.name === name);
  if (found === undefined) throw invalid(`no operator ${name}`);
  return found;
}

/** The grid that a call names, of the type of its input. */
function wanted(call: Call, input: TensorValue): Grid {
  const { low, high } = inputGrid(input, call.name);
  return { scale: call.float("output_scale"), zero: call.int("output_zero_point"), low, high };
}

function ofFloats(name: string, args: string): Operator {
  return row(`quantized::${name}`, [`(${args}) -> Tensor`], "Of floats, rounded to the grid.", (call, builder) => {
    const self = call.tensor("self");
    const result = ownOperator(`aten::${name}`).lower(
      call.with(new Map([["self", fusedFloats(builder, self)]])),
      builder,
    );
    if (!(result instanceof TensorValue)) throw invalid(`quantized::${name} of something that is no tensor`);
    return toGrid(builder, result, wanted(call, self));
  });
}

function quantizePerChannel(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const axis = call.int("axis") < 0 ? call.int("axis") + self.rank : call.int("axis");
  const [scales, zero] = ["scales", "zero_points"].map((name) =>
    alongAxis(builder, builder.cast(call.tensor(name), "float32"), self.rank, axis),
  );
  const { low, high } = gridOfType(call.int("dtype"), 1, 0);
  const q = m.add(m.round(m.mul(self, m.unary("Reciprocal", scales))), zero);
  return onGrid(m.sub(clip(builder, q, low, high), zero), { scales, axis });
}

function integers(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const grid = gridOfCall(call);
  const q = grid.zero === 0 ? self : new Maths(builder).add(self, grid.zero);
  return builder.cast(q, grid.low === 0 ? "uint8" : grid.low === -128 ? "int8" : "int32");
}

/** A number moves the grid by whole steps; one that would move 0 out of the grid makes it wider. */
function shifted(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const grid = gridOfCall(call, "qa");
  const steps = roundHalfToEven(Number(call.scalar("b")) / grid.scale);
  const zero = grid.zero - steps;
  const moved = m.add(call.tensor("qa"), steps);
  if (zero >= grid.low && zero <= grid.high) return onGrid(moved, { ...grid, zero });
  const reach = zero < grid.low ? grid.high - zero : zero - grid.low;
  const scale = (reach / (grid.high - grid.low)) * grid.scale;
  const wide = { ...grid, scale, zero: zero < grid.low ? grid.low : grid.high };
  const factor = Math.fround(Math.fround(grid.scale) * Math.fround(1 / Math.fround(scale)));
  return rounded(builder, m.mul(moved, factor), wide);
}

function roundHalfToEven(x: number): number {
  const whole = Math.round(x);
  return whole - x === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}

/** A number makes the steps of the grid wider; a negative one turns it around. */
function stretched(call: Call, builder: Builder): TensorValue {
  const grid = gridOfCall(call, "qa");
  const factor = Number(call.scalar("b"));
  const self = call.tensor("qa");
  const m = new Maths(builder);
  if (factor > 0) return onGrid(m.mul(self, 1), { ...grid, scale: grid.scale * factor });
  if (factor === 0) return onGrid(m.mul(self, 0), { ...grid, scale: 1, zero: 0 });
  return onGrid(m.neg(self), { ...grid, scale: grid.scale * -factor, zero: grid.high + grid.low - grid.zero });
}

function withoutNegative(of: Operator["lower"]): Operator["lower"] {
  return (call, builder) => {
    const result = of(call, builder);
    if (!(result instanceof TensorValue)) return result;
    const grid = gridOf(result);
    const positive = builder.emit("Relu", [result], {}, { dtype: result.dtype, shape: result.shape });
    return grid === null ? positive : onGrid(positive, grid);
  };
}

function gridOfCall(call: Call, name = "self") {
  const grid = gridOf(call.tensor(name));
  if (grid === null) throw unsupported(`${call.name} of a tensor whose grid is not known`);
  return grid;
}

/** Functions of quantised tensors, and what programs ask of them. */
export const quantizedFunctions: readonly Operator[] = [
  ...Object.entries(functions).map(([name, args]) => ofFloats(name, args)),
  ...Object.entries({ add_scalar: shifted, mul_scalar: stretched }).flatMap(([name, of]) => [
    row(`quantized::${name}`, ["(Tensor qa, Scalar b) -> Tensor"], "The grid moves with the number.", of),
    row(
      `quantized::${name.replace("_scalar", "")}`,
      [".Scalar(Tensor qa, Scalar b) -> Tensor"],
      "With a number: the grid moves.",
      of,
    ),
    row(
      `quantized::${name}_relu`,
      ["(Tensor qa, Scalar b) -> Tensor"],
      "The grid moves with the number; then max(…, 0).",
      withoutNegative(of),
    ),
  ]),
  row(
    "quantized::matmul",
    ["(Tensor qa, Tensor qb, float scale, int zero_point) -> Tensor"],
    "Of floats, rounded to the grid.",
    (call, builder) => {
      const [a, b] = [call.tensor("qa"), call.tensor("qb")];
      const { low, high } = inputGrid(a, call.name);
      const grid = { scale: call.float("scale"), zero: call.int("zero_point"), low, high };
      return toGrid(builder, matmul(builder, dequantized(builder, a), dequantized(builder, b)), grid);
    },
  ),
  row(
    "quantized::softmax",
    [`(Tensor qx, int dim, ${resultGrid}) -> Tensor`],
    "Of floats, rounded to the grid.",
    (call, builder) => {
      const x = call.tensor("qx");
      const axis = normalizeDim(call.int("dim"), x.rank);
      const result = { dtype: x.dtype, shape: x.shape };
      const floats = builder.emit("Softmax", [dequantized(builder, x)], { axis }, result);
      return toGrid(builder, floats, wanted(call, x));
    },
  ),
  row("quantized::relu6", ["(Tensor qx, bool inplace=False) -> Tensor"], "self within 0 and 6.", (call, builder) => {
    const grid = gridOfCall(call, "qx");
    const six = roundHalfToEven(Math.fround(6 * Math.fround(1 / Math.fround(grid.scale))));
    return onGrid(clip(builder, call.tensor("qx"), 0, Math.min(six, grid.high - grid.zero)), grid);
  }),
  row(
    "quantized::threshold",
    ["(Tensor qx, Scalar threshold, Scalar value) -> Tensor"],
    "Elements above the threshold; the value elsewhere.",
    (call, builder) => {
      const m = new Maths(builder);
      const floats = fusedFloats(builder, call.tensor("qx"));
      const above = m.greater(floats, Number(call.scalar("threshold")));
      return toGrid(builder, m.where(above, floats, Number(call.scalar("value"))), gridOfCall(call, "qx"));
    },
  ),
  row(
    "quantized::dropout",
    [`(Tensor self, ${resultGrid}, Scalar p=0.5, bool training=False) -> Tensor`],
    "The input itself.",
    (call) => call.tensor("self"),
  ),
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
    (call) => anyGridOf(call.tensor("self")) !== null,
  ),
];
