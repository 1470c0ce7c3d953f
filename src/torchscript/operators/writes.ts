import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { extentsOf } from "../extent.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import { contiguousStrides, TensorValue } from "../tensor-value.ts";
import type { Value } from "../value.ts";
import { aliasView, elementsView, permuteView, reshapeView } from "../view.ts";
import type { Operator } from "./operator.ts";
import { squeezeDims } from "./views.ts";

function written(call: Call, builder: Builder, update: TensorValue): TensorValue {
  const self = call.tensor("self");
  builder.write(self, update);
  return self;
}

/** Changes how a tensor shows its memory: the tensor itself becomes a view of what it was. */
function reshapedInPlace(call: Call, builder: Builder, view: (hidden: TensorValue) => TensorValue): TensorValue {
  const self = call.tensor("self");
  const hidden = new TensorValue(self.dtype, self.shape, self.content, { strides: self.strides });
  const shown = view(hidden);
  if (!("base" in shown.content)) throw unsupported(`${call.name} of a tensor whose memory has gaps`);
  builder.moveViews(self, hidden);
  self.shape = shown.shape;
  self.strides = shown.strides;
  self.derived = null;
  builder.journal.set(self, shown.content);
  return self;
}

function diagonalPositions(shape: readonly number[], wrap: boolean): number[] {
  const strides = contiguousStrides(shape);
  const step = strides.reduce((sum, stride) => sum + stride, 0);
  const columns = shape[1] ?? 1;
  const height = shape[0] ?? 1;
  const length = shape.length > 2 ? Math.min(...shape) : Math.min(height, columns);
  const positions = Array.from({ length }, (_, i) => i * step);
  if (wrap && shape.length === 2) {
    for (let at = length * step + (columns === length ? columns : 0); at < height * columns; at += step)
      positions.push(at);
  }
  return positions;
}

function fillDiagonal(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  if (self.rank < 2) throw raised("fill_diagonal_ of fewer than 2 dimensions");
  const positions = diagonalPositions(self.shape, call.bool("wrap"));
  const flat = elementsView(builder, self, positions, [positions.length], [1]);
  builder.write(flat, builder.full(self.dtype, call.scalar("fill_value"), [positions.length]));
  return self;
}

function zeroed(call: Call, builder: Builder): Value {
  return written(call, builder, builder.full(call.tensor("self").dtype, 0n));
}

const same = "(Tensor(a!) self) -> Tensor(a!)";

/** Writes to tensors. They reach the base of a view and all other views of it. */
export const writes: readonly Operator[] = [
  {
    name: "aten::copy_",
    schemas: [
      "aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)",
      "aten::copy_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
      "aten::copy_.int(Tensor(a!) self, int other) -> Tensor(a!)",
      "aten::copy_.float(Tensor(a!) self, float other) -> Tensor(a!)",
    ],
    doc: "Overwrites a tensor, with broadcasting and conversion.",
    lower: (call, builder) => written(call, builder, call.operand(call.has("src") ? "src" : "other")),
  },
  {
    name: "aten::copy",
    schemas: ["aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor"],
    doc: "src in the shape and type of self.",
    lower(call, builder) {
      const self = call.tensor("self");
      return builder.copy(builder.expand(builder.cast(call.tensor("src"), self.dtype), self.shape));
    },
  },
  {
    name: "aten::fill_",
    schemas: [
      "aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)",
      "aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)",
    ],
    doc: "Overwrites a tensor with one number.",
    lower: (call, builder) => written(call, builder, call.operand("value")),
  },
  {
    name: "aten::fill",
    schemas: [
      "aten::fill.Scalar(Tensor self, Scalar value) -> Tensor",
      "aten::fill.Tensor(Tensor self, Tensor value) -> Tensor",
    ],
    doc: "A tensor of the same shape, filled with one number.",
    lower(call, builder) {
      const self = call.tensor("self");
      return builder.copy(builder.expand(builder.cast(call.operand("value"), self.dtype), extentsOf(builder, self)));
    },
  },
  { name: "aten::zero_", schemas: [`aten::zero_${same}`], doc: "Overwrites a tensor with zeros.", lower: zeroed },
  {
    name: "aten::fill_diagonal_",
    schemas: ["aten::fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)"],
    doc: "Overwrites the main diagonal with one number.",
    lower: fillDiagonal,
  },
  {
    name: "aten::set_",
    schemas: ["aten::set_.source_Tensor(Tensor(a!) self, Tensor source) -> Tensor(a!)"],
    doc: "Makes a tensor another name of source's memory.",
    lower: (call, builder) => reshapedInPlace(call, builder, () => aliasView(builder, call.tensor("source"))),
  },
  {
    name: "aten::resize_",
    schemas: ["aten::resize_(Tensor(a!) self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor(a!)"],
    doc: "Another shape with the same number of elements; growing and shrinking are not supported.",
    lower(call, builder) {
      if (call.ints("size").reduce((product, dim) => product * dim, 1) !== call.tensor("self").count) {
        throw unsupported("resize_ to another number of elements");
      }
      return reshapedInPlace(call, builder, (hidden) => reshapeView(builder, hidden, call.ints("size")));
    },
  },
  {
    name: "aten::squeeze_",
    schemas: [
      `aten::squeeze_${same}`,
      "aten::squeeze_.dim(Tensor(a!) self, int dim) -> Tensor(a!)",
      "aten::squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)",
    ],
    doc: "Removes dimensions of size 1 in place.",
    lower: (call, builder) =>
      reshapedInPlace(call, builder, (hidden) => {
        const axes = new Set(squeezeDims(call).map((dim) => normalizeDim(dim, hidden.rank)));
        return reshapeView(
          builder,
          hidden,
          hidden.shape.filter((dim, axis) => dim !== 1 || !axes.has(axis)),
        );
      }),
  },
  {
    name: "aten::unsqueeze_",
    schemas: ["aten::unsqueeze_(Tensor(a!) self, int dim) -> Tensor(a!)"],
    doc: "Adds a dimension of size 1 in place.",
    lower: (call, builder) =>
      reshapedInPlace(call, builder, (hidden) =>
        reshapeView(builder, hidden, hidden.shape.toSpliced(normalizeDim(call.int("dim"), hidden.rank + 1), 0, 1)),
      ),
  },
  ...["transpose_", "swapaxes_", "swapdims_"].map((name): Operator => {
    const [first, second] = name === "swapaxes_" ? ["axis0", "axis1"] : ["dim0", "dim1"];
    return {
      name: `aten::${name}`,
      schemas: [`aten::${name}(Tensor(a!) self, int ${first}, int ${second}) -> Tensor(a!)`],
      doc: "Swaps two dimensions in place.",
      lower: (call, builder) =>
        reshapedInPlace(call, builder, (hidden) => {
          const [a, b] = [first, second].map((argument) => normalizeDim(call.int(argument), hidden.rank));
          const perm = hidden.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
          return permuteView(builder, hidden, perm);
        }),
    };
  }),
  {
    name: "aten::t_",
    schemas: [`aten::t_${same}`],
    doc: "Transposes in place.",
    lower: (call, builder) =>
      reshapedInPlace(call, builder, (hidden) =>
        permuteView(
          builder,
          hidden,
          hidden.shape.map((_, axis) => hidden.rank - 1 - axis),
        ),
      ),
  },
  ...["detach_", "requires_grad_", "share_memory_"].map((name): Operator => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor(a!) self, bool requires_grad=True) -> Tensor(a!)`],
    doc: "Nothing: there are no gradients here.",
    lower: (call) => call.tensor("self"),
  })),
];
