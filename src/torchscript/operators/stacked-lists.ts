import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { Extent } from "../extent.ts";
import { unsupported } from "../lowering-error.ts";
import { dynamicSlice } from "../slice-view.ts";
import { commonItemForm, itemForm, stackedAs, stackedItem } from "../stacked-list.ts";
import { alignedStacks, joinedStacks, mapStacks, stacksOf, zipStacks } from "../stacks.ts";
import { asSymbolic } from "../symbolic.ts";
import type { TensorValue } from "../tensor-value.ts";
import { type ListValue, StackedItems, SymbolicScalar, type Value } from "../value.ts";

/** Whether an item can be found without running the graph: the list's length and the index are known. */
export function isCounted(list: ListValue, indices: readonly Value[], builder: Builder): boolean {
  if (list.content instanceof StackedItems) return false;
  return indices.every((index) => !(index instanceof SymbolicScalar) || builder.known(index.tensor) !== null);
}

/** The items of any list of things of one kind as one tensor. */
export function stackOf(list: ListValue, builder: Builder): StackedItems {
  const form = itemForm(list.content, builder);
  if (form === null) throw unsupported("an item of a list that is empty");
  return stackedAs(list.content, form, builder);
}

/** Two lists, one after the other. */
export function stackedTogether(a: readonly Value[], b: readonly Value[], builder: Builder): StackedItems {
  const form = commonItemForm(a, b, builder);
  if (form === null) throw unsupported("a list of which nothing tells what its items are");
  return joinedStacks(stackedAs(a, form, builder), stackedAs(b, form, builder), builder);
}

function part(items: StackedItems, start: Extent | null, end: Extent | null, builder: Builder, step = 1): StackedItems {
  return mapStacks(items, (stack) => builder.copy(dynamicSlice(builder, stack, 0, { start, end, step })));
}

/** `list[start:end:step]`. */
export function stackedSlice(items: StackedItems, call: Call, builder: Builder): StackedItems {
  const [start, end] = [call.optionalExtent("start"), call.optionalExtent("end")];
  const step = call.int("step");
  if (step > 0) return part(items, start, end, builder, step);
  if (start !== null || end !== null || step !== -1) throw unsupported("a list of unknown length, backwards in part");
  return part(items, -1, Number.MIN_SAFE_INTEGER, builder, -1);
}

function next(extent: Extent, builder: Builder): Extent | null {
  if (extent === -1) return null;
  if (typeof extent === "number") return extent + 1;
  return builder.read(builder.emit("Add", [extent, builder.full("int64", 1n)], {}, { dtype: "int64", shape: [] }));
}

function without(items: StackedItems, at: Extent, builder: Builder): StackedItems {
  const after = next(at, builder);
  const head = part(items, null, at, builder);
  return after === null ? head : stackedTogether(head, part(items, after, null, builder), builder);
}

function inserted(items: StackedItems, at: Extent, item: Value, builder: Builder): StackedItems {
  const head = stackedTogether(part(items, null, at, builder), [item], builder);
  return stackedTogether(head, part(items, at, null, builder), builder);
}

/** The items with another in the place `at`. */
export function stackedWith(items: StackedItems, at: Value, item: Value, builder: Builder): StackedItems {
  const place = asSymbolic(at, builder);
  if (place === null) throw unsupported("an item of a list by something that is no number");
  const form = itemForm(items, builder);
  if (form === null) throw unsupported("a list of which nothing tells what its items are");
  const pair = alignedStacks(items, stackedAs([item], form, builder), builder);
  return zipStacks(...pair, (stack, row) => {
    const { dtype, shape } = stack;
    return builder.emit("ScatterND", [stack, builder.reshape(place.tensor, [1, 1]), row], {}, { dtype, shape });
  });
}

/** The items in order, smallest first. */
export function stackedSorted(items: StackedItems, reverse: boolean, builder: Builder): StackedItems {
  if (items.kind === "tensor") throw unsupported("sorting a list of tensors or objects");
  const { dtype, shape } = items.stack;
  const count = builder.emit("Shape", [items.stack], {}, { dtype: "int64", shape: [1] });
  const attributes = { axis: 0, largest: reverse ? 1 : 0, sorted: 1 };
  const results = [
    { dtype, shape },
    { dtype: "int64", shape },
  ] as const;
  const [values] = builder.emitMany("TopK", [items.stack, count], attributes, results);
  return new StackedItems(items.kind, values);
}

interface StackChange {
  readonly items: StackedItems;
  readonly result: Value;
}

/** What programs do to a list in place, where only running the graph counts its items. */
export const stackedChanges: Readonly<
  Record<string, (items: StackedItems, call: Call, builder: Builder) => StackChange>
> = {
  insert: (items, call, builder) => ({
    items: inserted(items, call.extent("idx"), call.value("el"), builder),
    result: null,
  }),
  pop: (items, call, builder) => ({
    items: without(items, call.extent("idx"), builder),
    result: stackedItem(items, call.value("idx"), builder),
  }),
  Delete: (items, call, builder) => ({ items: without(items, call.extent("idx"), builder), result: null }),
  clear: (items, _call, builder) => ({ items: part(items, 0, 0, builder), result: null }),
  reverse: (items, _call, builder) => ({
    items: part(items, -1, Number.MIN_SAFE_INTEGER, builder, -1),
    result: null,
  }),
  sort: (items, call, builder) => ({ items: stackedSorted(items, call.bool("reverse"), builder), result: null }),
  _set_item: (items, call, builder) => ({
    items: stackedWith(items, call.value("idx"), call.value("el"), builder),
    result: call.value("l"),
  }),
};

/** Which items equal a number, as bools. */
function matches(items: StackedItems, sought: Value, builder: Builder): TensorValue {
  const number = asSymbolic(sought, builder);
  if (items.kind === "tensor" || number === null) throw unsupported("looking for a tensor in a list");
  const { shape } = items.stack;
  return builder.emit(
    "Equal",
    [items.stack, builder.cast(number.tensor, items.stack.dtype)],
    {},
    { dtype: "bool", shape },
  );
}

/** How often a number is in the list. */
export function stackedCount(items: StackedItems, sought: Value, builder: Builder): SymbolicScalar {
  const found = builder.cast(matches(items, sought, builder), "int64");
  return new SymbolicScalar("int", builder.emit("ReduceSum", [found], { keepdims: 0 }, { dtype: "int64", shape: [] }));
}

/** Where a number first is in the list. */
export function stackedIndex(items: StackedItems, sought: Value, builder: Builder): SymbolicScalar {
  const found = builder.cast(matches(items, sought, builder), "int32");
  const at = builder.emit("ArgMax", [found], { axis: 0, keepdims: 0 }, { dtype: "int64", shape: [] });
  return new SymbolicScalar("int", at);
}

/** The sum, the smallest or the largest of a list of numbers. */
export function stackedReduction(
  op: "ReduceSum" | "ReduceMin" | "ReduceMax",
  items: StackedItems,
  builder: Builder,
): Value {
  if (items.kind !== "int" && items.kind !== "float") throw unsupported(`${op} of a list of ${items.kind}s`);
  const { dtype } = items.stack;
  return new SymbolicScalar(items.kind, builder.emit(op, [items.stack], { keepdims: 0 }, { dtype, shape: [] }));
}

/** The items one by one, of a stack whose size is known. */
export function unstacked(items: StackedItems, builder: Builder): Value[] {
  return Array.from({ length: stacksOf(items)[0].shape[0] }, (_, i) => stackedItem(items, BigInt(i), builder));
}

/** Whether a number is in the list. */
export function stackedContains(items: StackedItems, sought: Value, builder: Builder): SymbolicScalar {
  return new SymbolicScalar("bool", builder.cast(stackedCount(items, sought, builder).tensor, "bool"));
}
