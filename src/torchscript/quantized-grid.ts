import type { Builder } from "./builder.ts";
import { clip } from "./operators/activations.ts";
import { Maths } from "./operators/maths.ts";
import { TensorValue } from "./tensor-value.ts";
import { ListValue, TupleValue, type Value } from "./value.ts";

/**
 * The integers q of a quantised tensor stand for (q − zero) × scale, q in [low, high]. Our tensor holds the steps
 * q − zero themselves, as float32: whole numbers up to 2²⁴ are exact there, sums and products of them too, so that the
 * integers are those of PyTorch's kernels.
 */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** Weights with a scale for each channel; float32, shaped to broadcast. */
export interface ChannelGrid {
  readonly scales: TensorValue;
  readonly axis: number;
}

const grids = new WeakMap<TensorValue, Grid | ChannelGrid>();

/** The grid of a tensor whose elements share one. */
export function gridOf(tensor: TensorValue): Grid | null {
  const grid = grids.get(tensor);
  return grid !== undefined && "scale" in grid ? grid : null;
}

export function anyGridOf(tensor: TensorValue): Grid | ChannelGrid | null {
  return grids.get(tensor) ?? null;
}

/** Says of steps what grid they are of. */
export function onGrid<G extends Grid | ChannelGrid>(steps: TensorValue, grid: G): TensorValue {
  grids.set(steps, grid);
  return steps;
}

/** After a write: the tensor is on the grid of what was written. */
export function adoptGrid(tensor: TensorValue, written: TensorValue): void {
  const grid = grids.get(written);
  if (grid === undefined) grids.delete(tensor);
  else grids.set(tensor, grid);
}

export function sameGrid(a: Grid, b: Grid): boolean {
  return a.scale === b.scale && a.zero === b.zero && a.low === b.low && a.high === b.high;
}

/** The floats that a tensor's integers stand for; the tensor itself when it is not quantised. */
export function dequantized(builder: Builder, x: TensorValue): TensorValue {
  const grid = grids.get(x);
  if (grid === undefined) return x;
  return new Maths(builder).mul(x, "scale" in grid ? Math.fround(grid.scale) : grid.scales);
}

/**
 * The floats as PyTorch's vectors compute them: q × scale − zero × scale in one rounding, the second product rounded
 * before. The exact remainder of that rounding moves every element.
 */
export function fusedFloats(builder: Builder, x: TensorValue): TensorValue {
  const grid = gridOf(x);
  if (grid === null) return dequantized(builder, x);
  const m = new Maths(builder);
  const scale = Math.fround(grid.scale);
  const rest = scale * grid.zero - Math.fround(scale * grid.zero);
  if (rest === 0) return m.mul(x, scale);
  return builder.cast(m.add(m.mul(builder.cast(x, "float64"), scale), rest), "float32");
}

/** Steps within the limits of a grid, from numbers of steps that need not be whole. */
export function rounded(builder: Builder, steps: TensorValue, grid: Grid): TensorValue {
  return limited(builder, new Maths(builder).round(steps), grid);
}

/** Whole steps, cut to the limits of a grid. */
export function limited(builder: Builder, steps: TensorValue, grid: Grid): TensorValue {
  return onGrid(clip(builder, steps, grid.low - grid.zero, grid.high - grid.zero), grid);
}

/** Floats to the nearest numbers of the grid, by its scale's reciprocal. */
export function toGrid(builder: Builder, x: TensorValue, grid: Grid): TensorValue {
  const m = new Maths(builder);
  return rounded(builder, m.mul(builder.cast(x, "float32"), Math.fround(1 / Math.fround(grid.scale))), grid);
}

/** The grid of `torch.quint8` and its like, by the number of the type. */
export function gridOfType(code: number, scale: number, zero: number): Grid {
  if (code === 12) return { scale, zero, low: -128, high: 127 };
  return code === 14 ? { scale, zero, low: -(2 ** 31), high: 2 ** 31 - 1 } : { scale, zero, low: 0, high: 255 };
}

/** Grids of all tensors among the values, also inside of lists. */
export function gridsAmong(values: Iterable<Value>): (Grid | ChannelGrid)[] {
  return [...values].flatMap((value) => {
    if (value instanceof ListValue) return gridsAmong(value.content);
    const grid = value instanceof TensorValue ? grids.get(value) : undefined;
    return grid === undefined ? [] : [grid];
  });
}

/** Values with every quantised tensor replaced, also inside of lists. */
export function replaced(value: Value, of: (tensor: TensorValue) => TensorValue): Value {
  if (value instanceof ListValue) return new ListValue(value.content.map((item) => replaced(item, of)));
  return value instanceof TensorValue && grids.has(value) ? of(value) : value;
}

/** Says of all float tensors of a result that they are steps of the grid. */
export function marked(result: Value, grid: Grid): Value {
  if (result instanceof ListValue || result instanceof TupleValue) {
    for (const item of result instanceof ListValue ? result.content : result.items) marked(item, grid);
  } else if (result instanceof TensorValue && result.dtype === "float32") onGrid(result, grid);
  return result;
}
