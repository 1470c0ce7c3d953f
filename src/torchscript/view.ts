import { elementCount } from "../graph/dtype.ts";
import type { Builder } from "./builder.ts";
import { raised, unsupported } from "./lowering-error.ts";
import { broadcastShapes, isComplex } from "./promotion.ts";
import { contiguousStrides, type GraphValue, type TensorValue } from "./tensor-value.ts";
import { sameShape } from "./builder.ts";

/** The axis that complex values have in the graph and programs do not see. */
function tail(tensor: TensorValue): number[] {
  return isComplex(tensor.dtype) ? [2] : [];
}

/** The same memory in another shape, or a copy where the strides do not allow that. One dimension may be -1. */
export function reshapeView(builder: Builder, tensor: TensorValue, wanted: readonly number[]): TensorValue {
  const shape = inferShape(tensor.count, wanted);
  if (sameShape(shape, tensor.shape)) return builder.view(tensor, shape, tensor.strides, identity);
  const strides = viewStrides(tensor, shape);
  const extra = tail(tensor);
  const to = (value: GraphValue, target: readonly number[]) => reshapeNode(builder, value, target, extra);
  if (strides === null) return builder.wrap(to(builder.read(tensor), shape));
  const before = tensor.shape;
  return builder.view(tensor, shape, strides, {
    apply: (base) => to(base, shape),
    scatter: (_, update) => to(update, before),
  });
}

const identity = { apply: (base: GraphValue) => base, scatter: (_: GraphValue, update: GraphValue) => update };

/** The same memory under another name: what `detach` and `alias` give. */
export function aliasView(builder: Builder, tensor: TensorValue): TensorValue {
  return builder.view(tensor, tensor.shape, tensor.strides, identity);
}

function reshapeNode(
  builder: Builder,
  value: GraphValue,
  shape: readonly number[],
  extra: readonly number[],
): GraphValue {
  if (sameShape(value.shape, shape)) return value;
  const target = builder.read(builder.ints([...shape, ...extra]));
  const attributes = shape.includes(0) ? { allowzero: 1 } : {};
  return builder.node("Reshape", [value, target], attributes, { dtype: value.dtype, shape });
}

/** Fills in the -1 of a shape. Throws LoweringError (`raised`) where the sizes do not fit. */
export function inferShape(count: number, wanted: readonly number[]): number[] {
  const rest = wanted.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const shape = wanted.map((dim) => (dim === -1 ? (rest === 0 ? 0 : count / rest) : dim));
  if (elementCount(shape) !== count || shape.some((dim) => dim < 0 || !Number.isInteger(dim))) {
    throw raised(`shape [${wanted.join(", ")}] is invalid for ${count} elements`);
  }
  return shape;
}

/** Strides that show the same memory in another shape, or null where there are none (ATen's computeStride). */
export function viewStrides(tensor: TensorValue, shape: readonly number[]): number[] | null {
  if (tensor.count === 0) return contiguousStrides(shape);
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

/** `tensor[…, start:end:step, …]`, with both ends inside of the dimension already. */
export function sliceView(
  builder: Builder,
  tensor: TensorValue,
  axis: number,
  start: number,
  end: number,
  step: number,
): TensorValue {
  const size = tensor.shape[axis];
  const length = Math.max(0, Math.ceil((end - start) / step));
  if (length === size) return builder.view(tensor, tensor.shape, tensor.strides, identity);
  const shape = tensor.shape.with(axis, length);
  const strides = tensor.strides.with(axis, tensor.strides[axis] * step);
  return builder.view(tensor, shape, strides, {
    apply: (base) => sliceNode(builder, base, axis, start, end, step),
    scatter: (base, update) => replaceSlice(builder, base, update, axis, start, step),
  });
}

function sliceNode(
  builder: Builder,
  base: GraphValue,
  axis: number,
  start: number,
  end: number,
  step: number,
): GraphValue {
  const ints = [[start], [Math.max(start, end)], [axis], [step]].map((part) => builder.read(builder.ints(part)));
  const length = Math.max(0, Math.ceil((end - start) / step));
  return builder.node("Slice", [base, ...ints], {}, { dtype: base.dtype, shape: base.shape.with(axis, length) });
}

function replaceSlice(
  builder: Builder,
  base: GraphValue,
  update: GraphValue,
  axis: number,
  start: number,
  step: number,
): GraphValue {
  const size = base.shape[axis];
  const length = update.shape[axis];
  if (length === 0) return base;
  const result = { dtype: base.dtype, shape: base.shape };
  if (step !== 1) {
    const order = Array.from({ length: size }, (_, i) => i);
    for (let i = 0; i < length; i++) order[start + i * step] = size + i;
    const both = builder.node(
      "Concat",
      [base, update],
      { axis },
      {
        dtype: base.dtype,
        shape: base.shape.with(axis, size + length),
      },
    );
    return builder.node("Gather", [both, builder.read(builder.ints(order))], { axis }, result);
  }
  const parts: GraphValue[] = [];
  if (start > 0) parts.push(sliceNode(builder, base, axis, 0, start, 1));
  parts.push(update);
  if (start + length < size) parts.push(sliceNode(builder, base, axis, start + length, size, 1));
  return parts.length === 1 ? update : builder.node("Concat", parts, { axis }, result);
}

/** `tensor[…, index, …]`: the dimension disappears. */
export function selectView(builder: Builder, tensor: TensorValue, axis: number, index: number): TensorValue {
  const size = tensor.shape[axis];
  const at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) throw raised(`index ${index} is out of range for dimension ${axis} of size ${size}`);
  const shape = tensor.shape.toSpliced(axis, 1);
  const strides = tensor.strides.toSpliced(axis, 1);
  const extra = tail(tensor);
  return builder.view(tensor, shape, strides, {
    apply: (base) => {
      const position = builder.read(builder.constant("int64", [], [BigInt(at)]));
      return builder.node("Gather", [base, position], { axis }, { dtype: base.dtype, shape });
    },
    scatter: (base, update) => {
      const row = reshapeNode(builder, update, base.shape.with(axis, 1), extra);
      return replaceSlice(builder, base, row, axis, at, 1);
    },
  });
}

/** `select` with an index that only running the graph tells. */
export function dynamicSelect(builder: Builder, tensor: TensorValue, axis: number, index: TensorValue): TensorValue {
  const shape = tensor.shape.toSpliced(axis, 1);
  const size = tensor.shape[axis];
  const position = builder.reshape(builder.cast(index, "int64"), []);
  return builder.view(tensor, shape, tensor.strides.toSpliced(axis, 1), {
    apply: (base) => builder.node("Gather", [base, builder.read(position)], { axis }, { dtype: base.dtype, shape }),
    scatter: (base, update) => {
      const row = builder.reshape(update, base.shape.with(axis, 1));
      const zero = builder.full("int64", 0n);
      const wrapped = builder.emit(
        "Add",
        [position, builder.full("int64", BigInt(size))],
        {},
        { dtype: "int64", shape: [] },
      );
      const negative = builder.emit("Less", [position, zero], {}, { dtype: "bool", shape: [] });
      const at = builder.emit("Where", [negative, wrapped, position], {}, { dtype: "int64", shape: [] });
      const column = base.shape.map((_, i) => (i === axis ? size : 1));
      const numbers = builder.constant(
        "int64",
        column,
        Array.from({ length: size }, (_, i) => BigInt(i)),
      );
      const mask = builder.emit("Equal", [numbers, at], {}, { dtype: "bool", shape: column });
      return builder.node("Where", [builder.read(mask), builder.read(row), base], {}, base);
    },
  });
}

/** NumPy's broadcast_to as a view; -1 keeps a dimension. */
export function expandView(builder: Builder, tensor: TensorValue, wanted: readonly number[]): TensorValue {
  const lead = wanted.length - tensor.rank;
  if (lead < 0) throw raised(`[${tensor.shape.join(", ")}] does not expand to [${wanted.join(", ")}]`);
  const shape = wanted.map((dim, i) => (dim === -1 && i >= lead ? tensor.shape[i - lead] : dim));
  if (sameShape(shape, tensor.shape)) return builder.view(tensor, shape, tensor.strides, identity);
  if (!sameShape(broadcastShapes(tensor.shape, shape), shape)) {
    throw raised(`[${tensor.shape.join(", ")}] does not expand to [${wanted.join(", ")}]`);
  }
  const strides = shape.map((dim, i) => {
    const from = i - lead;
    return from < 0 || tensor.shape[from] !== dim ? 0 : tensor.strides[from];
  });
  const extra = tail(tensor);
  return builder.view(tensor, shape, strides, {
    apply: (base) => {
      const target = builder.read(builder.ints([...shape, ...extra]));
      return builder.node("Expand", [base, target], {}, { dtype: base.dtype, shape });
    },
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
  if (isComplex(tensor.dtype)) throw unsupported("a strided view of a complex tensor");
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
      const inputs = [flat, indices(), builder.reshape(update, [positions.length])];
      const written = builder.emit("ScatterElements", inputs, { axis: 0 }, { dtype: base.dtype, shape: [count] });
      return builder.read(builder.reshape(written, base.shape));
    },
  });
}
