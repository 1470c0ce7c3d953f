import { type DType, elementCount, onnxType } from "../graph/dtype.ts";
import type { Attributes } from "./attributes.ts";
import { GraphEmitter, type Result } from "./graph-emitter.ts";
import {
  dimsOf,
  expandTarget,
  type Extent,
  extentsOf,
  hasUnknown,
  mayBeSame,
  mayEqual,
  reshapeTarget,
  sizesTensor,
} from "./extent.ts";
import { Journal } from "./journal.ts";
import { raised, unsupported } from "./lowering-error.ts";
import { convert } from "./operators/complex.ts";
import { broadcastShapes, isComplex, resultType } from "./promotion.ts";
import { GraphValue, type Known, TensorValue, type View } from "./tensor-value.ts";
import { type Scalar, SymbolicScalar } from "./value.ts";

export type Operand = TensorValue | GraphValue;

/** What operators build the graph with: tensors of the program in, tensors of the program out. */
export class Builder {
  readonly graph = new GraphEmitter();
  readonly journal = new Journal();
  readonly #views = new WeakMap<TensorValue, TensorValue[]>();

  /** Emits one node with one result. Nodes whose inputs are all known constants are computed instead. */
  emit(op: string, inputs: readonly (Operand | null)[], attributes: Attributes, result: Result): TensorValue {
    return this.emitMany(op, inputs, attributes, [result])[0];
  }

  emitMany(
    op: string,
    inputs: readonly (Operand | null)[],
    attributes: Attributes,
    results: readonly Result[],
  ): TensorValue[] {
    const ready = inputs.map((input) => (input === null ? null : this.read(input)));
    return this.graph.node(op, ready, attributes, results).map((value) => this.wrap(value));
  }

  /** One node with one result, on the level of graph values: for views. */
  node(op: string, inputs: readonly (GraphValue | null)[], attributes: Attributes, result: Result): GraphValue {
    return this.graph.node(op, inputs, attributes, [result])[0];
  }

  /** The present value of a tensor. */
  read(operand: Operand): GraphValue {
    if (operand instanceof GraphValue) return operand;
    const { content } = operand;
    if ("value" in content) return content.value;
    const from = this.read(content.base);
    const { derived } = operand;
    if (derived !== null && derived.from === from && this.graph.sees(derived.value)) return derived.value;
    const value = content.view.apply(from);
    operand.derived = { from, value };
    return value;
  }

  /** Replaces the contents of a tensor; bases and other views of the same memory change with it. */
  write(tensor: TensorValue, update: Operand): void {
    let target = tensor;
    let value = this.expand(this.cast(update, tensor.dtype), this.#extentsFor(update, tensor));
    let current = this.read(value);
    while ("base" in target.content) {
      const { base, view } = target.content;
      const changed = view.scatter(this.read(base), current);
      target.derived = { from: changed, value: current };
      target = base;
      current = changed;
    }
    value = this.wrap(current);
    this.journal.set(target, { value: current });
  }

  /** A new tensor that holds this value. */
  wrap(value: GraphValue): TensorValue {
    return new TensorValue(value.dtype, value.shape, { value });
  }

  /** A tensor that shares the memory of `base`. */
  view(base: TensorValue, shape: readonly number[], strides: readonly number[], view: View): TensorValue {
    const made = new TensorValue(base.dtype, shape, { base, view }, { strides });
    const known = this.#views.get(base);
    if (known === undefined) this.#views.set(base, [made]);
    else known.push(made);
    return made;
  }

  /** The views of one tensor become views of another that shows the same memory in the same way. */
  moveViews(from: TensorValue, to: TensorValue): void {
    for (const made of this.#views.get(from) ?? []) {
      if (!("base" in made.content) || made.content.base !== from) continue;
      this.journal.set(made, { base: to, view: made.content.view });
      made.derived = null;
    }
  }

  /** A new tensor with the same contents now, which does not change with `tensor`. */
  copy(tensor: Operand): TensorValue {
    return this.wrap(this.read(tensor));
  }

  /** Elements in row-major order, or null when they are known at run time only. */
  known(operand: Operand): Known {
    return this.read(operand).known;
  }

  constant(dtype: DType, shape: readonly number[], elements: readonly (bigint | number)[]): TensorValue {
    return this.wrap(this.graph.constant(dtype, shape, elements));
  }

  /** A 1-D int64 constant, for axes, shapes and pads. */
  ints(values: readonly number[]): TensorValue {
    if (hasUnknown(values)) throw unsupported("an operator on a size that depends on the values of a tensor");
    return this.constant("int64", [values.length], values.map(BigInt));
  }

  /** A constant filled with one number, of any shape (0-dim when left out). */
  full(dtype: DType, number: Scalar, shape: readonly Extent[] = []): TensorValue {
    const element = elementOf(dtype, number);
    const dims = dimsOf(shape);
    if (elementCount(dims) <= 64) {
      return this.constant(dtype, dims, Array.from<bigint | number>({ length: elementCount(dims) }).fill(element));
    }
    return this.expand(this.constant(dtype, [], [element]), shape);
  }

  /** A Python number as a 0-dim tensor that is weak in type promotion. */
  wrapScalar(scalar: Scalar | SymbolicScalar): TensorValue {
    const value =
      scalar instanceof SymbolicScalar
        ? this.read(scalar.tensor)
        : this.read(
            this.full(typeof scalar === "bigint" ? "int64" : typeof scalar === "boolean" ? "bool" : "float64", scalar),
          );
    return new TensorValue(value.dtype, value.shape, { value }, { wrappedNumber: true });
  }

  /** The same elements as another type (PyTorch's conversions: floats are cut towards zero, anything but 0 is true). */
  cast(operand: Operand, dtype: DType): TensorValue {
    const value = this.read(operand);
    if (value.dtype === dtype) return this.#asTensor(operand, value);
    if (isComplex(value.dtype) || isComplex(dtype)) return convert(this, this.#asTensor(operand, value), dtype);
    return this.emit("Cast", [value], { to: onnxType(dtype) }, { dtype, shape: value.shape });
  }

  /** The same elements in another shape (all dimensions given). A new tensor, not a view. */
  reshape(operand: Operand, wanted: readonly Extent[]): TensorValue {
    const value = this.read(operand);
    const shape = dimsOf(wanted);
    if (!mayEqual(elementCount(shape), elementCount(value.shape))) {
      throw raised(`shape [${shape.join(", ")}] is invalid for [${value.shape.join(", ")}]`);
    }
    if (sameShape(shape, value.shape)) return this.#asTensor(operand, value);
    const target = reshapeTarget(this, value, wanted);
    const attributes = shape.includes(0) || (hasUnknown(shape) && !target.includes(-1)) ? { allowzero: 1 } : {};
    return this.emit("Reshape", [value, sizesTensor(this, [...target, ...pairAxis(value)])], attributes, {
      dtype: value.dtype,
      shape,
    });
  }

  /** NumPy's broadcast_to. */
  expand(operand: Operand, wanted: readonly Extent[]): TensorValue {
    const value = this.read(operand);
    const shape = dimsOf(wanted);
    if (sameShape(shape, value.shape)) return this.#asTensor(operand, value);
    const wide = broadcastShapes(value.shape, shape);
    if (!mayBeSame(wide, shape)) {
      throw raised(`shape [${value.shape.join(", ")}] does not expand to [${shape.join(", ")}]`);
    }
    const target = sizesTensor(this, [...expandTarget(value, wanted), ...pairAxis(value)]);
    return this.emit("Expand", [value, target], {}, { dtype: value.dtype, shape: wide });
  }

  transpose(operand: Operand, perm: readonly number[]): TensorValue {
    const value = this.read(operand);
    if (perm.every((axis, i) => axis === i)) return this.#asTensor(operand, value);
    const shape = perm.map((axis) => value.shape[axis]);
    const whole = isComplex(value.dtype) ? [...perm, perm.length] : perm;
    return this.emit("Transpose", [value], { perm: whole }, { dtype: value.dtype, shape });
  }

  unsqueeze(operand: Operand, axes: readonly number[]): TensorValue {
    const shape = [...this.read(operand).shape];
    for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return this.reshape(operand, shape);
  }

  concat(operands: readonly Operand[], axis: number): TensorValue {
    const values = operands.map((operand) => this.read(operand));
    if (values.length === 1) return this.wrap(values[0]);
    const shape = values[0].shape.map(
      (dim, i) => values.find((value) => !Number.isNaN(value.shape[i]))?.shape[i] ?? dim,
    );
    shape[axis] = values.reduce((sum, value) => sum + value.shape[axis], 0);
    return this.emit("Concat", values, { axis }, { dtype: values[0].dtype, shape });
  }

  /** All operands cast to the type that PyTorch's promotion gives them (or to `dtype`). Not yet broadcast. */
  promote(operands: readonly TensorValue[], dtype: DType = resultType(operands)): TensorValue[] {
    return operands.map((operand) => this.cast(operand, dtype));
  }

  /** An elementwise node over broadcast operands of one type, which are promoted first. */
  elementwise(op: string, operands: readonly TensorValue[], attributes: Attributes = {}, dtype?: DType): TensorValue {
    const ready = this.promote(operands);
    const shape = broadcastShapes(...ready.map((operand) => operand.shape));
    return this.emit(op, ready, attributes, { dtype: dtype ?? ready[0].dtype, shape });
  }

  /** What a tensor's contents are expanded to before they are overwritten. */
  #extentsFor(update: Operand, target: TensorValue): readonly Extent[] {
    const { shape } = target;
    const same = sameShape(this.read(update).shape, shape);
    return same || !hasUnknown(shape) ? shape : extentsOf(this, target);
  }

  #asTensor(operand: Operand, value: GraphValue): TensorValue {
    return operand instanceof TensorValue ? operand : this.wrap(value);
  }
}

/** A Python number as an element: bigint for integer types and bool, number for floats. */
export function elementOf(dtype: DType, number: Scalar): bigint | number {
  if (dtype === "bool") return Number(number) === 0 ? 0n : 1n;
  if (dtype.startsWith("float") || dtype === "bfloat16" || isComplex(dtype))
    return dtype === "float32" ? Math.fround(Number(number)) : Number(number);
  if (typeof number !== "number") return BigInt(number);
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
}

/** The axis of two that complex values have in the graph and programs do not see. */
function pairAxis({ dtype }: GraphValue): number[] {
  return isComplex(dtype) ? [2] : [];
}

/** Two unknown sizes count as the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => Object.is(dim, b[i]));
}
