import { elementCount } from "../graph/dtype.ts";
import type { Fill, TensorInput } from "../runtime/runtime-input.ts";
import type { Builder } from "./builder.ts";
import { bfloatValue } from "./encode-known.ts";
import { GraphValue, type TensorValue } from "./tensor-value.ts";

/** A tensor that is fed, by the name of its graph input. */
export type NamedTensor = TensorInput & { readonly name: string };

/**
 * A graph input and what is fed to it. ONNX Runtime's Node interface has no bfloat16 tensors: such an input is fed as
 * float32, and the graph begins with a cast, which is exact for what a bfloat16 can be.
 */
export function graphInput(input: NamedTensor, builder: Builder): { tensor: TensorValue; fed: NamedTensor } {
  const { name, dtype, shape } = input;
  if (dtype !== "bfloat16") return { tensor: builder.wrap(new GraphValue(dtype, shape, { name })), fed: input };
  const wide = builder.wrap(new GraphValue("float32", shape, { name }));
  return { tensor: builder.cast(wide, dtype), fed: { ...input, dtype: "float32", fill: widened(input.fill, shape) } };
}

function widened(fill: Fill, shape: readonly number[]): Fill {
  if (fill.kind !== "bytes") return fill;
  const { bytes } = fill;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = new Uint8Array(elementCount(shape) * 4);
  const out = new DataView(wide.buffer);
  for (let i = 0; i < elementCount(shape); i++) out.setFloat32(i * 4, bfloatValue(view.getUint16(i * 2, true)), true);
  return { ...fill, bytes: wide };
}
