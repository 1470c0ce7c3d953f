import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { multiHead } from "./attention.ts";
import { Maths } from "./maths.ts";
import { maskOf, nested } from "./nested-tensors.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";

function norm(builder: Builder, x: TensorValue, weight: TensorValue, bias: TensorValue, eps: number): TensorValue {
  const attributes = { axis: x.rank - 1, epsilon: { float: eps } };
  return builder.emit("LayerNormalization", [x, weight, bias], attributes, { dtype: x.dtype, shape: x.shape });
}

function dense(m: Maths, x: TensorValue, weight: TensorValue, bias: TensorValue): TensorValue {
  return m.add(matmul(m.builder, x, m.builder.transpose(weight, [1, 0])), bias);
}

/** Self-attention and feed-forward with residuals; the norms before (norm_first) or after them. */
function encoderLayer(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const src = call.tensor("src");
  const real = maskOf(builder, src);
  const given = call.optionalTensor("mask");
  const result = encode(
    call,
    builder,
    src,
    given ?? (real === null ? null : m.not(real)),
    given === null && real !== null ? 1 : call.optionalInt("mask_type"),
  );
  return real === null ? result : nested(builder, result, real);
}

function encode(
  call: Call,
  builder: Builder,
  src: TensorValue,
  mask: TensorValue | null,
  maskType: number | null,
): TensorValue {
  const m = new Maths(builder);
  const eps = call.float("eps");
  const first = (x: TensorValue) => norm(builder, x, call.tensor("norm_weight_1"), call.tensor("norm_bias_1"), eps);
  const second = (x: TensorValue) => norm(builder, x, call.tensor("norm_weight_2"), call.tensor("norm_bias_2"), eps);
  const attend = (x: TensorValue) =>
    multiHead(builder, x, x, x, {
      heads: call.int("num_heads"),
      projection: call.tensor("qkv_weight"),
      projectionBias: call.tensor("qkv_bias"),
      out: call.tensor("proj_weight"),
      outBias: call.tensor("proj_bias"),
      mask,
      maskType,
    }).output;
  const activation = call.bool("use_gelu") ? "Gelu" : "Relu";
  const feed = (x: TensorValue) => {
    const hidden = m.unary(activation, dense(m, x, call.tensor("ffn_weight_1"), call.tensor("ffn_bias_1")));
    return dense(m, hidden, call.tensor("ffn_weight_2"), call.tensor("ffn_bias_2"));
  };
  if (call.bool("norm_first")) {
    const attended = m.add(src, attend(first(src)));
    return m.add(attended, feed(second(attended)));
  }
  const attended = first(m.add(src, attend(src)));
  return second(m.add(attended, feed(attended)));
}

/** [batch, length, 3·heads·width] with bias as queries (scaled), keys and values by head. */
function splitProjection(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const [qkv, heads] = [m.add(call.tensor("qkv"), call.tensor("qkv_bias")), call.int("num_heads")];
  const [batch, length, wide] = qkv.shape;
  const width = wide / 3 / heads;
  const parts = builder.transpose(builder.reshape(qkv, [batch, length, 3, heads, width]), [2, 0, 3, 1, 4]);
  const shape = parts.shape.slice(1);
  const part = (i: number) =>
    builder.emit(
      "Gather",
      [parts, builder.constant("int64", [], [BigInt(i)])],
      { axis: 0 },
      { dtype: qkv.dtype, shape },
    );
  return new TupleValue([m.mul(part(0), 1 / Math.sqrt(width)), part(1), part(2)]);
}

/** The fast path of nn.TransformerEncoderLayer. */
export const transformerEncoder: readonly Operator[] = [
  {
    name: "aten::_transformer_encoder_layer_fwd",
    schemas: [
      "aten::_transformer_encoder_layer_fwd(Tensor src, int embed_dim, int num_heads, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask=None, int? mask_type=None) -> Tensor",
    ],
    doc: "nn.TransformerEncoderLayer's fast path.",
    lower: encoderLayer,
  },
  {
    name: "aten::_transform_bias_rescale_qkv",
    schemas: [
      "aten::_transform_bias_rescale_qkv(Tensor qkv, Tensor qkv_bias, int num_heads) -> (Tensor, Tensor, Tensor)",
    ],
    doc: "Queries, keys and values by head.",
    lower: splitProjection,
  },
];
