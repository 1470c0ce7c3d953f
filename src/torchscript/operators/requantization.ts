import type { Builder } from "../builder.ts";
import { invalid } from "../lowering-error.ts";
import { anyGridOf, type Grid, gridOf, limited, onGrid } from "../quantized-grid.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths, type Term } from "./maths.ts";

/**
 * PyTorch's default engine on x86 ("x86") calls oneDNN for convolutions, FBGEMM for linear layers and for what oneDNN
 * does not have. All of them sum integers exactly; they differ in the order of the float operations that follow, and
 * so in which of two integers is nearest when the sum lies between them. Measured against torch 2.15: no difference in
 * 10⁷ sums each.
 */
export type Engine = "onednn" | "fbgemm";

/** Sums of products of steps, and what one step of them stands for. */
export interface Sums {
  /** Whole numbers. */
  readonly sums: TensorValue;
  readonly input: Grid;
  /** Scale of the weights; of each output channel: shaped to broadcast with the sums. */
  readonly weightScale: Term;
  /** Shaped to broadcast with the sums. */
  readonly bias: TensorValue | null;
}

function times(m: Maths, a: Term, b: Term): Term {
  return typeof a === "number" && typeof b === "number" ? Math.fround(a * b) : m.mul(a, b);
}

function over(m: Maths, a: Term, b: number): Term {
  return typeof a === "number" ? Math.fround(a / b) : m.div(a, b);
}

/** The whole numbers that a layer's sums are rounded to. */
export function requantize(builder: Builder, of: Sums, grid: Grid, positive: boolean, engine: Engine): TensorValue {
  const m = new Maths(builder);
  // Rounding changes no sum; it keeps ONNX Runtime from multiplying the scales into the weights.
  const sums = m.round(of.sums);
  const steps = engine === "onednn" ? ofOneDnn(m, sums, of, grid) : ofFbgemm(m, sums, of, grid);
  return onGrid(limited(builder, steps, positive ? { ...grid, low: Math.max(grid.zero, grid.low) } : grid), grid);
}

/** round(((sum × input scale) × weight scale + bias) × (1 / scale) + zero). */
function ofOneDnn(m: Maths, sums: TensorValue, { input, weightScale, bias }: Sums, grid: Grid): TensorValue {
  // The scale of the input arrives by way of its reciprocal.
  const scale = Math.fround(1 / Math.fround(1 / input.scale));
  const floats = m.mul(m.mul(sums, scale), weightScale);
  const shifted = m.mul(bias === null ? floats : m.add(floats, bias), Math.fround(1 / Math.fround(grid.scale)));
  return grid.zero === 0 ? m.round(shifted) : m.sub(m.round(m.add(shifted, grid.zero)), grid.zero);
}

/** round((sum + bias / unit) × (unit / scale)), the unit being input scale × weight scale. */
function ofFbgemm(m: Maths, sums: TensorValue, { input, weightScale, bias }: Sums, grid: Grid): TensorValue {
  const unit = times(m, Math.fround(input.scale), weightScale);
  const shifted = bias === null ? sums : m.add(sums, m.div(bias, unit));
  return m.round(m.mul(shifted, over(m, unit, Math.fround(grid.scale))));
}

/** The scale of quantised weights for results of the given rank whose channels lie on `axis`. */
export function weightScaleOf(builder: Builder, weight: TensorValue, rank: number, axis: number): Term {
  const grid = anyGridOf(weight);
  if (grid === null) throw invalid("a quantised layer whose weights are not quantised");
  if ("scale" in grid) return Math.fround(grid.scale);
  return alongAxis(builder, grid.scales, rank, axis);
}

export function alongAxis(builder: Builder, x: TensorValue, rank: number, axis: number): TensorValue {
  return builder.reshape(
    x,
    Array.from({ length: rank }, (_, i) => (i === axis ? x.count : 1)),
  );
}

/** The grid of a layer's input. */
export function inputGrid(x: TensorValue, name: string): Grid {
  const grid = gridOf(x);
  if (grid === null) throw invalid(`${name} of a tensor that is not quantised`);
  return grid;
}
