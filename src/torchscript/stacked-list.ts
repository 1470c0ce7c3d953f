import type { Builder } from "./builder.ts";
import { extentOf } from "./extent.ts";
import { unsupported } from "./lowering-error.ts";
import { asSymbolic, sizeOf } from "./symbolic.ts";
import { TensorValue } from "./tensor-value.ts";
import { GrowingItems, type ListValue, StackedItems, SymbolicScalar, type Value } from "./value.ts";

/** What an item of a list that grows in a loop can be. */
export type ItemKind = "tensor" | "int" | "float" | "bool";

/** The items of a list whose number is known. Throws LoweringError for another. */
export function knownItems(list: ListValue): readonly Value[] {
  if (list.content instanceof GrowingItems || list.content instanceof StackedItems) {
    throw unsupported("this use of a list whose length depends on the values of a tensor");
  }
  return list.content;
}

/** An item of a list that grows, as a tensor. */
export function itemTensor(item: Value, builder: Builder): { kind: ItemKind; tensor: TensorValue } {
  if (item instanceof TensorValue) return { kind: "tensor", tensor: item };
  const scalar = asSymbolic(item, builder);
  if (scalar === null) throw unsupported("a list of something else than tensors and numbers that grows in a loop");
  return { kind: scalar.type, tensor: scalar.tensor };
}

/** The items as one tensor. */
export function stackItems(list: ListValue, builder: Builder): TensorValue | null {
  const { content } = list;
  if (content instanceof StackedItems) return content.stack;
  const items = knownItems(list).map((item) => builder.unsqueeze(itemTensor(item, builder).tensor, [0]));
  return items.length === 0 ? null : builder.concat(items, 0);
}

export function lengthOf(items: StackedItems, builder: Builder): Value {
  return sizeOf(items.stack, 0, builder);
}

export function stackedItem(items: StackedItems, index: Value, builder: Builder): Value {
  const { stack, kind } = items;
  const at = asSymbolic(index, builder);
  if (at === null) throw unsupported("an item of a list by something that is no number");
  const shape = stack.shape.slice(1);
  const item = builder.emit("Gather", [stack, at.tensor], { axis: 0 }, { dtype: stack.dtype, shape });
  return kind === "tensor" ? item : new SymbolicScalar(kind, item);
}

/** All items joined along a dimension of theirs. */
export function joinedItems({ stack }: StackedItems, dim: number, builder: Builder): TensorValue {
  const axis = dim < 0 ? dim + stack.rank - 1 : dim;
  const perm = stack.shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  const moved = builder.transpose(stack, perm);
  const value = builder.read(moved);
  const sizes = moved.shape.map((_, i) => extentOf(builder, value, i));
  return builder.reshape(moved, sizes.toSpliced(axis, 2, Number.NaN));
}

/** A list's items in a form that a loop adds to: nothing of what was there before can be seen. */
export function growing(list: ListValue): GrowingItems {
  if (!(list.content instanceof GrowingItems)) {
    throw unsupported("a list that two loops on the values of a tensor change");
  }
  return list.content;
}
