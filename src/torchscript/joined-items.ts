import type { Builder } from "./builder.ts";
import { dimsOf, type Extent, extentOf, extentsOf, productOf, sizesTensor, unknownSize } from "./extent.ts";
import { positions } from "./slice-view.ts";
import type { TensorValue } from "./tensor-value.ts";
import type { StackedItems } from "./value.ts";

/** All items joined along a dimension of theirs. */
export function joinedItems(items: StackedItems, dim: number, builder: Builder): TensorValue {
  if (items.kind === "ragged" && [0, 1 - items.parts[1].stack.rank].includes(dim))
    return joinedRows(items.parts, builder);
  const stack = evenStack(items, builder);
  const axis = dim < 0 ? dim + stack.rank - 1 : dim;
  const perm = stack.shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  const moved = builder.transpose(stack, perm);
  const value = builder.read(moved);
  const sizes = moved.shape.map((_, i) => extentOf(builder, value, i));
  return builder.reshape(moved, sizes.toSpliced(axis, 2, Number.NaN));
}

/** The rows of ragged tensors, one after the other. */
function joinedRows([lengths, rows]: readonly StackedItems[], builder: Builder): TensorValue {
  const { stack } = rows;
  const [count, width, ...inner] = extentsOf(builder, stack);
  const within = builder.emit(
    "Less",
    [positions(builder, width), builder.unsqueeze(lengths.stack, [1])],
    {},
    { dtype: "bool", shape: stack.shape.slice(0, 2) },
  );
  const sizes = [productOf(builder, [count, width])];
  const flat = (x: TensorValue, rest: readonly Extent[]) => builder.reshape(x, [...sizes, ...rest]);
  const { dtype } = stack;
  const shape = [unknownSize, ...dimsOf(inner)];
  return builder.emit("Compress", [flat(stack, inner), flat(within, [])], { axis: 0 }, { dtype, shape });
}

/** The stacked items; ragged ones fail when the graph runs unless all are of one size. */
export function evenStack(items: StackedItems, builder: Builder): TensorValue {
  if (items.kind !== "ragged") return items.stack;
  const [lengths, rows] = items.parts;
  const [count, , ...inner] = extentsOf(builder, rows.stack);
  const scalar = { dtype: "int64", shape: [] } as const;
  const shortest = builder.read(builder.emit("ReduceMin", [lengths.stack], { keepdims: 0 }, scalar));
  const sizes = [count, shortest, ...inner];
  const { dtype } = rows.stack;
  return builder.emit(
    "Reshape",
    [rows.stack, sizesTensor(builder, sizes)],
    { allowzero: 1 },
    { dtype, shape: dimsOf(sizes) },
  );
}
