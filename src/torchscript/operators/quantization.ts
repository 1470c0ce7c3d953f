import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { dequantized } from "../quantized-grid.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { clip } from "./activations.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { linear, matmul } from "./products.ts";
import { axesOf, reduce } from "./reduce.ts";

/** Scale and zero point, 0-dim or ready to broadcast. */
interface Grid {
  readonly scale: TensorValue;
  /** 1 / scale: of a Python number in double precision. */
  readonly inverse: TensorValue;
  readonly zero: TensorValue;
  readonly low: number;
  readonly high: number;
}

/** round(x / scale) + zero within the limits, as floats. */
function toGrid(m: Maths, x: TensorValue, grid: Grid): TensorValue {
  return clip(m.builder, stepsOf(m, x, grid), grid.low, grid.high);
}

function stepsOf(m: Maths, x: TensorValue, { inverse, zero }: Grid): TensorValue {
  const steps = m.round(m.mul(x, inverse));
  return m.add(steps, m.builder.cast(zero, steps.dtype));
}

function fromGrid(m: Maths, q: TensorValue, { scale, zero }: Grid): TensorValue {
  return m.mul(m.sub(m.builder.cast(q, scale.dtype), m.builder.cast(zero, scale.dtype)), scale);
}

/** The grid that the arguments name; one value a channel is spread along the axis. */
function gridOf(call: Call, builder: Builder, x: TensorValue): Grid {
  const name = (singular: string) => (call.has(singular) ? singular : `${singular}s`);
  const zeroName = call.has("zero_point") || call.has("zero_points") ? name("zero_point") : null;
  const channels = call.has("axis") ? normalizeDim(call.int("axis"), x.rank) : null;
  const spread = (value: TensorValue) =>
    channels === null
      ? value.count === 1
        ? builder.reshape(value, [])
        : value
      : builder.reshape(
          value,
          x.shape.map((_, axis) => (axis === channels ? value.count : 1)),
        );
  const dtype: DType = x.dtype === "float64" ? "float64" : "float32";
  const given = call.operand(name("scale"));
  const scale = spread(builder.cast(given, dtype));
  // In exported programs a scale for the whole tensor is a Python number; elsewhere it is a float of the formula.
  const number = channels === null && !call.name.startsWith("aten::");
  const own = builder.cast(given, number ? "float64" : dtype);
  const inverse = spread(builder.cast(new Maths(builder).div(1, own), dtype));
  const zero = zeroName === null ? null : call.optionalOperand(zeroName);
  return {
    scale,
    inverse,
    zero: zero === null ? builder.full("float32", 0) : spread(zero),
    low: call.int("quant_min"),
    high: call.int("quant_max"),
  };
}

/** Rounded to the grid and back: what quantisation-aware training leaves in a model. */
function fake(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const grid = gridOf(call, builder, self);
  return builder.cast(fromGrid(m, toGrid(m, self, grid), grid), self.dtype);
}

/** Also which elements were within the limits, for gradients. */
function fakeWithMask(call: Call, builder: Builder): TupleValue {
  const self = call.tensor("self");
  const grid = gridOf(call, builder, self);
  const steps = stepsOf(new Maths(builder), self, grid);
  const [low, high] = [grid.low, grid.high].map((limit) => builder.full(steps.dtype, limit));
  const above = builder.elementwise("GreaterOrEqual", [steps, low], {}, "bool");
  const below = builder.elementwise("LessOrEqual", [steps, high], {}, "bool");
  return new TupleValue([fake(call, builder), builder.elementwise("And", [above, below])]);
}

function quantize(call: Call, builder: Builder): TensorValue {
  const input = call.tensor("input");
  return builder.cast(toGrid(new Maths(builder), input, gridOf(call, builder, input)), call.dtype("dtype") ?? "int8");
}

function dequantize(call: Call, builder: Builder): TensorValue {
  const input = call.tensor("input");
  const result = fromGrid(new Maths(builder), input, gridOf(call, builder, input));
  return builder.cast(result, call.dtype("out_dtype") ?? "float32");
}

/** Scale and zero point that cover the elements (and 0). */
function chooseGrid(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const input = builder.cast(call.tensor("input"), "float32");
  const [low, high] = [call.int("quant_min"), call.int("quant_max")];
  const all = axesOf(null, input.rank);
  const least = m.min(reduce(builder, "ReduceMin", input, all, false), 0);
  const most = m.max(reduce(builder, "ReduceMax", input, all, false), 0);
  const scale = m.max(m.div(m.sub(most, least), high - low), call.optionalFloat("eps") ?? 1e-7);
  const zero = clip(builder, m.sub(low, m.round(m.div(least, scale))), low, high);
  return new TupleValue([
    builder.reshape(builder.cast(scale, "float64"), [1]),
    builder.reshape(builder.cast(zero, "int64"), [1]),
  ]);
}

/** Names and schemas of the `quantized_decomposed` operators, which exported quantised programs are made of. */
function decomposed(name: string, schemas: readonly string[], doc: string, lower: Operator["lower"]): Operator {
  const full = `quantized_decomposed::${name}`;
  return { name: full, schemas: schemas.map((schema) => `${full}${schema}`), doc, lower };
}

const range = "int quant_min, int quant_max, ScalarType dtype";
const out = "*, ScalarType? out_dtype=None";

/** Quantised numbers in plain integer tensors. */
export const quantization: readonly Operator[] = [
  {
    name: "aten::fake_quantize_per_tensor_affine",
    schemas: [
      "aten::fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int quant_min, int quant_max) -> Tensor",
      "aten::fake_quantize_per_tensor_affine.tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, int quant_min, int quant_max) -> Tensor",
    ],
    doc: "Rounded to a grid.",
    lower: fake,
  },
  {
    name: "aten::fake_quantize_per_channel_affine",
    schemas: [
      "aten::fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor",
    ],
    doc: "Rounded to a grid for each channel.",
    lower: fake,
  },
  ...[
    "fake_quantize_per_tensor_affine_cachemask(Tensor self, float scale, int zero_point, ",
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, Tensor fake_quant_enabled, ",
    "fake_quantize_per_channel_affine_cachemask(Tensor self, Tensor scale, Tensor zero_point, int axis, ",
  ].map((signature) => ({
    name: `aten::${signature.slice(0, signature.indexOf("("))}`,
    schemas: [`aten::${signature}int quant_min, int quant_max) -> (Tensor, Tensor)`],
    doc: "Rounded to a grid, and which elements are within its limits.",
    lower: fakeWithMask,
  })),
  {
    name: "aten::dequantize",
    schemas: ["aten::dequantize.self(Tensor self) -> Tensor", "aten::dequantize.tensor(Tensor qtensor) -> Tensor"],
    doc: "The tensor itself, as floats.",
    lower: (call, builder) =>
      builder.cast(dequantized(builder, call.tensor(call.has("self") ? "self" : "qtensor")), "float32"),
  },
  {
    name: "aten::_weight_int8pack_mm",
    schemas: ["aten::_weight_int8pack_mm(Tensor self, Tensor mat2, Tensor scales) -> Tensor"],
    doc: "self × mat2ᵀ × scales, of int8 weights.",
    lower(call, builder) {
      const self = call.tensor("self");
      const product = linear(builder, self, builder.cast(call.tensor("mat2"), self.dtype), null);
      return new Maths(builder).mul(product, builder.cast(call.tensor("scales"), self.dtype));
    },
  },
  {
    name: "aten::_int_mm",
    schemas: ["aten::_int_mm(Tensor self, Tensor mat2) -> Tensor"],
    doc: "Product of int8 matrices in int32.",
    lower: (call, builder) =>
      matmul(builder, builder.cast(call.tensor("self"), "int32"), builder.cast(call.tensor("mat2"), "int32")),
  },
  decomposed(
    "quantize_per_tensor",
    [
      `(Tensor input, float scale, int zero_point, ${range}) -> Tensor`,
      `.tensor(Tensor input, Tensor scale, Tensor zero_point, ${range}) -> Tensor`,
      `.tensor2(Tensor input, Tensor scale, Tensor zero_point, Tensor quant_min, Tensor quant_max, ScalarType dtype) -> Tensor`,
    ],
    "Floats to a grid of integers.",
    quantize,
  ),
  decomposed(
    "dequantize_per_tensor",
    [
      `(Tensor input, float scale, int zero_point, ${range}, ${out}) -> Tensor`,
      `.tensor(Tensor input, Tensor scale, Tensor zero_point, ${range}, ${out}) -> Tensor`,
    ],
    "A grid of integers to floats.",
    dequantize,
  ),
  decomposed(
    "quantize_per_channel",
    [`(Tensor input, Tensor scales, Tensor zero_points, int axis, ${range}) -> Tensor`],
    "Floats to a grid for each channel.",
    quantize,
  ),
  decomposed(
    "dequantize_per_channel",
    [`(Tensor input, Tensor scales, Tensor? zero_points, int axis, ${range}, ${out}) -> Tensor`],
    "A grid for each channel to floats.",
    dequantize,
  ),
  decomposed(
    "choose_qparams",
    [".tensor(Tensor input, int quant_min, int quant_max, float eps, ScalarType dtype) -> (Tensor, Tensor)"],
    "The grid that covers the elements.",
    chooseGrid,
  ),
];
