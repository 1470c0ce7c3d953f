import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { GraphValue, TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/**
 * Nested tensors, which nn.TransformerEncoder makes of a padding mask, stay padded here: this remembers which elements
 * [batch, length] are real.
 */
const masks = new WeakMap<GraphValue, TensorValue>();

/** The elements of a nested tensor that are real, [batch, length]; null for any other tensor. */
export function maskOf(builder: Builder, x: TensorValue): TensorValue | null {
  return masks.get(builder.read(x)) ?? null;
}

/** Marks a tensor as nested, its padding as 0. */
export function nested(builder: Builder, x: TensorValue, mask: TensorValue): TensorValue {
  const m = new Maths(builder);
  const filled = m.where(builder.unsqueeze(mask, [2]), x, 0);
  masks.set(builder.read(filled), mask);
  return filled;
}

function toPadded(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const mask = maskOf(builder, self);
  if (mask === null) return self;
  return m.where(builder.unsqueeze(mask, [2]), self, call.float("padding"));
}

/** Padding masks of the fast path of nn.TransformerEncoder. */
export const nestedTensors: readonly Operator[] = [
  {
    name: "aten::_nested_tensor_from_mask",
    schemas: ["aten::_nested_tensor_from_mask(Tensor t, Tensor mask, bool mask_check=True) -> Tensor"],
    doc: "Stays padded; what the mask leaves out is 0.",
    lower: (call, builder) => nested(builder, call.tensor("t"), builder.cast(call.tensor("mask"), "bool")),
  },
  {
    name: "aten::_nested_tensor_from_mask_left_aligned",
    schemas: ["aten::_nested_tensor_from_mask_left_aligned(Tensor t, Tensor mask) -> bool"],
    doc: "Taken as true: masks need not be aligned here.",
    lower: () => true,
  },
  {
    name: "aten::to_padded_tensor",
    schemas: ["aten::to_padded_tensor(Tensor self, float padding, SymInt[]? output_size=None) -> Tensor"],
    doc: "The padding replaced by a number; the length stays that of the mask.",
    lower: toPadded,
  },
];
