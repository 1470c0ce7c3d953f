import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, ObjectValue, TupleValue, type Value } from "../value.ts";
import { clip } from "./activations.ts";
import { anyGridOf } from "../quantized-grid.ts";
import { Maths } from "./maths.ts";
import { linear } from "./products.ts";
import { axesOf, reduce } from "./reduce.ts";
import { weightScaleOf } from "./requantization.ts";

/** Weights of a quantised layer as steps of their grid, and how a convolution applies them. */
export interface Packed {
  readonly weight: TensorValue;
  readonly bias: TensorValue | null;
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly transposed: boolean;
  readonly outputPadding: readonly number[];
}

const typeOfPacked = "__torch__.torch.classes.quantized.PackedParams";

export function pack(items: readonly Value[]): ObjectValue {
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
export function packedOf(call: Call, builder: Builder, name: string): Packed {
  return packedIn(call.value(name), builder, call.name);
}

/** The weights that an object of PyTorch's own classes packs. */
export function packedIn(object: Value, builder: Builder, where: string): Packed {
  const state = object instanceof ObjectValue ? itemsOf(object.content.get("state")) : [];
  const plain = { transposed: false, outputPadding: [] };
  const none = { ...plain, stride: [], padding: [], dilation: [], groups: 1 };
  const [first, second = null, stride, padding, dilation, groups, outputPadding] = state;
  if (typeof first === "bigint") return tableOf(itemsOf(second), where);
  if (typeof first === "string") return convolutionOf(builder, itemsOf(second), itemsOf(stride));
  if (!(first instanceof TensorValue)) throw invalid(`${where}: packed weights that are none`);
  const bias = second instanceof TensorValue ? second : null;
  if (stride === undefined) return { weight: first, bias, ...none };
  return {
    weight: first,
    bias,
    stride: ints(stride),
    padding: ints(padding),
    dilation: ints(dilation),
    groups: Number(groups ?? 1n),
    transposed: outputPadding !== undefined,
    outputPadding: ints(outputPadding),
  };
}

/** `(version, [table], [], [])` of embeddings. */
function tableOf([weight = null]: readonly Value[], where: string): Packed {
  if (!(weight instanceof TensorValue)) throw invalid(`${where}: packed weights that are none`);
  const none = { stride: [], padding: [], dilation: [], groups: 1, transposed: false, outputPadding: [] };
  return { weight, bias: null, ...none };
}

/** `cpp_custom_type_hack`'s successor: [dims, stride…, padding…, dilation…, output padding…, groups, flags]. */
function convolutionOf(builder: Builder, tensors: readonly Value[], optional: readonly Value[]): Packed {
  const [config, weight] = tensors;
  const known = config instanceof TensorValue ? builder.known(config)?.map(Number) : undefined;
  if (known === undefined || !(weight instanceof TensorValue)) throw invalid("packed weights of a convolution");
  const n = known[0] ?? 0;
  const part = (i: number) => known.slice(1 + i * n, 1 + (i + 1) * n);
  const bias = optional.find((item) => item instanceof TensorValue) ?? null;
  const common = { stride: part(0), padding: part(1), dilation: part(2), outputPadding: part(3) };
  return { weight, bias, ...common, groups: known[1 + 4 * n] ?? 1, transposed: (known[2 + 4 * n] ?? 0) !== 0 };
}

/**
 * A linear layer whose input is rounded to 256 (or 128) steps between its least and greatest element and 0, as FBGEMM
 * does. Weights that are not quantised (float16) take the input as it is.
 */
export function dynamicLinear(
  builder: Builder,
  x: TensorValue,
  { weight, bias }: Packed,
  reduced: boolean,
): TensorValue {
  if (anyGridOf(weight) === null) return linear(builder, x, weight, bias);
  const m = new Maths(builder);
  const { steps, scale } = dynamically(builder, x, reduced);
  // Rounding changes no sum; it keeps ONNX Runtime from multiplying the scales into the weights.
  const sums = m.round(linear(builder, steps, weight, null));
  const product = m.mul(sums, m.mul(scale, weightScaleOf(builder, weight, sums.rank, sums.rank - 1)));
  return bias === null ? product : m.add(product, bias);
}

/** Scale and zero in double precision, as PyTorch chooses them. */
export function dynamically(
  builder: Builder,
  x: TensorValue,
  reduced: boolean,
): { steps: TensorValue; scale: TensorValue } {
  const m = new Maths(builder);
  const all = axesOf(null, x.rank);
  const most = reduced ? 127 : 255;
  const bound = (op: "ReduceMin" | "ReduceMax") => builder.cast(reduce(builder, op, x, all, false), "float64");
  const [low, high] = [m.min(bound("ReduceMin"), 0), m.max(bound("ReduceMax"), 0)];
  const raw = m.div(m.sub(high, low), most);
  const exact = m.where(m.equal(raw, 0), builder.full("float64", 0.1), raw);
  const zero = builder.cast(clip(builder, m.round(m.neg(m.div(low, exact))), 0, most), "float32");
  const scale = builder.cast(m.max(exact, leastScale), "float32");
  const steps = m.round(m.mul(x, m.unary("Reciprocal", scale)));
  return { steps: m.max(m.min(steps, m.sub(255, zero)), m.neg(zero)), scale };
}

/** Steps that float16 could not hold as a normal number are made wider. */
const leastScale = 6.1e-5;
