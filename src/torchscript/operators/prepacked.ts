import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, ObjectValue, TupleValue, type Value } from "../value.ts";
import { clip } from "./activations.ts";
import { convolve, spread } from "./convolution.ts";
import type { Operator } from "./operator.ts";
import { linear } from "./products.ts";
import { row } from "./row.ts";

/** The fields that PyTorch saves of XNNPACK's contexts, which optimize_for_mobile leaves in the place of layers. */
const layouts = {
  Conv2dOpContext: ["weight", "bias", "stride", "padding", "dilation", "groups", "least", "most"],
  TransposeConv2dOpContext: [
    "weight",
    "bias",
    "stride",
    "padding",
    "output_padding",
    "dilation",
    "groups",
    "least",
    "most",
  ],
  LinearOpContext: ["weight", "bias", "least", "most"],
} as const;

type Layout = keyof typeof layouts;

const typePath = "__torch__.torch.classes.xnnpack.";

interface Context {
  tensor(field: string): TensorValue | null;
  ints(field: string): number[];
  /** Null for no limit. */
  limit(field: string): number | null;
  readonly weight: TensorValue;
}

function contextOf(call: Call, layout: Layout): Context {
  const object = call.value("W_prepack");
  const state = object instanceof ObjectValue ? object.content.get("state") : null;
  const items = state instanceof TupleValue && state.items.length === layouts[layout].length ? state.items : [];
  const field = (name: string): Value => items[layouts[layout].findIndex((one) => one === name)] ?? null;
  const tensor = (name: string) => {
    const value = field(name);
    return value instanceof TensorValue ? value : null;
  };
  const weight = tensor("weight");
  if (weight === null) throw invalid(`${call.name}: packed weights that are none`);
  return {
    weight,
    tensor,
    ints: (name) => {
      const value = field(name);
      return value instanceof ListValue ? value.content.map(Number) : [Number(value)];
    },
    limit: (name) => (field(name) === null ? null : Number(field(name))),
  };
}

function clamped(builder: Builder, context: Context, result: TensorValue): TensorValue {
  return clip(builder, result, context.limit("least"), context.limit("most"));
}

function convolution(layout: Exclude<Layout, "LinearOpContext">): Operator["lower"] {
  return (call, builder) => {
    const context = contextOf(call, layout);
    const transposed = layout === "TransposeConv2dOpContext";
    const result = convolve(builder, call.tensor("X"), context.weight, context.tensor("bias"), {
      stride: spread(context.ints("stride"), 2),
      padding: spread(context.ints("padding"), 2),
      dilation: spread(context.ints("dilation"), 2),
      groups: context.ints("groups")[0],
      transposed,
      outputPadding: transposed ? spread(context.ints("output_padding"), 2) : [0, 0],
    });
    return clamped(builder, context, result);
  };
}

function packing(layout: Layout, argumentsOf: readonly string[]): Operator["lower"] {
  return (call) => {
    const state = new TupleValue(argumentsOf.map((name) => call.value(name)));
    return new ObjectValue(typePath + layout, new Map([["state", state]]));
  };
}

const limits = "Scalar? output_min=None, Scalar? output_max=None";
const ends = ["output_min", "output_max"];
const doc = "Weights and limits as an object.";

/** Layers with their weights packed for XNNPACK. */
export const prepacked: readonly Operator[] = [
  row(
    "prepacked::conv2d_clamp_run",
    ["(Tensor X, Any W_prepack) -> Tensor"],
    "Conv2d within limits.",
    convolution("Conv2dOpContext"),
  ),
  row(
    "prepacked::conv2d_transpose_clamp_run",
    ["(Tensor X, Any W_prepack) -> Tensor"],
    "ConvTranspose2d within limits.",
    convolution("TransposeConv2dOpContext"),
  ),
  row(
    "prepacked::linear_clamp_run",
    ["(Tensor X, Any W_prepack) -> Tensor"],
    "Linear within limits.",
    (call, builder) => {
      const context = contextOf(call, "LinearOpContext");
      return clamped(builder, context, linear(builder, call.tensor("X"), context.weight, context.tensor("bias")));
    },
  ),
  row(
    "prepacked::conv2d_clamp_prepack",
    [`(Tensor W, Tensor? B, int[2] stride, int[2] padding, int[2] dilation, int groups, ${limits}) -> Any`],
    doc,
    packing("Conv2dOpContext", ["W", "B", "stride", "padding", "dilation", "groups", ...ends]),
  ),
  row(
    "prepacked::conv2d_transpose_clamp_prepack",
    [
      `(Tensor W, Tensor? B, int[2] stride, int[2] padding, int[2] output_padding, int[2] dilation, int groups, ${limits}) -> Any`,
    ],
    doc,
    packing("TransposeConv2dOpContext", [
      "W",
      "B",
      "stride",
      "padding",
      "output_padding",
      "dilation",
      "groups",
      ...ends,
    ]),
  ),
  row(
    "prepacked::linear_clamp_prepack",
    [`(Tensor W, Tensor? B=None, ${limits}) -> Any`],
    doc,
    packing("LinearOpContext", ["W", "B", ...ends]),
  ),
];
