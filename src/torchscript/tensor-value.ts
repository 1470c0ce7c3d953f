import type { FilePosition } from "../archive/byte-source.ts";
import { type DType, elementCount } from "../graph/dtype.ts";
import type { GraphNode } from "../graph/graph.ts";
import { type Mutable, nextBirth } from "./value.ts";

/** Elements in row-major order: bigint for integers, 0n and 1n for bool, number for floats. Null: only at run time. */
export type Known = readonly (bigint | number)[] | null;

/** Where nodes go: the graph itself, or one arm of an If or the body of a Loop. */
export interface Scope {
  readonly parent: Scope | null;
  readonly nodes: GraphNode[];
}

/** Where a weight's bytes are. */
export type Located = { readonly bytes: Uint8Array } | { readonly position: FilePosition; readonly byteLength: number };

/**
 * One immutable value of the ONNX graph, or a constant that becomes one when a node needs it. complex64 is a float32
 * value with a last axis of 2 that `shape` does not show (complex128: float64).
 */
export class GraphValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly known: Known;
  /** Set for weights. */
  readonly located: Located | null;
  /** The scope whose nodes compute it; null for constants, weights and inputs, which every scope sees. */
  readonly scope: Scope | null;
  /** Name in the graph; empty for a constant or weight that no node has used yet. */
  name: string;

  constructor(
    dtype: DType,
    shape: readonly number[],
    origin: { name?: string; known?: Known; located?: Located; scope?: Scope },
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.known = origin.known ?? null;
    this.located = origin.located ?? null;
    this.scope = origin.scope ?? null;
    this.name = origin.name ?? "";
  }
}

/** How a view follows from its base, and how a write to the view changes the base. */
export interface View {
  /** The view's value, from the base's. */
  apply(base: GraphValue): GraphValue;
  /** The base's value after the view has become `update` (which has the view's shape and dtype). */
  scatter(base: GraphValue, update: GraphValue): GraphValue;
}

export type TensorContent = { readonly value: GraphValue } | { readonly base: TensorValue; readonly view: View };

/**
 * A tensor of the program: a name for memory that may change. Its present value is a GraphValue; a view derives its
 * value from its base whenever the base has changed. Read with `builder.read`, change with `builder.write`.
 */
export class TensorValue implements Mutable<TensorContent> {
  readonly dtype: DType;
  shape: readonly number[];
  /** Elements to skip for one step along each dimension, as PyTorch would report them. */
  strides: readonly number[];
  content: TensorContent;
  readonly born = nextBirth();
  /** A Python number in tensor form: weak in type promotion, as PyTorch's wrapped numbers. */
  readonly wrappedNumber: boolean;
  /** The view's value and the base's value that it was derived from. */
  derived: { readonly from: GraphValue; readonly value: GraphValue } | null = null;

  constructor(
    dtype: DType,
    shape: readonly number[],
    content: TensorContent,
    options: { strides?: readonly number[]; wrappedNumber?: boolean } = {},
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.strides = options.strides ?? contiguousStrides(shape);
    this.content = content;
    this.wrappedNumber = options.wrappedNumber ?? false;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get count(): number {
    return elementCount(this.shape);
  }
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = Array.from<number>({ length: shape.length });
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(shape[axis] ?? 1, 1);
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps. */
export function isContiguous(tensor: TensorValue): boolean {
  if (tensor.count === 0) return true;
  const expected = contiguousStrides(tensor.shape);
  return tensor.shape.every((dim, axis) => dim === 1 || tensor.strides[axis] === expected[axis]);
}
