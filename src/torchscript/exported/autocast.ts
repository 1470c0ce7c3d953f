import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { dtypeOfScalarType } from "../scalar-type.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, type Value } from "../value.ts";

/** Operators that `torch.autocast("cpu")` computes in the lower precision (torch/csrc autocast_mode's list). */
const lowered: ReadonlySet<string> = new Set(
  (
    "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d convolution _convolution bmm mm " +
    "baddbmm addmm addbmm linear matmul linalg_matmul linalg_vecdot scaled_dot_product_attention"
  )
    .split(" ")
    .map((name) => `aten::${name}`),
);

/** The element type of a region of `wrap_with_autocast(device, dtype, enabled, …)`; null where nothing is lowered. */
export function autocastType(dtype: Value, enabled: Value): DType | null {
  if (enabled !== true) return null;
  return typeof dtype === "bigint" ? dtypeOfScalarType(Number(dtype)) : "bfloat16";
}

/** Arguments of an operator within such a region: float32 tensors in the lower precision. */
export function autocasted(name: string, value: Value, dtype: DType | null, builder: Builder): Value {
  if (dtype === null || !lowered.has(name)) return value;
  if (value instanceof TensorValue) return value.dtype === "float32" ? builder.cast(value, dtype) : value;
  if (!(value instanceof ListValue)) return value;
  return new ListValue(value.content.map((item) => autocasted(name, item, dtype, builder)));
}
