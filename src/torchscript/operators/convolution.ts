import type { Attributes } from "../attributes.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { complexOf, partsOf } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

interface Convolution {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly transposed: boolean;
  readonly outputPadding: readonly number[];
}

/** A list of one number counts for every spatial dimension. */
export function spread(list: readonly number[], rank: number): number[] {
  return list.length === 1 && rank > 1 ? Array.from<number>({ length: rank }).fill(list[0]) : [...list];
}

function geometry(call: Call, spatial: number, transposed: boolean): Convolution {
  return {
    stride: spread(call.ints("stride"), spatial),
    padding: spread(call.ints("padding"), spatial),
    dilation: spread(call.ints("dilation"), spatial),
    groups: call.int("groups"),
    transposed,
    outputPadding: spread(call.optionalInts("output_padding") ?? [0], spatial),
  };
}

/** Adds the batch dimension that an unbatched input lacks, and takes it away from the result. */
export function batched(
  builder: Builder,
  input: TensorValue,
  spatial: number,
  run: (input: TensorValue) => TensorValue,
): TensorValue {
  if (input.rank !== spatial + 1) return run(input);
  const result = run(builder.unsqueeze(input, [0]));
  return builder.reshape(result, result.shape.slice(1));
}

export function convolve(
  builder: Builder,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | null,
  convolution: Convolution,
): TensorValue {
  if (isComplex(input.dtype) || isComplex(weight.dtype))
    return convolvePairs(builder, input, weight, bias, convolution);
  const { stride, padding, dilation, groups, transposed, outputPadding } = convolution;
  const kernel = weight.shape.slice(2);
  if (input.rank !== weight.rank)
    throw raised(`a convolution of ${input.rank} dimensions with a kernel of ${weight.rank}`);
  const size = kernel.map((k, i) => {
    const reach = dilation[i] * (k - 1) + 1;
    const dim = input.shape[i + 2];
    if (transposed) return (dim - 1) * stride[i] - 2 * padding[i] + reach + outputPadding[i];
    return Math.floor((dim + 2 * padding[i] - reach) / stride[i]) + 1;
  });
  const channels = transposed ? weight.shape[1] * groups : weight.shape[0];
  const attributes: Attributes = {
    kernel_shape: kernel,
    strides: stride,
    dilations: dilation,
    group: groups,
    // ONNX counts output_padding as part of the result, as PyTorch does.
    output_padding: transposed && outputPadding.some((pad) => pad > 0) ? outputPadding : undefined,
    pads: [...padding, ...padding],
  };
  const shape = [input.shape[0], channels, ...size];
  if (shape.some((dim) => dim < 0)) throw raised(`a kernel [${kernel.join(", ")}] larger than its input`);
  const op = transposed ? "ConvTranspose" : "Conv";
  return builder.emit(op, [input, weight, bias], attributes, { dtype: input.dtype, shape });
}

function convolvePairs(
  builder: Builder,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | null,
  convolution: Convolution,
): TensorValue {
  const m = new Maths(builder);
  const [x, w] = [partsOf(builder, input), partsOf(builder, weight)];
  const of = (a: TensorValue, b: TensorValue) => convolve(builder, a, b, null, convolution);
  const result = complexOf(m, {
    re: m.sub(of(x.re, w.re), of(x.im, w.im)),
    im: m.add(of(x.re, w.im), of(x.im, w.re)),
  });
  if (bias === null) return result;
  return m.add(result, builder.reshape(bias, [1, bias.count, ...result.shape.slice(2).map(() => 1)]));
}

function direct(call: Call, builder: Builder, transposed: boolean): TensorValue {
  const [input, weight] = [call.tensor("input"), call.tensor("weight")];
  const spatial = weight.rank - 2;
  const convolution = geometry(call, spatial, transposed);
  const bias = call.optionalTensor("bias");
  return batched(builder, input, spatial, (x) => convolve(builder, x, weight, bias, convolution));
}

/** `same` pads so that the size stays (the odd one at the end), `valid` not at all. */
function byName(call: Call, builder: Builder): TensorValue {
  const [input, weight] = [call.tensor("input"), call.tensor("weight")];
  const spatial = weight.rank - 2;
  const mode = call.string("padding");
  if (mode !== "same" && mode !== "valid") throw unsupported(`${call.name} with padding "${mode}"`);
  const dilation = spread(call.ints("dilation"), spatial);
  const total = weight.shape.slice(2).map((k, i) => (mode === "same" ? dilation[i] * (k - 1) : 0));
  const low = total.map((pad) => Math.floor(pad / 2));
  const convolution: Convolution = {
    stride: spread(call.ints("stride"), spatial),
    padding: low,
    dilation,
    groups: call.int("groups"),
    transposed: false,
    outputPadding: [],
  };
  const bias = call.optionalTensor("bias");
  const extra = total.map((pad, i) => pad - 2 * low[i]);
  return batched(builder, input, spatial, (x) => {
    const padded = extra.some((pad) => pad > 0) ? padEnd(builder, x, extra) : x;
    return convolve(builder, padded, weight, bias, convolution);
  });
}

function padEnd(builder: Builder, x: TensorValue, extra: readonly number[]): TensorValue {
  const pads = [...x.shape.map(() => 0), 0, 0, ...extra];
  const shape = x.shape.map((dim, i) => dim + (i < 2 ? 0 : extra[i - 2]));
  return builder.emit("Pad", [x, builder.ints(pads)], {}, { dtype: x.dtype, shape });
}

function direction(call: Call, builder: Builder): TensorValue {
  return direct(call, builder, call.bool("transposed"));
}

/** One-dimensional convolution over time, of [time, batch, channels]. */
function overTime(call: Call, builder: Builder): TensorValue {
  const input = builder.transpose(call.tensor("self"), [1, 2, 0]);
  const weight = builder.transpose(call.tensor("weight"), [2, 1, 0]);
  const pad = call.int("pad");
  const convolution = { stride: [1], padding: [pad], dilation: [1], groups: 1, transposed: false, outputPadding: [0] };
  return builder.transpose(convolve(builder, input, weight, call.tensor("bias"), convolution), [2, 0, 1]);
}

function bilinear(call: Call, builder: Builder): TensorValue {
  const [a, b, weight] = [call.tensor("input1"), call.tensor("input2"), call.tensor("weight")];
  const m = new Maths(builder);
  const shape = [...a.shape.slice(0, -1), weight.shape[0]];
  const equation = { equation: "...i,kij,...j->...k" };
  const product = builder.emit("Einsum", [a, weight, b], equation, { dtype: a.dtype, shape });
  const bias = call.optionalTensor("bias");
  return bias === null ? product : m.add(product, bias);
}

const schemasOf: Readonly<Record<string, readonly string[]>> = {
  conv1d: [
    "aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] dilation=[1], SymInt groups=1) -> Tensor",
    'aten::conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], str padding="valid", SymInt[1] dilation=[1], SymInt groups=1) -> Tensor',
  ],
  conv2d: [
    "aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor",
    'aten::conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], str padding="valid", SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor',
  ],
  conv3d: [
    "aten::conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
    'aten::conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], str padding="valid", SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor',
  ],
};

const transposedSchemas: Readonly<Record<string, readonly string[]>> = {
  conv_transpose1d: [
    "aten::conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] output_padding=[0], SymInt groups=1, SymInt[1] dilation=[1]) -> Tensor",
  ],
  conv_transpose2d: [
    "aten::conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt groups=1, SymInt[2] dilation=[1, 1]) -> Tensor",
  ],
  conv_transpose3d: [
    "aten::conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor",
  ],
};

/** Forms that some programs have instead of conv2d; the kernel's size is that of the weight. */
function plain(call: Call, builder: Builder): TensorValue {
  const convolution: Convolution = {
    stride: spread(call.ints("stride"), 2),
    padding: spread(call.ints("padding"), 2),
    dilation: spread(call.optionalInts("dilation") ?? [1], 2),
    groups: call.has("dilation") ? call.tensor("self").shape[1] : 1,
    transposed: false,
    outputPadding: [],
  };
  const bias = call.optionalTensor("bias");
  return convolve(builder, call.tensor("self"), call.tensor("weight"), bias, convolution);
}

/** Convolutions. */
export const convolutions: readonly Operator[] = [
  ...Object.keys(schemasOf).map((name) => ({
    name: `aten::${name}`,
    schemas: schemasOf[name],
    doc: "Cross-correlation with zero padding, also of unbatched inputs; padding same and valid.",
    lower: (call: Call, builder: Builder) =>
      call.overload === "padding" ? byName(call, builder) : direct(call, builder, false),
  })),
  ...Object.keys(transposedSchemas).map((name) => ({
    name: `aten::${name}`,
    schemas: transposedSchemas[name],
    doc: "Transposed convolution.",
    lower: (call: Call, builder: Builder) => direct(call, builder, true),
  })),
  {
    name: "aten::convolution",
    schemas: [
      "aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor",
    ],
    doc: "Any convolution, transposed or not.",
    lower: direction,
  },
  {
    name: "aten::_convolution",
    schemas: [
      "aten::_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32) -> Tensor",
      "aten::_convolution.deprecated(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, int[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled) -> Tensor",
    ],
    doc: "Any convolution, as traced models have it.",
    lower: direction,
  },
  {
    name: "aten::thnn_conv2d",
    schemas: [
      "aten::thnn_conv2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0]) -> Tensor",
    ],
    doc: "conv2d.",
    lower: plain,
  },
  {
    name: "aten::_slow_conv2d_forward",
    schemas: [
      "aten::_slow_conv2d_forward(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias, SymInt[2] stride, SymInt[2] padding) -> Tensor",
    ],
    doc: "conv2d.",
    lower: plain,
  },
  {
    name: "aten::_conv_depthwise2d",
    schemas: [
      "aten::_conv_depthwise2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias, SymInt[2] stride, SymInt[2] padding, SymInt[2] dilation) -> Tensor",
    ],
    doc: "Depthwise conv2d.",
    lower: plain,
  },
  {
    name: "aten::_convolution_mode",
    schemas: [
      "aten::_convolution_mode(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, str padding, SymInt[] dilation, SymInt groups) -> Tensor",
    ],
    doc: "Convolution with padding same or valid.",
    lower: byName,
  },
  {
    name: "aten::conv_tbc",
    schemas: ["aten::conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0) -> Tensor"],
    doc: "Convolution over the first dimension.",
    lower: overTime,
  },
  {
    name: "aten::bilinear",
    schemas: ["aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor"],
    doc: "input1 × weight × input2 + bias.",
    lower: bilinear,
  },
];
