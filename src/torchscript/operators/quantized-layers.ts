import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { fusedFloats, type Grid, gridOf, gridOfType, onGrid, rounded, sameGrid, toGrid } from "../quantized-grid.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { convolve } from "./convolution.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { dynamicLinear, pack, type Packed, packedOf } from "./packed-weights.ts";
import { linear } from "./products.ts";
import { alongAxis, type Engine, inputGrid, requantize, weightScaleOf } from "./requantization.ts";
import { row } from "./row.ts";

function relu(builder: Builder, x: TensorValue, wanted: boolean): TensorValue {
  return wanted ? builder.emit("Relu", [x], {}, { dtype: x.dtype, shape: x.shape }) : x;
}

/** Scale and zero of the result, by their names. */
function wanted(call: Call, scale: string, zero: string): Grid {
  return gridOfType(13, call.float(scale), call.int(zero));
}

function dynamicLayer(positive: boolean, half: boolean): Operator["lower"] {
  return (call, builder) => {
    const packed = packedOf(call, builder, "W_prepack");
    const x = call.tensor("X");
    const result = half
      ? linear(builder, x, packed.weight, packed.bias)
      : dynamicLinear(builder, x, packed, call.bool("reduce_range"));
    return relu(builder, result, positive);
  };
}

function staticLinear(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const { weight, bias } = packedOf(call, builder, "W_prepack");
    const x = call.tensor("X");
    const sums = linear(builder, x, weight, null);
    const weightScale = weightScaleOf(builder, weight, sums.rank, sums.rank - 1);
    const of = { sums, input: inputGrid(x, call.name), weightScale, bias };
    return requantize(builder, of, wanted(call, "Y_scale_i", "Y_zero_point_i"), positive, "fbgemm");
  };
}

/** What PyTorch leaves to oneDNN: no wide groups, no weights with a zero of their own. */
function engineOf({ weight, groups, outputPadding }: Packed): Engine {
  const symmetric = (gridOf(weight)?.zero ?? 0) === 0;
  return symmetric && groups <= 100 && outputPadding.every((pad) => pad === 0) ? "onednn" : "fbgemm";
}

function sumsOfConvolution(builder: Builder, input: TensorValue, packed: Packed): TensorValue {
  const spatial = input.rank - 2;
  // One-dimensional layers are packed as two-dimensional ones of height 1.
  const flat = packed.weight.rank === input.rank + 1;
  const weight = flat ? builder.reshape(packed.weight, packed.weight.shape.toSpliced(2, 1)) : packed.weight;
  const own = (list: readonly number[]) => list.slice(-spatial);
  return convolve(builder, input, weight, null, {
    stride: own(packed.stride),
    padding: own(packed.padding),
    dilation: own(packed.dilation),
    groups: packed.groups,
    transposed: packed.transposed,
    outputPadding: packed.transposed ? own(packed.outputPadding) : own(packed.stride).map(() => 0),
  });
}

function staticConvolution(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const packed = packedOf(call, builder, "packed_weight");
    const input = call.tensor("qx");
    const sums = sumsOfConvolution(builder, input, packed);
    const weightScale = weightScaleOf(builder, packed.weight, sums.rank, 1);
    const bias = packed.bias && alongAxis(builder, packed.bias, sums.rank, 1);
    const of = { sums, input: inputGrid(input, call.name), weightScale, bias };
    return requantize(builder, of, wanted(call, "output_scale", "output_zero_point"), positive, engineOf(packed));
  };
}

/** The grid that the call names, of the type of an operand. */
function ofType(call: Call, operand: string): Grid {
  const { low, high } = inputGrid(call.tensor(operand), call.name);
  return { ...wanted(call, "scale", "zero_point"), low, high };
}

/** Floats, added and rounded again. */
function sum(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const floats = (name: string) => fusedFloats(builder, call.tensor(name));
    const result = new Maths(builder).add(floats("qa"), floats("qb"));
    return toGrid(builder, relu(builder, result, positive), ofType(call, "qa"));
  };
}

/** The product of the integers, times scale × scale × (1 / scale). */
function product(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const m = new Maths(builder);
    const [a, b] = [call.tensor("qa"), call.tensor("qb")];
    const grid = ofType(call, "qa");
    const unit = Math.fround(Math.fround(inputGrid(a, call.name).scale) * Math.fround(inputGrid(b, call.name).scale));
    const factor = Math.fround(unit * Math.fround(1 / Math.fround(grid.scale)));
    return rounded(builder, relu(builder, m.mul(m.mul(a, b), factor), positive), grid);
  };
}

function joined(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const all = call.tensors("qx");
    const first = inputGrid(all[0], call.name);
    const [scale, zero] = [call.optionalFloat("scale") ?? first.scale, call.optionalInt("zero_point") ?? first.zero];
    const grid = { ...first, scale, zero };
    const axis = call.int("dim") < 0 ? call.int("dim") + all[0].rank : call.int("dim");
    const parts = all.map((x) => {
      const own = gridOf(x);
      return own !== null && sameGrid(own, grid) ? x : toGrid(builder, fusedFloats(builder, x), grid);
    });
    return onGrid(relu(builder, builder.concat(parts, axis), positive), grid);
  };
}

const grid = "float output_scale, int output_zero_point";
const layerDoc = "Integers summed exactly, then rounded to the grid as PyTorch's engine does.";
const weights = "Weights and bias of a layer.";

function pairOf(make: (positive: boolean) => [string, readonly string[], Operator["lower"]], doc: string): Operator[] {
  return [false, true].map((positive) => {
    const [name, schemas, lower] = make(positive);
    return row(`quantized::${name}`, schemas, doc, lower);
  });
}

/** Layers of quantised models. Integers are kept as the floats that they stand for. */
export const quantizedLayers: readonly Operator[] = [
  row(
    "aten::quantize_per_tensor",
    [
      "(Tensor self, float scale, int zero_point, int dtype) -> Tensor",
      ".tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, int dtype) -> Tensor",
    ],
    "Rounded to a grid.",
    (call, builder) =>
      toGrid(builder, call.tensor("self"), gridOfType(call.int("dtype"), call.float("scale"), call.int("zero_point"))),
  ),
  row("quantized::linear_prepack", ["(Tensor W, Tensor? B=None) -> Any"], weights, (call) =>
    pack([call.tensor("W"), call.optionalTensor("B")]),
  ),
  row("quantized::linear_prepack_fp16", ["(Tensor W, Tensor? B=None) -> Any"], weights, (call, builder) =>
    pack([builder.cast(builder.cast(call.tensor("W"), "float16"), "float32"), call.optionalTensor("B")]),
  ),
  ...[1, 2, 3].map((n) =>
    row(
      `quantized::conv${n}d_prepack`,
      ["(Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> Any"],
      weights,
      (call) =>
        pack([
          call.tensor("weight"),
          call.optionalTensor("bias"),
          ...["stride", "padding", "dilation", "groups"].map((name) => call.value(name)),
        ]),
    ),
  ),
  ...[1, 2, 3].map((n) =>
    row(
      `quantized::conv_transpose${n}d_prepack`,
      [
        "(Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] output_padding, int[] dilation, int groups) -> Any",
      ],
      weights,
      (call) =>
        pack([
          call.tensor("weight"),
          call.optionalTensor("bias"),
          ...["stride", "padding", "dilation", "groups", "output_padding"].map((name) => call.value(name)),
        ]),
    ),
  ),
  ...[1, 2, 3].map((n) =>
    row(
      `quantized::conv_transpose${n}d`,
      [`(Tensor qx, Any packed_weight, ${grid}) -> Tensor`],
      layerDoc,
      staticConvolution(false),
    ),
  ),
  ...["linear_unpack", "linear_unpack_fp16"].map((name) =>
    row(`quantized::${name}`, ["(Any W_prepack) -> (Tensor, Tensor?)"], weights, (call, builder) => {
      const { weight, bias } = packedOf(call, builder, "W_prepack");
      return new TupleValue([weight, bias]);
    }),
  ),
  ...pairOf(
    (positive) => [
      positive ? "linear_relu_dynamic" : "linear_dynamic",
      ["(Tensor X, Any W_prepack, bool reduce_range=False) -> Tensor"],
      dynamicLayer(positive, false),
    ],
    "The input rounded to 256 steps between its least and greatest element.",
  ),
  ...pairOf(
    (positive) => [
      positive ? "linear_relu_dynamic_fp16" : "linear_dynamic_fp16",
      ["(Tensor X, Any W_prepack) -> Tensor"],
      dynamicLayer(positive, true),
    ],
    "With weights in float16.",
  ),
  ...pairOf(
    (positive) => [
      positive ? "linear_relu" : "linear",
      ["(Tensor X, Any W_prepack, float Y_scale_i, int Y_zero_point_i) -> Tensor"],
      staticLinear(positive),
    ],
    layerDoc,
  ),
  ...[1, 2, 3].flatMap((n) =>
    pairOf(
      (positive) => [
        `conv${n}d${positive ? "_relu" : ""}`,
        [`(Tensor qx, Any packed_weight, ${grid}) -> Tensor`, `.new(Tensor qx, Any packed_weight, ${grid}) -> Tensor`],
        staticConvolution(positive),
      ],
      layerDoc,
    ),
  ),
  ...Object.entries({ add: sum, mul: product }).flatMap(([name, of]) =>
    pairOf(
      (positive) => [
        `${name}${positive ? "_relu" : ""}`,
        ["(Tensor qa, Tensor qb, float scale, int zero_point) -> Tensor"],
        of(positive),
      ],
      "Rounded to the grid.",
    ),
  ),
  ...pairOf(
    (positive) => [
      `cat${positive ? "_relu" : ""}`,
      ["(Tensor[] qx, int dim, float? scale, int? zero_point) -> Tensor"],
      joined(positive),
    ],
    "Rounded to the grid, that of the first when none is given.",
  ),
];
