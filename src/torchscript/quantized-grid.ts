import type { Builder } from "./builder.ts";
import { Maths } from "./operators/maths.ts";
import { clip } from "./operators/activations.ts";
import { TensorValue } from "./tensor-value.ts";
import { ListValue, TupleValue, type Value } from "./value.ts";

/** The integers of a quantised tensor: (q − zero) × scale, q in [low, high]. */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** Grids of quantised activations. Their values are kept as the floats that the integers stand for. */
const grids = new WeakMap<TensorValue, Grid>();

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(" ").map((name) => `aten::${name}`));
}

/** Averages land between the integers; PyTorch averages these and rounds to the grid of the input. */
const averaging = names(
  "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d avg_pool1d avg_pool2d avg_pool3d mean upsample_bilinear2d",
);

/** What gives other numbers than those of the grid. */
const bending = names("hardtanh hardtanh_ clamp clamp_ leaky_relu elu");

export function gridOf(tensor: TensorValue): Grid | null {
  return grids.get(tensor) ?? null;
}

/** Rounded to the nearest number of the grid, and marked as quantised. */
export function toGrid(builder: Builder, x: TensorValue, grid: Grid): TensorValue {
  const m = new Maths(builder);
  const steps = m.round(m.mul(builder.cast(x, "float32"), Math.fround(1 / Math.fround(grid.scale))));
  const q = clip(builder, m.add(steps, grid.zero), grid.low, grid.high);
  const result = m.mul(m.sub(q, grid.zero), Math.fround(grid.scale));
  grids.set(result, grid);
  return result;
}

/** The grid of `torch.quint8` and its like, by the number of the type. */
export function gridOfType(code: number, scale: number, zero: number): Grid {
  if (code === 12) return { scale, zero, low: -128, high: 127 };
  return code === 14 ? { scale, zero, low: -(2 ** 31), high: 2 ** 31 - 1 } : { scale, zero, low: 0, high: 255 };
}

function gridAmong(values: Iterable<Value>): Grid | null {
  for (const value of values) {
    const grid =
      value instanceof TensorValue ? gridOf(value) : value instanceof ListValue ? gridAmong(value.content) : null;
    if (grid !== null) return grid;
  }
  return null;
}

/** An average of the integers themselves, so that halves are exact. Null: not of that kind, or nothing quantised. */
export function averaged(
  name: string,
  values: ReadonlyMap<string, Value>,
  builder: Builder,
  lower: (values: ReadonlyMap<string, Value>) => Value,
): Value | null {
  const grid = averaging.has(name) ? gridAmong(values.values()) : null;
  if (grid === null) return null;
  const m = new Maths(builder);
  const scale = Math.fround(grid.scale);
  const steps = new Map<string, Value>();
  for (const [argument, value] of values) {
    const quantised = value instanceof TensorValue && gridOf(value) !== null;
    steps.set(argument, quantised ? m.round(m.mul(value, Math.fround(1 / scale))) : value);
  }
  const result = lower(steps);
  if (!(result instanceof TensorValue)) return null;
  const rounded = m.mul(m.round(result), scale);
  grids.set(rounded, grid);
  return rounded;
}

/** What an operator without quantised numbers of its own gives for them: numbers of the same grid. */
export function keepGrid(name: string, values: ReadonlyMap<string, Value>, result: Value, builder: Builder): Value {
  if (name.startsWith("quantized::") || name === "aten::dequantize") return result;
  const grid = gridAmong(values.values());
  if (grid === null) return result;
  const keep = (value: Value): Value => {
    if (value instanceof ListValue || value instanceof TupleValue) {
      for (const item of value instanceof ListValue ? value.content : value.items) keep(item);
      return value;
    }
    if (!(value instanceof TensorValue) || value.dtype !== "float32") return value;
    if (bending.has(name)) return toGrid(builder, value, grid);
    grids.set(value, grid);
    return value;
  };
  return keep(result);
}
