import type { DType } from "../graph/dtype.ts";
import type { Builder } from "./builder.ts";
import { TensorValue } from "./tensor-value.ts";
import { TupleValue, type Value } from "./value.ts";

/**
 * Operators that PyTorch computes in float32 from end to end when they get float16 or bfloat16, and rounds once, where
 * our lowering takes several nodes. (Operators that are compositions in PyTorch too round after each of their steps.)
 */
const once: ReadonlySet<string> = new Set(
  (
    "linear addmm addbmm baddbmm addmv mm bmm convolution _convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d " +
    "layer_norm native_layer_norm group_norm native_group_norm batch_norm instance_norm rms_norm softmax log_softmax " +
    "_softmax _log_softmax scaled_dot_product_attention gelu silu mish elu celu selu leaky_relu prelu hardswish " +
    "hardsigmoid softplus softsign log_sigmoid logsumexp sigmoid tanh rsqrt addcmul addcdiv lerp mean var std var_mean " +
    "std_mean norm linalg_vector_norm logit expm1 log1p upsample_bilinear2d upsample_bicubic2d upsample_linear1d " +
    "upsample_trilinear3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d avg_pool1d avg_pool2d avg_pool3d " +
    "grid_sampler cumsum prod sum"
  )
    .split(" ")
    .map((name) => `aten::${name}`),
);

const halves: ReadonlySet<DType> = new Set(["float16", "bfloat16"]);

/** The half precision that all tensors among the values have; null when they have another or mix them. */
function halfOf(values: Iterable<Value>): DType | null {
  let found: DType | null = null;
  for (const value of values) {
    if (!(value instanceof TensorValue) || !value.dtype.includes("float")) continue;
    if (value.wrappedNumber) continue;
    if (!halves.has(value.dtype) || value.dtype !== (found ?? value.dtype)) return null;
    found = value.dtype;
  }
  return found;
}

/**
 * Lowers a call in float32 where PyTorch would round its result to half precision only once. Null: nothing of the
 * kind, lower it as it is.
 */
export function roundedOnce(
  name: string,
  values: ReadonlyMap<string, Value>,
  builder: Builder,
  lower: (values: ReadonlyMap<string, Value>) => Value,
): Value | null {
  const half = once.has(name) ? halfOf(values.values()) : null;
  // A type that the call asks for itself would be lost.
  if (half === null || (values.get("dtype") ?? null) !== null) return null;
  const wide = new Map<string, Value>();
  for (const [argument, value] of values) {
    wide.set(argument, value instanceof TensorValue && value.dtype === half ? builder.cast(value, "float32") : value);
  }
  const narrow = (value: Value): Value => {
    if (value instanceof TensorValue) return value.dtype === "float32" ? builder.cast(value, half) : value;
    return value instanceof TupleValue ? new TupleValue(value.items.map(narrow), value.fields, value.type) : value;
  };
  return narrow(lower(wide));
}
