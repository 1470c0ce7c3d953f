import { type Builder, sameShape } from "./builder.ts";
import { dimsOf, type Extent, extentOf, extentsOf, hasUnknown, sizesTensor, sizeTensor } from "./extent.ts";
import { unsupported } from "./lowering-error.ts";
import type { TensorValue } from "./tensor-value.ts";
import { StackedItems } from "./value.ts";

/** All tensors that stacked items are made of, in order. */
export function stacksOf(items: StackedItems): TensorValue[] {
  return items.parts.length > 0 ? items.parts.flatMap(stacksOf) : [items.stack];
}

/** Stacked items of other tensors, in the same order. */
export function mapStacks(items: StackedItems, change: (stack: TensorValue) => TensorValue): StackedItems {
  if (items.parts.length === 0) return new StackedItems(items.kind, change(items.stack));
  const parts = items.parts.map((part) => mapStacks(part, change));
  return new StackedItems(items.kind, parts, items.of);
}

/** Stacked items of what each pair of tensors gives. */
export function zipStacks(
  a: StackedItems,
  b: StackedItems,
  pair: (x: TensorValue, y: TensorValue) => TensorValue,
): StackedItems {
  if (a.kind !== b.kind || a.parts.length !== b.parts.length) {
    throw unsupported("a list of different items whose length depends on the values of a tensor");
  }
  if (a.parts.length === 0) return new StackedItems(a.kind, pair(a.stack, b.stack));
  const parts = a.parts.map((part, i) => zipStacks(part, b.parts[i], pair));
  return new StackedItems(a.kind, parts, a.of);
}

/** The items of `a`, then those of `b`. */
export function joinedStacks(a: StackedItems, b: StackedItems, builder: Builder): StackedItems {
  return zipStacks(...alignedStacks(a, b, builder), (x, y) => builder.concat([x, y], 0));
}

/** The same items, with the lists of both padded to one length, and no items of the sizes of the others. */
export function alignedStacks(a: StackedItems, b: StackedItems, builder: Builder): [StackedItems, StackedItems] {
  if (a.parts.length !== b.parts.length) return [a, b];
  if (a.parts.length === 0) return [sizedAs(a, b, builder), sizedAs(b, a, builder)];
  if (a.kind !== b.kind) return [a, b];
  if (a.kind === "list" || a.kind === "ragged") {
    const [x, y] = [a.parts[1].stack, b.parts[1].stack];
    return [paddedTo(a, y, builder), paddedTo(b, x, builder)];
  }
  const pairs = a.parts.map((part, i) => alignedStacks(part, b.parts[i], builder));
  return [0, 1].map(
    (side) =>
      new StackedItems(
        a.kind,
        pairs.map((pair) => pair[side]),
        a.of,
      ),
  ) as [StackedItems, StackedItems];
}

/** A list of no items has zeros for the sizes that were not known: those of the other list are theirs. */
function sizedAs(items: StackedItems, { stack: other }: StackedItems, builder: Builder): StackedItems {
  const { stack } = items;
  const { dtype, shape } = stack;
  const [inner, outer] = [shape.slice(1), other.shape.slice(1)];
  if (stack.rank !== other.rank || (sameShape(inner, outer) && !hasUnknown(inner))) return items;
  const [own, theirs] = [extentsOf(builder, stack), extentsOf(builder, other)];
  const sizes = own.map((size, axis) => (axis === 0 ? size : larger(size, theirs[axis], builder)));
  const inputs = [stack, sizesTensor(builder, sizes)];
  return new StackedItems(
    items.kind,
    builder.emit("Reshape", inputs, { allowzero: 1 }, { dtype, shape: dimsOf(sizes) }),
  );
}

function larger(a: Extent, b: Extent, builder: Builder): Extent {
  if (typeof a === "number" && typeof b === "number") return Math.max(a, b);
  const sides = [sizeTensor(builder, a), sizeTensor(builder, b)];
  return builder.read(builder.emit("Max", sides, {}, { dtype: "int64", shape: [] }));
}

function paddedTo(lists: StackedItems, other: TensorValue, builder: Builder): StackedItems {
  const [lengths, rows] = lists.parts;
  const [count, width, ...inner] = extentsOf(builder, rows.stack);
  const more = excess(extentOf(builder, builder.read(other), 1), width, builder);
  if (more === 0) return lists;
  const padding = builder.full(rows.stack.dtype, 0n, [count, more, ...inner]);
  return new StackedItems(lists.kind, [lengths, new StackedItems(rows.kind, builder.concat([rows.stack, padding], 1))]);
}

/** a - b, or 0 where that is less. */
function excess(a: Extent, b: Extent, builder: Builder): Extent {
  if (typeof a === "number" && typeof b === "number") return Math.max(0, a - b);
  const scalar = { dtype: "int64", shape: [] } as const;
  const difference = builder.emit("Sub", [sizeTensor(builder, a), sizeTensor(builder, b)], {}, scalar);
  return builder.read(builder.emit("Max", [difference, builder.full("int64", 0n)], {}, scalar));
}
