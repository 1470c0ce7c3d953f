import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { extentsOf, productOf } from "../extent.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { ListValue, type Value } from "../value.ts";
import { aliasView, expandView, permuteView, reshapeView } from "../view.ts";
import type { Operator } from "./operator.ts";

type Lower = (call: Call, builder: Builder) => Value;

function row(name: string, schemas: readonly string[], doc: string, lower: Lower): Operator {
  return { name: `aten::${name}`, schemas: schemas.map((schema) => `aten::${name}${schema}`), doc, lower };
}

const self = (call: Call) => call.tensor("self");

function swap(call: Call, builder: Builder, first: string, second: string): TensorValue {
  const tensor = self(call);
  if (tensor.rank === 0) return aliasView(builder, tensor);
  const [a, b] = [first, second].map((name) => normalizeDim(call.int(name), tensor.rank));
  const perm = tensor.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  return permuteView(builder, tensor, perm);
}

function reversed(call: Call, builder: Builder): TensorValue {
  const tensor = self(call);
  return permuteView(
    builder,
    tensor,
    tensor.shape.map((_, axis) => tensor.rank - 1 - axis),
  );
}

function lastTwo(call: Call, builder: Builder): TensorValue {
  const tensor = self(call);
  if (tensor.rank < 2) throw raised("the matrix transpose of fewer than 2 dimensions");
  const perm = tensor.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).toReversed());
  return permuteView(builder, tensor, perm);
}

function squeezed(tensor: TensorValue, builder: Builder, dims: readonly number[]): TensorValue {
  const axes = new Set(dims.map((dim) => normalizeDim(dim, tensor.rank)));
  if (tensor.shape.some((dim, axis) => Number.isNaN(dim) && axes.has(axis)))
    throw unsupported("a squeeze of a size that depends on the values of a tensor");
  return reshapeView(
    builder,
    tensor,
    tensor.shape.filter((dim, axis) => dim !== 1 || !axes.has(axis)),
  );
}

/** The dimensions that `squeeze` may remove. */
export function squeezeDims(call: Call): number[] {
  if (call.has("dim")) return call.ints("dim");
  return self(call).shape.map((_, axis) => axis);
}

function flatten(call: Call, builder: Builder): TensorValue {
  const tensor = self(call);
  const first = normalizeDim(call.int("start_dim"), tensor.rank);
  const last = normalizeDim(call.int("end_dim"), tensor.rank);
  if (tensor.rank === 0) return reshapeView(builder, tensor, [1]);
  if (first > last) throw raised("flatten's start_dim comes after its end_dim");
  const sizes = tensor.shape.filter(Number.isNaN).length > 1 ? extentsOf(builder, tensor) : [...tensor.shape];
  const merged = productOf(builder, sizes.slice(first, last + 1));
  return reshapeView(builder, tensor, sizes.toSpliced(first, last - first + 1, merged));
}

function unflatten(call: Call, builder: Builder): TensorValue {
  const tensor = self(call);
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const sizes = call.ints("sizes");
  const rest = sizes.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const filled = sizes.map((dim) => (dim === -1 ? tensor.shape[axis] / rest : dim));
  return reshapeView(builder, tensor, tensor.shape.toSpliced(axis, 1, ...filled));
}

function moveDims(call: Call, builder: Builder): TensorValue {
  const tensor = self(call);
  const from = call.ints("source").map((dim) => normalizeDim(dim, tensor.rank));
  const to = call.ints("destination").map((dim) => normalizeDim(dim, tensor.rank));
  const perm = Array.from<number>({ length: tensor.rank }).fill(-1);
  from.forEach((axis, i) => (perm[to[i]] = axis));
  const rest = tensor.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis));
  return permuteView(
    builder,
    tensor,
    perm.map((axis) => (axis === -1 ? (rest.shift() ?? 0) : axis)),
  );
}

function atLeast(rank: number): Lower {
  return (call, builder) => {
    const one = (tensor: TensorValue) => {
      if (tensor.rank >= rank) return tensor;
      const shape =
        rank === 3 && tensor.rank === 2
          ? [...tensor.shape, 1]
          : rank === 3 && tensor.rank === 1
            ? [1, ...tensor.shape, 1]
            : null;
      const ones = Array.from<number>({ length: rank - tensor.rank }).fill(1);
      return reshapeView(builder, tensor, shape ?? [...ones, ...tensor.shape]);
    };
    return call.has("tensors") ? new ListValue(call.tensors("tensors").map(one)) : one(self(call));
  };
}

const shaped: Lower = (call, builder) =>
  reshapeView(builder, self(call), call.extents(call.has("size") ? "size" : "shape"));
const like: Lower = (call, builder) => reshapeView(builder, self(call), extentsOf(builder, call.tensor("other")));
const alias: Lower = (call, builder) => aliasView(builder, self(call));
const swapDoc = "A view with two dimensions swapped.";

/** Views: results share memory with their base; a write to either shows in both. */
export const views: readonly Operator[] = [
  row(
    "view",
    ["(Tensor(a) self, SymInt[] size) -> Tensor(a)"],
    "A view of another shape (a copy where strides forbid it).",
    shaped,
  ),
  row("_unsafe_view", ["(Tensor self, SymInt[] size) -> Tensor"], "As aten::view.", shaped),
  row("_reshape_alias", ["(Tensor(a) self, SymInt[] size, SymInt[] stride) -> Tensor(a)"], "As aten::view.", shaped),
  row("reshape", ["(Tensor(a) self, SymInt[] shape) -> Tensor(a)"], "A view of another shape, or a copy.", shaped),
  row("view_as", ["(Tensor(a) self, Tensor other) -> Tensor(a)"], "A view of the shape of another tensor.", like),
  row("reshape_as", ["(Tensor(a) self, Tensor other) -> Tensor(a)"], "A view of the shape of another tensor.", like),
  row("ravel", ["(Tensor(a) self) -> Tensor(a)"], "A view with one dimension.", (call, builder) =>
    reshapeView(builder, self(call), [self(call).count]),
  ),
  row(
    "flatten",
    ["(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)"].map((s) => `.using_ints${s}`),
    "Dimensions merged into one.",
    flatten,
  ),
  row(
    "unflatten",
    [".int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)"],
    "One dimension split into several.",
    unflatten,
  ),
  row(
    "permute",
    ["(Tensor(a) self, int[] dims) -> Tensor(a)"],
    "A view with its dimensions in another order.",
    (call, builder) => {
      const tensor = self(call);
      return permuteView(
        builder,
        tensor,
        call.ints("dims").map((dim) => normalizeDim(dim, tensor.rank)),
      );
    },
  ),
  row("transpose", [".int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)"], swapDoc, (call, builder) =>
    swap(call, builder, "dim0", "dim1"),
  ),
  row("swapdims", ["(Tensor(a) self, int dim0, int dim1) -> Tensor(a)"], swapDoc, (call, builder) =>
    swap(call, builder, "dim0", "dim1"),
  ),
  row("swapaxes", ["(Tensor(a) self, int axis0, int axis1) -> Tensor(a)"], swapDoc, (call, builder) =>
    swap(call, builder, "axis0", "axis1"),
  ),
  row("t", ["(Tensor(a) self) -> Tensor(a)"], "The transpose of up to two dimensions.", reversed),
  row("numpy_T", ["(Tensor(a) self) -> Tensor(a)"], "A view with its dimensions reversed.", reversed),
  row("mT", ["(Tensor(a) self) -> Tensor(a)"], "The last two dimensions swapped.", lastTwo),
  ...["movedim", "moveaxis"].map((name) =>
    row(
      name,
      [
        ".int(Tensor(a) self, int source, int destination) -> Tensor(a)",
        ".intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
      ],
      "Dimensions moved to other places.",
      moveDims,
    ),
  ),
  row(
    "squeeze",
    [
      "(Tensor(a) self) -> Tensor(a)",
      ".dim(Tensor(a) self, int dim) -> Tensor(a)",
      ".dims(Tensor(a) self, int[] dim) -> Tensor(a)",
    ],
    "Dimensions of size 1 removed.",
    (call, builder) => squeezed(self(call), builder, squeezeDims(call)),
  ),
  row("unsqueeze", ["(Tensor(a) self, int dim) -> Tensor(a)"], "A dimension of size 1 added.", (call, builder) => {
    const tensor = self(call);
    return reshapeView(builder, tensor, tensor.shape.toSpliced(normalizeDim(call.int("dim"), tensor.rank + 1), 0, 1));
  }),
  row(
    "expand",
    ["(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)"],
    "Dimensions of size 1 repeated without copying.",
    (call, builder) => expandView(builder, self(call), call.extents("size")),
  ),
  row(
    "expand_as",
    ["(Tensor(a) self, Tensor other) -> Tensor(a)"],
    "Expanded to the shape of another tensor.",
    (call, builder) => expandView(builder, self(call), extentsOf(builder, call.tensor("other"))),
  ),
  row(
    "atleast_1d",
    ["(Tensor self) -> Tensor", ".Sequence(Tensor[] tensors) -> Tensor[]"],
    "At least 1 dimension.",
    atLeast(1),
  ),
  row(
    "atleast_2d",
    ["(Tensor self) -> Tensor", ".Sequence(Tensor[] tensors) -> Tensor[]"],
    "At least 2 dimensions.",
    atLeast(2),
  ),
  row(
    "atleast_3d",
    ["(Tensor self) -> Tensor", ".Sequence(Tensor[] tensors) -> Tensor[]"],
    "At least 3 dimensions.",
    atLeast(3),
  ),
  ...["detach", "alias", "lift_fresh", "data", "positive"].map((name) =>
    row(name, ["(Tensor(a) self) -> Tensor(a)"], "The same tensor.", alias),
  ),
];
