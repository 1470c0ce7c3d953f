import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { broadcastShapes } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { range } from "./ranges.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { reduce } from "./reduce.ts";
import { softmax } from "./softmax.ts";

interface Options {
  /** Added, or as bools: where attention is allowed. */
  readonly mask: TensorValue | null;
  readonly causal: boolean;
  readonly scale: number | null;
}

function swapLast(builder: Builder, x: TensorValue): TensorValue {
  const axes = x.shape.map((_, axis) => axis);
  return builder.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Query i may look at keys up to i. */
function causalMask(m: Maths, queries: number, keys: number): TensorValue {
  const rows = m.builder.reshape(range(m.builder, 0, 1, queries, "int64"), [queries, 1]);
  return m.lessEqual(range(m.builder, 0, 1, keys, "int64"), rows);
}

/** Weights softmax(q·kᵀ × scale + mask) and their product with v. Rows without any allowed key give 0. */
export function attend(
  builder: Builder,
  q: TensorValue,
  k: TensorValue,
  v: TensorValue,
  options: Options,
): { output: TensorValue; weights: TensorValue } {
  const m = new Maths(builder);
  const width = q.shape[q.rank - 1];
  const scale = options.scale ?? 1 / Math.sqrt(width);
  // Half of the scale on each side, as PyTorch does, keeps halves within their range.
  const root = Math.sqrt(Math.abs(scale));
  const left = m.mul(q, scale < 0 ? -root : root);
  let scores = matmul(builder, left, swapLast(builder, m.mul(k, root)));
  let blocked = false;
  const allow = (allowed: TensorValue) => {
    scores = m.where(allowed, scores, -Infinity);
    blocked = true;
  };
  if (options.causal) allow(causalMask(m, q.shape[q.rank - 2], k.shape[k.rank - 2]));
  if (options.mask !== null) {
    if (options.mask.dtype === "bool") allow(options.mask);
    else {
      scores = builder.cast(m.add(scores, options.mask), q.dtype);
    }
  }
  let weights = softmax(builder, scores, -1);
  if (blocked && options.mask !== null) {
    const most = reduce(builder, "ReduceMax", scores, [scores.rank - 1], true);
    weights = m.where(m.equal(most, -Infinity), 0, weights);
  }
  return { output: matmul(builder, weights, v), weights };
}

/** Grouped queries: each head of keys serves several heads of queries. */
function repeatHeads(builder: Builder, x: TensorValue, heads: number): TensorValue {
  const axis = x.rank - 3;
  const own = x.shape[axis];
  if (own === heads) return x;
  const wide = builder.unsqueeze(x, [axis + 1]);
  return builder.reshape(builder.expand(wide, wide.shape.with(axis + 1, heads / own)), x.shape.with(axis, heads));
}

function scaledDotProduct(call: Call, builder: Builder): { output: TensorValue; weights: TensorValue } {
  const q = call.tensor("query");
  if ((call.optionalFloat("dropout_p") ?? 0) > 0)
    throw unsupported(`${call.name} with dropout: the model was saved without eval()`);
  let [k, v] = [call.tensor("key"), call.tensor("value")];
  if (call.bool("enable_gqa") && q.rank > 2) {
    const heads = q.shape[q.rank - 3];
    [k, v] = [repeatHeads(builder, k, heads), repeatHeads(builder, v, heads)];
  }
  const mask = call.optionalTensor(call.has("attn_bias") ? "attn_bias" : "attn_mask");
  return attend(builder, q, k, v, { mask, causal: call.bool("is_causal"), scale: call.optionalFloat("scale") });
}

/** [batch, length, heads × width] as [batch, heads, length, width]. */
function splitHeads(builder: Builder, x: TensorValue, heads: number): TensorValue {
  const [batch, length, width] = x.shape;
  return builder.transpose(builder.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

export interface Heads {
  readonly heads: number;
  readonly projection: TensorValue;
  readonly projectionBias: TensorValue;
  readonly out: TensorValue;
  readonly outBias: TensorValue;
  /** True where attention is not allowed. */
  readonly mask: TensorValue | null;
  /** 0: [query, key]; 1: [batch, key]; 2: both combined, [batch, heads, query, key]. */
  readonly maskType: number | null;
}

function allowedBy(m: Maths, mask: TensorValue, type: number | null): TensorValue {
  const { builder } = m;
  const additive = mask.dtype !== "bool";
  const wide = type === 1 ? builder.reshape(mask, [mask.shape[0], 1, 1, mask.shape[1]]) : mask;
  return additive ? wide : m.not(wide);
}

/** Projection, attention and output projection of `nn.MultiheadAttention` with batch_first. */
export function multiHead(
  builder: Builder,
  q: TensorValue,
  k: TensorValue,
  v: TensorValue,
  how: Heads,
): { output: TensorValue; weights: TensorValue } {
  const m = new Maths(builder);
  const width = how.out.shape[0];
  const part = (i: number, x: TensorValue) => {
    const rows = (w: TensorValue) => {
      const inputs = [w, builder.ints([i * width]), builder.ints([(i + 1) * width]), builder.ints([0])];
      return builder.emit("Slice", inputs, {}, { dtype: w.dtype, shape: w.shape.with(0, width) });
    };
    const product = matmul(builder, x, builder.transpose(rows(how.projection), [1, 0]));
    return splitHeads(builder, m.add(product, rows(how.projectionBias)), how.heads);
  };
  const mask = how.mask === null ? null : allowedBy(m, how.mask, how.maskType);
  const { output, weights } = attend(builder, part(0, q), part(1, k), part(2, v), { mask, causal: false, scale: null });
  const [batch, heads, length, size] = output.shape;
  const joined = builder.reshape(builder.transpose(output, [0, 2, 1, 3]), [batch, length, heads * size]);
  return { output: m.add(matmul(builder, joined, builder.transpose(how.out, [1, 0])), how.outBias), weights };
}

function nativeMultiHead(call: Call, builder: Builder): TupleValue {
  const { output, weights } = multiHead(builder, call.tensor("query"), call.tensor("key"), call.tensor("value"), {
    heads: call.int("num_head"),
    projection: call.tensor("qkv_weight"),
    projectionBias: call.tensor("qkv_bias"),
    out: call.tensor("proj_weight"),
    outBias: call.tensor("proj_bias"),
    mask: call.optionalTensor("mask"),
    maskType: call.optionalInt("mask_type"),
  });
  if (!call.bool("need_weights")) return new TupleValue([output, builder.constant("float32", [0], [])]);
  return new TupleValue([
    output,
    call.bool("average_attn_weights") ? reduce(builder, "ReduceMean", weights, [1], false) : weights,
  ]);
}

const fused: Readonly<Record<string, readonly string[]>> = {
  _scaled_dot_product_flash_attention_for_cpu: [
    "aten::_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0., bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)",
  ],
  _scaled_dot_product_attention_math: [
    "aten::_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)",
  ],
  _scaled_dot_product_efficient_attention: [
    "aten::_scaled_dot_product_efficient_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_bias, bool compute_log_sumexp, float dropout_p=0., bool is_causal=False, *, float? scale=None) -> (Tensor output, Tensor log_sumexp, Tensor philox_seed, Tensor philox_offset)",
  ],
  _scaled_dot_product_flash_attention: [
    "aten::_scaled_dot_product_flash_attention(Tensor query, Tensor key, Tensor value, float dropout_p=0., bool is_causal=False, bool return_debug_mask=False, *, float? scale=None) -> (Tensor output, Tensor logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, SymInt max_q, SymInt max_k, Tensor rng_state, Tensor unused, Tensor debug_attn_mask)",
  ],
};

/** The log of the sums of exponentials, which the fused forms return besides, is of use in training only. */
function withRest(call: Call, builder: Builder): TupleValue {
  const { output, weights } = scaledDotProduct(call, builder);
  const rest = call.name.endsWith("math")
    ? weights
    : builder.full("float32", 0, broadcastShapes(output.shape.slice(0, -1)));
  const empty = builder.constant("int64", [0], []);
  return new TupleValue([output, rest, ...Array.from<TensorValue>({ length: 7 }).fill(empty)]);
}

/** Attention. */
export const attention: readonly Operator[] = [
  {
    name: "aten::scaled_dot_product_attention",
    schemas: [
      "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
    ],
    doc: "Masks of bools and floats, is_causal, scale, enable_gqa.",
    lower: (call, builder) => scaledDotProduct(call, builder).output,
  },
  ...Object.entries(fused).map(([name, schemas]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "scaled_dot_product_attention; results for training are empty.",
    lower: withRest,
  })),
  {
    name: "aten::_native_multi_head_attention",
    schemas: [
      "aten::_native_multi_head_attention(Tensor query, Tensor key, Tensor value, int embed_dim, int num_head, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, Tensor? mask=None, bool need_weights=True, bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)",
    ],
    doc: "nn.MultiheadAttention's fast path.",
    lower: nativeMultiHead,
  },
];
