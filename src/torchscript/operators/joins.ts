import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { broadcastShapes, normalizeDim, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { evenStack, joinedItems } from "../joined-items.ts";
import { ListValue, StackedItems } from "../value.ts";
import { withAliases } from "./aliases.ts";
import type { Operator } from "./operator.ts";

/** Joined along an axis in their common type; PyTorch ignores 1-D tensors without elements. */
export function join(builder: Builder, tensors: readonly TensorValue[], dim: number): TensorValue {
  if (tensors.length === 0) throw raised("a join of no tensors");
  const dtype = resultType(tensors);
  const counted = tensors.filter((tensor) => tensor.rank !== 1 || tensor.count !== 0);
  const parts = counted.length === 0 ? tensors.slice(0, 1) : counted;
  const ready = builder.promote(parts, dtype);
  return builder.copy(builder.concat(ready, normalizeDim(dim, ready[0].rank)));
}

function stack(builder: Builder, tensors: readonly TensorValue[], dim: number): TensorValue {
  const axis = dim < 0 ? dim + tensors[0].rank + 1 : dim;
  return join(
    builder,
    tensors.map((tensor) => builder.unsqueeze(tensor, [axis])),
    axis,
  );
}

/** The tensors of a list whose length only running the graph tells. */
function stackedTensors(call: Call): StackedItems | null {
  const list = call.value("tensors");
  return list instanceof ListValue && list.content instanceof StackedItems ? list.content : null;
}

function cat(call: Call, builder: Builder): TensorValue {
  const items = stackedTensors(call);
  if (items !== null) return joinedItems(items, call.int("dim"), builder);
  return join(builder, call.tensors("tensors"), call.int("dim"));
}

function stackList(call: Call, builder: Builder): TensorValue {
  const items = stackedTensors(call);
  if (items === null) return stack(builder, call.tensors("tensors"), call.int("dim"));
  const even = evenStack(items, builder);
  const axis = normalizeDim(call.int("dim"), even.rank);
  const order = even.shape.map((_, i) => i).slice(1);
  return builder.copy(builder.transpose(even, order.toSpliced(axis, 0, 0)));
}

/** At least this many dimensions, as `torch.atleast_nd` adds them. */
function atLeast(builder: Builder, x: TensorValue, rank: number): TensorValue {
  if (x.rank >= rank) return x;
  const [a = 1, b = 1] = x.shape;
  if (rank === 1) return builder.reshape(x, [1]);
  if (rank === 2) return builder.reshape(x, [1, a]);
  return builder.reshape(x, x.rank < 2 ? [1, a, 1] : [a, b, 1]);
}

function meshgrid(call: Call, builder: Builder): ListValue {
  const tensors = call.tensors("tensors");
  const swap = call.optionalString("indexing") === "xy" && tensors.length > 1;
  const order = tensors.map((_, i) => (swap && i < 2 ? 1 - i : i));
  const shape = order.map((i) => tensors[i].count);
  return new ListValue(
    tensors.map((tensor, i) => {
      const axis = order.indexOf(i);
      return builder.expand(
        builder.reshape(
          tensor,
          shape.map((dim, at) => (at === axis ? dim : 1)),
        ),
        shape,
      );
    }),
  );
}

function stackRow(name: string, rank: number, dim: number, schemas: readonly string[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Joined along a dimension, with at least so many dimensions.",
    lower(call, builder) {
      const tensors = call.tensors("tensors").map((x) => atLeast(builder, x, rank));
      return join(builder, tensors, name === "hstack" && tensors[0].rank === 1 ? 0 : dim);
    },
  };
}

function cartesian(call: Call, builder: Builder): TensorValue {
  const tensors = call.tensors("tensors");
  if (tensors.length === 1) return tensors[0];
  const shape = tensors.map((tensor) => tensor.count);
  const columns = tensors.map((tensor, i) =>
    builder.reshape(
      builder.expand(
        builder.reshape(
          tensor,
          shape.map((dim, at) => (at === i ? dim : 1)),
        ),
        shape,
      ),
      [shape.reduce((a, b) => a * b, 1), 1],
    ),
  );
  return builder.concat(columns, 1);
}

function blocks(call: Call, builder: Builder): TensorValue {
  const tensors = call.tensors("tensors").map((x) => (x.rank === 2 ? x : builder.reshape(x, [1, x.count])));
  const ready = builder.promote(tensors);
  const width = ready.reduce((sum, x) => sum + x.shape[1], 0);
  let left = 0;
  const rows = ready.map((x) => {
    const pads = [0, left, 0, width - left - x.shape[1]];
    left += x.shape[1];
    return builder.emit("Pad", [x, builder.ints(pads)], {}, { dtype: x.dtype, shape: [x.shape[0], width] });
  });
  return builder.concat(rows, 0);
}

/** Several tensors become one, or several of one shape. */
export const joins: readonly Operator[] = [
  ...withAliases(
    {
      name: "aten::cat",
      schemas: ["aten::cat(Tensor[] tensors, int dim=0) -> Tensor"],
      doc: "Joined along dim.",
      lower: cat,
    },
    "concat",
    "concatenate",
  ),
  {
    name: "aten::stack",
    schemas: ["aten::stack(Tensor[] tensors, int dim=0) -> Tensor"],
    doc: "Joined along a new dimension.",
    lower: stackList,
  },
  stackRow("hstack", 1, 1, ["aten::hstack(Tensor[] tensors) -> Tensor"]),
  stackRow("vstack", 2, 0, ["aten::vstack(Tensor[] tensors) -> Tensor"]),
  stackRow("row_stack", 2, 0, ["aten::row_stack(Tensor[] tensors) -> Tensor"]),
  stackRow("dstack", 3, 2, ["aten::dstack(Tensor[] tensors) -> Tensor"]),
  {
    name: "aten::column_stack",
    schemas: ["aten::column_stack(Tensor[] tensors) -> Tensor"],
    doc: "1-D tensors as columns.",
    lower: (call, builder) =>
      join(
        builder,
        call.tensors("tensors").map((x) => (x.rank < 2 ? builder.reshape(x, [x.count, 1]) : x)),
        1,
      ),
  },
  {
    name: "aten::meshgrid",
    schemas: [
      "aten::meshgrid(Tensor[] tensors) -> Tensor[]",
      "aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]",
    ],
    doc: "Coordinates of a grid.",
    lower: meshgrid,
  },
  {
    name: "aten::broadcast_tensors",
    schemas: ["aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]"],
    doc: "All in their common shape.",
    lower(call, builder) {
      const tensors = call.tensors("tensors");
      const shape = broadcastShapes(...tensors.map((tensor) => tensor.shape));
      return new ListValue(tensors.map((tensor) => builder.expand(tensor, shape)));
    },
  },
  {
    name: "aten::broadcast_to",
    schemas: ["aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)"],
    doc: "Spread to a shape, as a new tensor.",
    lower: (call, builder) => builder.expand(call.tensor("self"), call.ints("size")),
  },
  {
    name: "aten::cartesian_prod",
    schemas: ["aten::cartesian_prod(Tensor[] tensors) -> Tensor"],
    doc: "All combinations.",
    lower: cartesian,
  },
  {
    name: "aten::block_diag",
    schemas: ["aten::block_diag(Tensor[] tensors) -> Tensor"],
    doc: "Matrices along the diagonal.",
    lower: blocks,
  },
];
