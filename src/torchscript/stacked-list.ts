import type { Builder } from "./builder.ts";
import type { DType } from "../graph/dtype.ts";
import { extentsOf, mayBeSame, sizeTensor } from "./extent.ts";
import { unsupported } from "./lowering-error.ts";
import { asSymbolic, sizeOf } from "./symbolic.ts";
import { TensorValue } from "./tensor-value.ts";
import { dynamicSlice } from "./slice-view.ts";
import { joinedStacks, stacksOf } from "./stacks.ts";
import { GrowingItems, ListValue, StackedItems, SymbolicScalar, TupleValue, type Value } from "./value.ts";

/** What an item of a list that grows in a loop can be. */
export type ItemKind = "tensor" | "int" | "float" | "bool";

/** What the items of a list are, where they are all alike. */
export type ItemForm =
  | { readonly kind: ItemKind; readonly dtype: DType; readonly shape: readonly number[] }
  | { readonly kind: "tuple"; readonly items: readonly ItemForm[]; readonly of: TupleValue }
  | { readonly kind: "list"; readonly item: ItemForm | null }
  | { readonly kind: "ragged"; readonly dtype: DType; readonly shape: readonly number[] };

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
  if (items instanceof StackedItems) return stackedForm(items);
  if (items.length === 0) return null;
  if (items.every((item) => item instanceof TupleValue)) return tupleForm(items, builder);
  if (items.every((item) => item instanceof ListValue)) return innerForm(items, builder);
  const forms = items
    .map((item) => itemTensor(item, builder))
    .map(({ kind, tensor: { dtype, shape } }) => ({ kind, dtype, shape }));
  const [first] = forms;
  if (forms.some((form) => form.kind !== first.kind || form.dtype !== first.dtype)) throw differentItems();
  const uneven = forms.some(({ shape }) => shape.length > 0 && !(shape[0] === first.shape[0]));
  const fit = (a: readonly number[], b: readonly number[]) =>
    uneven ? mayBeSame(a.slice(1), b.slice(1)) : mayBeSame(a, b);
  if (forms.some(({ shape }) => shape.length !== first.shape.length || !fit(shape, first.shape)))
    throw differentItems();
  return uneven ? { kind: "ragged", dtype: first.dtype, shape: first.shape.with(0, Number.NaN) } : first;
}

function differentItems(): Error {
  return unsupported("a list of different items whose length depends on the values of a tensor");
}

function stackedForm(items: StackedItems): ItemForm {
  const { kind, parts, of } = items;
  if (kind === "list") {
    const [, rows] = parts;
    if (rows.kind === "tuple" || rows.kind === "list" || rows.kind === "ragged") throw differentItems();
    return { kind, item: { kind: rows.kind, dtype: rows.stack.dtype, shape: [] } };
  }
  if (kind === "ragged")
    return { kind, dtype: parts[1].stack.dtype, shape: parts[1].stack.shape.slice(1).with(0, Number.NaN) };
  if (kind === "tuple") return { kind, items: parts.map(stackedForm), of: of ?? new TupleValue([]) };
  return { kind, dtype: items.stack.dtype, shape: items.stack.shape.slice(1) };
}

function tupleForm(items: readonly TupleValue[], builder: Builder): ItemForm {
  const [of] = items;
  if (items.some((item) => item.items.length !== of.items.length)) throw differentItems();
  const forms = of.items.map((_, i) =>
    itemForm(
      items.map((item) => item.items[i]),
      builder,
    ),
  );
  return { kind: "tuple", items: forms.filter((form) => form !== null), of };
}

function innerForm(items: readonly ListValue[], builder: Builder): ItemForm {
  const forms = items.map(({ content }) => itemForm(content, builder)).filter((form) => form !== null);
  const [item = null] = forms;
  const numbers = forms.every((form) => ["int", "float", "bool"].includes(form.kind) && form.kind === item?.kind);
  if (!numbers) throw unsupported("a list of lists of something else than numbers that grows in a loop");
  return { kind: "list", item };
}

/** The form of the items of two lists; null where both are empty. */
export function commonItemForm(a: readonly Value[], b: readonly Value[], builder: Builder): ItemForm | null {
  const [x, y] = [itemForm(a, builder), itemForm(b, builder)];
  return x === null || y === null ? (x ?? y) : filled(x, y);
}

/** A form, with what it does not know of empty lists taken from another. */
function filled(form: ItemForm, other: ItemForm): ItemForm {
  if (form.kind === "tensor" && other.kind === "tensor" && form.shape[0] !== other.shape[0]) {
    return form.shape.length === 0 ? form : { ...form, kind: "ragged", shape: form.shape.with(0, Number.NaN) };
  }
  if (form.kind === "tensor" && other.kind === "ragged") return other;
  if (form.kind === "list" && other.kind === "list") return { kind: "list", item: form.item ?? other.item };
  if (form.kind !== "tuple" || other.kind !== "tuple") return form;
  return { ...form, items: form.items.map((item, i) => filled(item, other.items[i] ?? item)) };
}

/** The same items in the form of those that only running the graph counts. */
export function stackedAs(items: readonly Value[], form: ItemForm, builder: Builder): StackedItems {
  if (items instanceof StackedItems) return loosened(items, form, builder);
  if (form.kind === "tuple") {
    const tuples = items.map((item) => (item instanceof TupleValue ? item.items : []));
    if (tuples.some((fields) => fields.length !== form.items.length)) throw differentItems();
    const parts = form.items.map((field, i) =>
      stackedAs(
        tuples.map((fields) => fields[i]),
        field,
        builder,
      ),
    );
    return new StackedItems("tuple", parts, form.of);
  }
  if (form.kind === "ragged") return stackedRagged(items, form, builder);
  if (form.kind === "list") return stackedLists(items, form.item ?? anInt, builder);
  const own = itemForm(items, builder);
  if (own !== null && !("dtype" in own && own.kind === form.kind && own.dtype === form.dtype)) throw differentItems();
  const empty = [0, ...form.shape.map((dim) => (Number.isNaN(dim) ? 0 : dim))];
  return new StackedItems(form.kind, stackItems(items, builder) ?? builder.full(form.dtype, 0n, empty));
}

/** Tensors of one size as such whose sizes may differ, where the form asks for that. */
function loosened(items: StackedItems, form: ItemForm, builder: Builder): StackedItems {
  if (items.kind === "tuple" && form.kind === "tuple") {
    const parts = items.parts.map((part, i) => loosened(part, form.items[i], builder));
    return new StackedItems("tuple", parts, items.of);
  }
  if (items.kind !== "tensor" || form.kind !== "ragged") return items;
  const [count, length] = extentsOf(builder, items.stack);
  const lengths = builder.expand(sizeTensor(builder, length), [count]);
  return new StackedItems("ragged", [new StackedItems("int", lengths), items]);
}

/** What the items of lists are of which all are empty. */
const anInt: ItemForm = { kind: "int", dtype: "int64", shape: [] };

function stackedLists(items: readonly Value[], form: ItemForm, builder: Builder): StackedItems {
  const none = new StackedItems("list", [stackedAs([], anInt, builder), emptyRows(form, builder)]);
  return items.map((item) => oneList(item, form, builder)).reduce((all, one) => joinedStacks(all, one, builder), none);
}

function stackedRagged(items: readonly Value[], form: ItemForm & { kind: "ragged" }, builder: Builder): StackedItems {
  const { dtype, shape } = form;
  const lengths = stackedAs([], anInt, builder);
  const rows = builder.full(
    dtype,
    0n,
    [0, ...shape].map((dim) => (Number.isNaN(dim) ? 0 : dim)),
  );
  const none = new StackedItems("ragged", [lengths, new StackedItems("tensor", rows)]);
  return items
    .map((item) => oneRagged(item, form, builder))
    .reduce((all, one) => joinedStacks(all, one, builder), none);
}

function oneRagged(item: Value, { dtype }: ItemForm & { kind: "ragged" }, builder: Builder): StackedItems {
  if (!(item instanceof TensorValue) || item.dtype !== dtype || item.rank === 0) throw differentItems();
  const length = stackedAs([sizeOf(item, 0, builder)], anInt, builder);
  return new StackedItems("ragged", [length, new StackedItems("tensor", unsqueezed(item, builder))]);
}

function unsqueezed(item: TensorValue, builder: Builder): TensorValue {
  const { dtype, shape } = item;
  return builder.emit("Unsqueeze", [item, builder.ints([0])], {}, { dtype, shape: [1, ...shape] });
}

function emptyRows(form: ItemForm, builder: Builder): StackedItems {
  if (!("dtype" in form)) throw differentItems();
  return new StackedItems(form.kind, builder.full(form.dtype, 0n, [0, 0]));
}

function oneList(item: Value, form: ItemForm, builder: Builder): StackedItems {
  if (!(item instanceof ListValue)) throw differentItems();
  item.frozen = true;
  const row = stackedAs(item.content, form, builder);
  const length = stackedAs([lengthOf(row, builder)], anInt, builder);
  return new StackedItems("list", [length, new StackedItems(row.kind, builder.unsqueeze(row.stack, [0]))]);
}

/** The items as one tensor. */
export function stackItems(content: readonly Value[], builder: Builder): TensorValue | null {
  if (content instanceof StackedItems) return content.stack;
  const items = countedItems(content).map((item) => builder.unsqueeze(itemTensor(item, builder).tensor, [0]));
  return items.length === 0 ? null : builder.concat(items, 0);
}

export function lengthOf(items: StackedItems, builder: Builder): Value {
  return sizeOf(stacksOf(items)[0], 0, builder);
}

export function stackedItem(items: StackedItems, index: Value, builder: Builder): Value {
  const { kind, parts, of } = items;
  if (kind === "tuple") {
    return new TupleValue(
      parts.map((part) => stackedItem(part, index, builder)),
      of?.fields,
      of?.type,
    );
  }
  const at = asSymbolic(index, builder);
  if (at === null) throw unsupported("an item of a list by something that is no number");
  if (kind === "list") return innerList(parts, at, builder);
  if (kind === "ragged") return raggedItem(parts, at, builder);
  const item = rowOf(items, at, builder);
  return kind === "tensor" ? item : new SymbolicScalar(kind, item);
}

function rowOf({ stack }: StackedItems, at: SymbolicScalar, builder: Builder): TensorValue {
  const shape = stack.shape.slice(1);
  return builder.emit("Gather", [stack, at.tensor], { axis: 0 }, { dtype: stack.dtype, shape });
}

function raggedItem([lengths, rows]: readonly StackedItems[], at: SymbolicScalar, builder: Builder): TensorValue {
  const end = builder.read(rowOf(lengths, at, builder));
  return builder.copy(dynamicSlice(builder, rowOf(rows, at, builder), 0, { start: null, end, step: 1 }));
}

function innerList([lengths, rows]: readonly StackedItems[], at: SymbolicScalar, builder: Builder): ListValue {
  const end = builder.read(rowOf(lengths, at, builder));
  const row = dynamicSlice(builder, rowOf(rows, at, builder), 0, { start: null, end, step: 1 });
  const list = new ListValue(new StackedItems(rows.kind, builder.copy(row)));
  list.frozen = true;
  return list;
}

/** A list's items in a form that a loop adds to: nothing of what was there before can be seen. */
export function growing(list: ListValue): GrowingItems {
  if (!(list.content instanceof GrowingItems)) {
    throw unsupported("a list that two loops on the values of a tensor change");
  }
  return list.content;
}
