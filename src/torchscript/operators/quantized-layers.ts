import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid } from "../lowering-error.ts";
import { gridOf, gridOfType, toGrid } from "../quantized-grid.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { convolve } from "./convolution.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { dynamically, pack, packedOf } from "./packed-weights.ts";
import { linear } from "./products.ts";
import { row } from "./row.ts";

function relu(builder: Builder, x: TensorValue, wanted: boolean): TensorValue {
  return wanted ? builder.emit("Relu", [x], {}, { dtype: x.dtype, shape: x.shape }) : x;
}

/** Rounded to the grid that the call names. */
function onto(call: Call, builder: Builder, x: TensorValue, scale: string, zero: string): TensorValue {
  return toGrid(builder, x, gridOfType(13, call.float(scale), call.int(zero)));
}

function dynamicLinear(positive: boolean, half: boolean): Operator["lower"] {
  return (call, builder) => {
    const { weight, bias } = packedOf(call, builder, "W_prepack");
    const x = half ? call.tensor("X") : dynamically(builder, call.tensor("X"), call.bool("reduce_range"));
    return relu(builder, linear(builder, x, weight, bias), positive);
  };
}

function staticLinear(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const { weight, bias } = packedOf(call, builder, "W_prepack");
    const result = relu(builder, linear(builder, call.tensor("X"), weight, bias), positive);
    return onto(call, builder, result, "Y_scale_i", "Y_zero_point_i");
  };
}

function staticConvolution(positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const packed = packedOf(call, builder, "packed_weight");
    const input = call.tensor("qx");
    const spatial = input.rank - 2;
    // One-dimensional layers are packed as two-dimensional ones of height 1.
    const flat = packed.weight.rank === input.rank + 1;
    const weight = flat ? builder.reshape(packed.weight, packed.weight.shape.toSpliced(2, 1)) : packed.weight;
    const own = (list: readonly number[]) => list.slice(-spatial);
    const result = convolve(builder, input, weight, packed.bias, {
      stride: own(packed.stride),
      padding: own(packed.padding),
      dilation: own(packed.dilation),
      groups: packed.groups,
      transposed: packed.transposed,
      outputPadding: packed.transposed ? own(packed.outputPadding) : own(packed.stride).map(() => 0),
    });
    return onto(call, builder, relu(builder, result, positive), "output_scale", "output_zero_point");
  };
}

function combined(op: "add" | "mul" | "cat", positive: boolean): Operator["lower"] {
  return (call, builder) => {
    const m = new Maths(builder);
    if (op === "cat") {
      const [first, ...others] = call.tensors("qx");
      const grid = gridOf(first);
      const axis = call.int("dim") < 0 ? call.int("dim") + first.rank : call.int("dim");
      const joined = relu(builder, builder.concat([first, ...others], axis), positive);
      const [scale, zero] = [call.optionalFloat("scale") ?? grid?.scale, call.optionalInt("zero_point") ?? grid?.zero];
      if (scale === undefined || zero === undefined) throw invalid("quantized::cat without a scale");
      return toGrid(builder, joined, gridOfType(13, scale, zero));
    }
    const result = m[op](call.tensor("qa"), call.tensor("qb"));
    return onto(call, builder, relu(builder, result, positive), "scale", "zero_point");
  };
}

const grid = "float output_scale, int output_zero_point";
const layerDoc = "Weights as floats of their integers; results rounded to the grid.";
const weights = "Weights and bias of a layer, kept as floats of their integers.";

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
      dynamicLinear(positive, false),
    ],
    "The input rounded to 256 steps between its least and greatest element; weights as floats of their integers.",
  ),
  ...pairOf(
    (positive) => [
      positive ? "linear_relu_dynamic_fp16" : "linear_dynamic_fp16",
      ["(Tensor X, Any W_prepack) -> Tensor"],
      dynamicLinear(positive, true),
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
  ...(["add", "mul"] as const).flatMap((op) =>
    pairOf(
      (positive) => [
        `${op}${positive ? "_relu" : ""}`,
        ["(Tensor qa, Tensor qb, float scale, int zero_point) -> Tensor"],
        combined(op, positive),
      ],
      "Rounded to the grid.",
    ),
  ),
  ...pairOf(
    (positive) => [
      `cat${positive ? "_relu" : ""}`,
      ["(Tensor[] qx, int dim, float? scale, int? zero_point) -> Tensor"],
      combined("cat", positive),
    ],
    "Rounded to the grid, that of the first when none is given.",
  ),
];
