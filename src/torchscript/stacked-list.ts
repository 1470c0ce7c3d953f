import type { Builder } from "./builder.ts";
import type { DType } from "../graph/dtype.ts";
import { extentOf, mayBeSame } from "./extent.ts";
import { unsupported } from "./lowering-error.ts";
import { asSymbolic, sizeOf } from "./symbolic.ts";
import { TensorValue } from "./tensor-value.ts";
import { GrowingItems, type ListValue, StackedItems, SymbolicScalar, type Value } from "./value.ts";

/** What an item of a list that grows in a loop can be. */
export type ItemKind = "tensor" | "int" | "float" | "bool";

/** What the items of a list are, where they are all alike. */
export interface ItemForm {
  readonly kind: ItemKind;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** The items of a list whose number is known. Throws LoweringError for another. */
export function knownItems(list: ListValue): readonly Value[] {
  return countedItems(list.content);
}

function countedItems(items: readonly Value[]): readonly Value[] {
  if (items instanceof GrowingItems || items instanceof StackedItems) {
    throw unsupported("this use of a list whose length depends on the values of a tensor");
  }
  return items;
}

/** An item of a list that grows, as a tensor. */
export function itemTensor(item: Value, builder: Builder): { kind: ItemKind; tensor: TensorValue } {
  if (item instanceof TensorValue) return { kind: "tensor", tensor: item };
  const scalar = asSymbolic(item, builder);
  if (scalar === null) throw unsupported("a list of something else than tensors and numbers that grows in a loop");
  return { kind: scalar.type, tensor: scalar.tensor };
}

/** What the items are, where they are all alike; null of no items. Throws LoweringError where they are not. */
export function itemForm(items: readonly Value[], builder: Builder): ItemForm | null {
  if (items instanceof StackedItems) {
    return { kind: items.kind, dtype: items.stack.dtype, shape: items.stack.shape.slice(1) };
  }
  const forms = items
    .map((item) => itemTensor(item, builder))
    .map(({ kind, tensor: { dtype, shape } }) => ({ kind, dtype, shape }));
  const [first] = forms;
  if (
    forms.some((form) => form.kind !== first.kind || form.dtype !== first.dtype || !mayBeSame(form.shape, first.shape))
  ) {
    throw unsupported("a list of different items whose length depends on the values of a tensor");
  }
  return first ?? null;
}

/** The same items in the form of those that only running the graph counts. */
export function stackedAs(items: readonly Value[], form: ItemForm, builder: Builder): StackedItems {
  if (items instanceof StackedItems) return items;
  const own = itemForm(items, builder);
  if (own !== null && (own.kind !== form.kind || own.dtype !== form.dtype)) {
    throw unsupported("a list of different items whose length depends on the values of a tensor");
  }
  const empty = [0, ...form.shape.map((dim) => (Number.isNaN(dim) ? 0 : dim))];
  return new StackedItems(form.kind, stackItems(items, builder) ?? builder.full(form.dtype, 0n, empty));
}

/** The items as one tensor. */
export function stackItems(content: readonly Value[], builder: Builder): TensorValue | null {
  if (content instanceof StackedItems) return content.stack;
  const items = countedItems(content).map((item) => builder.unsqueeze(itemTensor(item, builder).tensor, [0]));
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
