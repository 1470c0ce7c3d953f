import { elementCount } from "../graph/dtype.ts";
import type { Builder } from "./builder.ts";
import { dimsOf, type Extent, hasUnknown, mayBeSame, mayEqual, unknownSize } from "./extent.ts";
import { raised, unsupported } from "./lowering-error.ts";
import { broadcastShapes, isComplex } from "./promotion.ts";
import { contiguousStrides, isContiguous, type GraphValue, type TensorValue } from "./tensor-value.ts";
import { sameShape } from "./builder.ts";

/** The same memory in another shape, or a copy where the strides do not allow that. One dimension may be -1. */
export function reshapeView(builder: Builder, tensor: TensorValue, wanted: readonly Extent[]): TensorValue {
  const shape = inferShape(tensor.count, dimsOf(wanted));
  if (sameShape(shape, tensor.shape)) return builder.view(tensor, shape, tensor.strides, identity);
  const strides = viewStrides(tensor, shape);
  const target = wanted.map((extent, axis) => (Number.isNaN(shape[axis]) && extent !== -1 ? extent : shape[axis]));
  const to = (value: GraphValue, sizes: readonly Extent[]) => builder.read(builder.reshape(value, sizes));
  if (strides === null) return builder.wrap(to(builder.read(tensor), target));
  const before = tensor.shape;
  return builder.view(tensor, shape, strides, {
    apply: (base) => to(base, target),
    scatter: (_, update) => to(update, before),
  });
}

export const identity = { apply: (base: GraphValue) => base, scatter: (_: GraphValue, update: GraphValue) => update };

/** The same memory under another name: what `detach` and `alias` give. */
export function aliasView(builder: Builder, tensor: TensorValue): TensorValue {
  return builder.view(tensor, tensor.shape, tensor.strides, identity);
}

/** Fills in the -1 of a shape. Throws LoweringError (`raised`) where the sizes do not fit. */
export function inferShape(count: number, wanted: readonly number[]): number[] {
  const open = wanted.filter((dim) => dim === -1 || Number.isNaN(dim)).length;
  const rest = wanted.reduce((product, dim) => (dim === -1 || Number.isNaN(dim) ? product : product * dim), 1);
  const left = open > 1 ? unknownSize : rest === 0 ? 0 : count / rest;
  const shape = wanted.map((dim) => (dim === -1 || Number.isNaN(dim) ? left : dim));
  if (!mayEqual(elementCount(shape), count) || shape.some((dim) => dim < 0 || dim % 1 > 0)) {
    throw raised(`shape [${wanted.join(", ")}] is invalid for ${count} elements`);
  }
  return shape;
}

/** Strides that show the same memory in another shape, or null where there are none (ATen's computeStride). */
export function viewStrides(tensor: TensorValue, shape: readonly number[]): number[] | null {
  if (tensor.count === 0 || (hasUnknown(tensor.shape) && isContiguous(tensor))) return contiguousStrides(shape);
  const { shape: old, strides: oldStrides } = tensor;
  const strides = Array.from<number>({ length: shape.length }).fill(1);
  let at = shape.length - 1;
  let base = oldStrides.at(-1) ?? 1;
  let held = 1;
  let viewed = 1;
  for (let axis = old.length - 1; axis >= 0; axis--) {
    held *= old[axis];
    if (axis !== 0 && (old[axis - 1] === 1 || oldStrides[axis - 1] === held * base)) continue;
    while (at >= 0 && (viewed < held || shape[at] === 1)) {
      strides[at] = viewed * base;
      viewed *= shape[at];
      at--;
    }
    if (viewed !== held) return null;
    if (axis > 0) {
      base = oldStrides[axis - 1];
      held = 1;
      viewed = 1;
    }
  }
  return at < 0 ? strides : old.length === 0 ? strides : null;
}

export function permuteView(builder: Builder, tensor: TensorValue, perm: readonly number[]): TensorValue {
  const shape = perm.map((axis) => tensor.shape[axis]);
  const strides = perm.map((axis) => tensor.strides[axis]);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  const extra = isComplex(tensor.dtype) ? [perm.length] : [];
  const run = (value: GraphValue, order: readonly number[]) =>
    order.every((axis, i) => axis === i)
      ? value
      : builder.node(
          "Transpose",
          [value],
          { perm: [...order, ...extra] },
          {
            dtype: value.dtype,
            shape: order.map((axis) => value.shape[axis]),
          },
        );
  return builder.view(tensor, shape, strides, {
    apply: (base) => run(base, perm),
    scatter: (_, update) => run(update, back),
  });
}

/** NumPy's broadcast_to as a view; -1 keeps a dimension. */
export function expandView(builder: Builder, tensor: TensorValue, wanted: readonly Extent[]): TensorValue {
  const lead = wanted.length - tensor.rank;
  if (lead < 0) throw raised(`[${tensor.shape.join(", ")}] does not expand to [${dimsOf(wanted).join(", ")}]`);
  const target = wanted.map((dim, i) => (dim === -1 && i >= lead ? tensor.shape[i - lead] : dim));
  const sizes = dimsOf(target);
  if (sameShape(sizes, tensor.shape)) return builder.view(tensor, sizes, tensor.strides, identity);
  const shape = broadcastShapes(tensor.shape, sizes);
  if (!mayBeSame(shape, sizes)) {
    throw raised(`[${tensor.shape.join(", ")}] does not expand to [${sizes.join(", ")}]`);
  }
  const strides = shape.map((dim, i) => {
    const from = i - lead;
    return from < 0 || !mayEqual(tensor.shape[from], dim) ? 0 : tensor.strides[from];
  });
  return builder.view(tensor, shape, strides, {
    apply: (base) => builder.read(builder.expand(base, target)),
    scatter: () => {
      throw unsupported("a write to an expanded tensor");
    },
  });
}

/** A view of single elements of the flattened tensor, by their positions in row-major order. */
export function elementsView(
  builder: Builder,
  tensor: TensorValue,
  positions: readonly number[],
  shape: readonly number[],
  strides: readonly number[],
): TensorValue {
  if (positions.length > 1 << 22) throw unsupported("a strided view of so many elements");
  const indices = () => builder.ints(positions);
  const { count } = tensor;
  return builder.view(tensor, shape, strides, {
    apply: (base) => {
      const flat = builder.reshape(base, [count]);
      const picked = builder.emit(
        "Gather",
        [flat, indices()],
        { axis: 0 },
        {
          dtype: base.dtype,
          shape: [positions.length],
        },
      );
      return builder.read(builder.reshape(picked, shape));
    },
    scatter: (base, update) => {
      const flat = builder.reshape(base, [count]);
      const places = builder.reshape(indices(), [positions.length, 1]);
      const inputs = [flat, places, builder.reshape(update, [positions.length])];
      const written = builder.emit("ScatterND", inputs, {}, { dtype: base.dtype, shape: [count] });
      return builder.read(builder.reshape(written, base.shape));
    },
  });
}
