import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { gridOf, gridOfType, toGrid } from "../quantized-grid.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, ObjectValue, TupleValue, type Value } from "../value.ts";
import { convolve } from "./convolution.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { clip } from "./activations.ts";
import { linear } from "./products.ts";
import { axesOf, reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** Weights of a quantised layer as floats, and how a convolution applies them. */
interface Packed {
  readonly weight: TensorValue;
  readonly bias: TensorValue | null;
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

const typeOfPacked = "__torch__.torch.classes.quantized.PackedParams";

function pack(items: readonly Value[]): ObjectValue {
  return new ObjectValue(typeOfPacked, new Map([["state", new TupleValue(items)]]));
}

function ints(value: Value | undefined): number[] {
  return value instanceof ListValue ? value.content.map(Number) : [];
}

function itemsOf(value: Value | undefined): readonly Value[] {
  if (value instanceof ListValue) return value.content;
  return value instanceof TupleValue ? value.items : [];
}

/** `(weight, bias, …)` as we pack it and linear layers save it, or `("2", [config, weight], [bias])` of convolutions. */
function packedOf(call: Call, builder: Builder, name: string): Packed {
  const object = call.value(name);
  const state = object instanceof ObjectValue ? itemsOf(object.content.get("state")) : [];
  const none = { stride: [], padding: [], dilation: [], groups: 1 };
  const [first, second = null, stride, padding, dilation, groups] = state;
  if (typeof first === "string") return convolutionOf(builder, itemsOf(second), itemsOf(stride));
  if (!(first instanceof TensorValue)) throw invalid(`${call.name}: packed weights that are none`);
  const bias = second instanceof TensorValue ? second : null;
  if (stride === undefined) return { weight: first, bias, ...none };
  return {
    weight: first,
    bias,
    stride: ints(stride),
    padding: ints(padding),
    dilation: ints(dilation),
    groups: Number(groups ?? 1n),
  };
}

/** `cpp_custom_type_hack`'s successor: [dims, stride…, padding…, dilation…, output padding…, groups, flags]. */
function convolutionOf(builder: Builder, tensors: readonly Value[], optional: readonly Value[]): Packed {
  const [config, weight] = tensors;
  const known = config instanceof TensorValue ? builder.known(config)?.map(Number) : undefined;
  if (known === undefined || !(weight instanceof TensorValue)) throw invalid("packed weights of a convolution");
  const n = known[0] ?? 0;
  const part = (i: number) => known.slice(1 + i * n, 1 + (i + 1) * n);
  if ((known[2 + 4 * n] ?? 0) !== 0) throw unsupported("a quantised transposed convolution");
  const bias = optional.find((item) => item instanceof TensorValue) ?? null;
  return { weight, bias, stride: part(0), padding: part(1), dilation: part(2), groups: known[1 + 4 * n] ?? 1 };
}

function relu(builder: Builder, x: TensorValue, wanted: boolean): TensorValue {
  return wanted ? builder.emit("Relu", [x], {}, { dtype: x.dtype, shape: x.shape }) : x;
}

/** Rounded to the grid that the call names. */
function onto(call: Call, builder: Builder, x: TensorValue, scale: string, zero: string): TensorValue {
  return toGrid(builder, x, gridOfType(13, call.float(scale), call.int(zero)));
}

/** Rounded to 256 (or 128) steps between the least and the greatest element and 0. */
function dynamically(builder: Builder, x: TensorValue, reduced: boolean): TensorValue {
  const m = new Maths(builder);
  const all = axesOf(null, x.rank);
  const least = m.min(reduce(builder, "ReduceMin", x, all, false), 0);
  const most = m.max(reduce(builder, "ReduceMax", x, all, false), 0);
  const raw = m.div(m.sub(most, least), reduced ? 127 : 255);
  const scale = m.where(m.equal(raw, 0), builder.full("float32", 0.1), raw);
  const zero = clip(builder, m.round(m.neg(m.div(least, scale))), 0, 255);
  const q = clip(builder, m.round(m.add(m.mul(x, m.unary("Reciprocal", scale)), zero)), 0, 255);
  return m.mul(m.sub(q, zero), scale);
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
      transposed: false,
      outputPadding: own(packed.stride).map(() => 0),
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
