import type { Builder } from "./builder.ts";
import { type Extent, extentOf, sizesTensor, sizeTensor, unknownSize } from "./extent.ts";
import { raised, unsupported } from "./lowering-error.ts";
import { isComplex } from "./promotion.ts";
import type { GraphValue, TensorValue } from "./tensor-value.ts";
import { aliasView } from "./view.ts";

/** 0, 1, 2, … up to a size. */
export function positions(builder: Builder, size: Extent): TensorValue {
  if (typeof size === "number") return builder.ints(Array.from({ length: size }, (_, i) => i));
  const [start, step] = [0n, 1n].map((number) => builder.full("int64", number));
  return builder.emit("Range", [start, size, step], {}, { dtype: "int64", shape: [unknownSize] });
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
  if (length === size) return aliasView(builder, tensor);
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

/** As far as a slice can reach. */
const toTheEnd = Number.MAX_SAFE_INTEGER;

/** A slice whose ends, or whose dimension's size, only running the graph tells; ends are as Python takes them. */
export function dynamicSlice(
  builder: Builder,
  tensor: TensorValue,
  axis: number,
  ends: { readonly start: Extent | null; readonly end: Extent | null; readonly step: number },
  length = unknownSize,
): TensorValue {
  const { start, end, step } = ends;
  if ((start ?? 0) === 0 && (end === null || (typeof end === "number" && end >= toTheEnd)) && step === 1)
    return aliasView(builder, tensor);
  const part = (base: GraphValue, from: Extent, to: Extent, by: number, size = unknownSize) => {
    const inputs = [[from], [to], [axis], [by]].map((extents) => sizesTensor(builder, extents));
    return builder.node("Slice", [base, ...inputs], {}, { dtype: base.dtype, shape: base.shape.with(axis, size) });
  };
  const shape = tensor.shape.with(axis, length);
  const strides = tensor.strides.with(axis, tensor.strides[axis] * step);
  return builder.view(tensor, shape, strides, {
    apply: (base) => part(base, start ?? 0, end ?? toTheEnd, step, length),
    scatter: (base, update) => {
      if (step !== 1) throw unsupported("a write to a slice with steps whose size depends on the values of a tensor");
      const head = part(base, 0, start ?? 0, 1);
      const sizes = [head, update].map((value) => sizeTensor(builder, extentOf(builder, value, axis)));
      const written = builder.emit("Add", sizes, {}, { dtype: "int64", shape: [] });
      const parts = [head, update, part(base, builder.read(written), toTheEnd, 1)];
      return builder.node("Concat", parts, { axis }, { dtype: base.dtype, shape: base.shape });
    },
  });
}

/** `tensor[…, index, …]`: the dimension disappears. */
export function selectView(builder: Builder, tensor: TensorValue, axis: number, index: number): TensorValue {
  const size = tensor.shape[axis];
  const at = index < 0 ? index + size : index;
  if (Number.isNaN(size)) return dynamicSelect(builder, tensor, axis, sizeTensor(builder, index));
  if (at < 0 || at >= size) throw raised(`index ${index} is out of range for dimension ${axis} of size ${size}`);
  const shape = tensor.shape.toSpliced(axis, 1);
  const strides = tensor.strides.toSpliced(axis, 1);
  return builder.view(tensor, shape, strides, {
    apply: (base) => {
      const position = builder.read(builder.constant("int64", [], [BigInt(at)]));
      return builder.node("Gather", [base, position], { axis }, { dtype: base.dtype, shape });
    },
    scatter: (base, update) => {
      const row = builder.read(builder.reshape(update, base.shape.with(axis, 1)));
      return replaceSlice(builder, base, row, axis, at, 1);
    },
  });
}

/** `select` with an index that only running the graph tells. */
export function dynamicSelect(builder: Builder, tensor: TensorValue, axis: number, index: TensorValue): TensorValue {
  const shape = tensor.shape.toSpliced(axis, 1);
  const position = builder.reshape(builder.cast(index, "int64"), []);
  return builder.view(tensor, shape, tensor.strides.toSpliced(axis, 1), {
    apply: (base) => builder.node("Gather", [base, builder.read(position)], { axis }, { dtype: base.dtype, shape }),
    scatter: (base, update) => {
      const row = builder.reshape(update, base.shape.with(axis, 1));
      const zero = builder.full("int64", 0n);
      const size = extentOf(builder, base, axis);
      const numbers = positions(builder, size);
      const int = { dtype: "int64", shape: [] } as const;
      const wrapped = builder.emit("Add", [position, sizeTensor(builder, size)], {}, int);
      const negative = builder.emit("Less", [position, zero], {}, { dtype: "bool", shape: [] });
      const at = builder.emit("Where", [negative, wrapped, position], {}, int);
      const pairs = isComplex(base.dtype) ? [1] : [];
      const column = [...base.shape.map((dim, i) => (i === axis ? dim : 1)), ...pairs];
      const mask = builder.emit("Equal", [builder.reshape(numbers, column), at], {}, { dtype: "bool", shape: column });
      return builder.node("Where", [builder.read(mask), builder.read(row), base], {}, base);
    },
  });
}
