import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { clip } from "./activations.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** Every dimension as [blocks, elements of a block]. */
interface Blocks {
  readonly grouped: readonly number[];
  /** One number a block, ready to broadcast. */
  readonly single: readonly number[];
  readonly counts: readonly number[];
  readonly inner: readonly number[];
}

function blocksOf(call: Call, input: TensorValue): Blocks {
  const sizes = call.ints("block_size");
  const counts = input.shape.map((dim, i) => Math.floor(dim / Math.max(sizes[i], 1)));
  return {
    grouped: counts.flatMap((count, i) => [count, sizes[i]]),
    single: counts.flatMap((count) => [count, 1]),
    counts,
    inner: sizes.map((_, i) => 2 * i + 1),
  };
}

const limits: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

function limitsOf(call: Call, type: string): readonly [number, number] {
  const [low, high] = ["quant_min", "quant_max"].map((name) => call.optionalScalar(name));
  const own = limits[call.dtype(type) ?? "float32"];
  if (own === undefined && (low === null || high === null)) throw unsupported(`${call.name} of this type`);
  return [Number(low ?? own?.[0]), Number(high ?? own?.[1])];
}

/** The least and greatest element of each block, and 0. */
function chooseGrid(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const input = call.tensor("input");
  const [low, high] = limitsOf(call, "target_dtype");
  const { grouped, counts, inner } = blocksOf(call, input);
  const x = builder.reshape(input, grouped);
  const least = m.min(reduce(builder, "ReduceMin", x, inner, true), 0);
  const most = m.max(reduce(builder, "ReduceMax", x, inner, true), 0);
  const mapping = call.string("mapping_type");
  const symmetric = mapping !== "ASYMMETRIC";
  const raw = !symmetric
    ? m.div(m.sub(most, least), high - low)
    : mapping === "SYMMETRIC"
      ? m.div(m.max(m.neg(least), most), (high - low) / 2)
      : m.max(m.div(least, low), m.div(most, high));
  const scale = m.max(raw, call.optionalFloat("eps") ?? 2 ** -126);
  const zero = symmetric
    ? builder.full("float32", Math.trunc((high + low + 1) / 2), scale.shape)
    : clip(builder, m.sub(low, m.round(m.div(least, scale))), low, high);
  const shape = call.bool("keepdim") ? counts : counts.filter((_, i) => call.ints("block_size")[i] === 1);
  const result = (value: TensorValue, type: DType) => builder.cast(builder.reshape(value, shape), type);
  return new TupleValue([
    result(scale, call.dtype("scale_dtype") ?? input.dtype),
    result(zero, call.dtype("zero_point_dtype") ?? (symmetric ? input.dtype : "int32")),
  ]);
}

/** round(input × (1 / scale)) + zero within the limits. */
function quantize(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const input = call.tensor("input");
  const [low, high] = limitsOf(call, "output_dtype");
  const { grouped, single } = blocksOf(call, input);
  const own = (x: TensorValue) => builder.reshape(builder.cast(x, input.dtype), single);
  const steps = m.round(m.mul(builder.reshape(input, grouped), m.div(1, own(call.tensor("scale")))));
  const zero = call.optionalTensor("zero_point");
  const q = clip(builder, zero === null ? steps : m.add(steps, own(zero)), low, high);
  return builder.reshape(builder.cast(q, call.dtype("output_dtype") ?? "int8"), input.shape);
}

/** (input − zero) × scale. */
function dequantize(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const input = call.tensor("input");
  const dtype = call.dtype("output_dtype") ?? "float32";
  const { grouped, single } = blocksOf(call, input);
  const own = (x: TensorValue) => builder.reshape(builder.cast(x, dtype), single);
  const zero = call.optionalTensor("zero_point");
  const q = builder.reshape(builder.cast(input, dtype), grouped);
  const product = m.mul(zero === null ? q : m.sub(q, own(zero)), own(call.tensor("scale")));
  return builder.reshape(product, input.shape);
}

const bounds = "Scalar? quant_min=None, Scalar? quant_max=None";
const grid = "int[] block_size, Tensor scale, Tensor? zero_point";

/** torchao's operators: one scale and zero for each block of a tensor. */
export const blockQuantization: readonly Operator[] = [
  row(
    "torchao::choose_qparams_affine",
    [
      `(Tensor input, str mapping_type, int[] block_size, ScalarType target_dtype, ${bounds}, float? eps=None, ScalarType? scale_dtype=None, ScalarType? zero_point_dtype=None, bool keepdim=False) -> (Tensor, Tensor)`,
    ],
    "The grids that cover the elements of each block.",
    chooseGrid,
  ),
  row(
    "torchao::quantize_affine",
    [`(Tensor input, ${grid}, ScalarType output_dtype, ${bounds}) -> Tensor`],
    "Floats to a grid of integers for each block.",
    quantize,
  ),
  row(
    "torchao::dequantize_affine",
    [`(Tensor input, ${grid}, ScalarType input_dtype, ${bounds}, ScalarType output_dtype=6) -> Tensor`],
    "A grid of integers for each block to floats.",
    dequantize,
  ),
];
