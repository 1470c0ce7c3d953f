import type { Builder } from "./builder.ts";
import {
  dequantized,
  fusedFloats,
  type Grid,
  gridsAmong,
  marked,
  replaced,
  rounded,
  sameGrid,
  toGrid,
} from "./quantized-grid.ts";
import { Maths } from "./operators/maths.ts";
import { sliceAxis } from "./operators/rearrange.ts";
import { TensorValue } from "./tensor-value.ts";
import { ListValue, type Value } from "./value.ts";

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(" ").map((name) => `aten::${name}`));
}

/** Operators that read quantised tensors as such. */
const reading = names(
  "dequantize int_repr q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis " +
    "quantized_lstm quantized_gru size dim numel len is_floating_point",
);

/** Averages of steps, which PyTorch rounds to the grid of the input. */
const averaging = names(
  "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d avg_pool1d avg_pool2d avg_pool3d upsample_bilinear2d",
);

/** What gives other numbers than those of the grid: computed in floats, then rounded to the grid of the input. */
const bending = names(
  "hardtanh clamp clamp_min clamp_max relu6 leaky_relu elu celu gelu prelu threshold constant_pad_nd masked_fill mean " +
    "cat stack add sub mul",
);

/** Grids of their own, by PyTorch's rule that the range of the function is known: [scale, zero of quint8, of qint8]. */
const ranges: Readonly<Record<string, readonly [number, number, number]>> = {
  "aten::sigmoid": [1 / 256, 0, -128],
  "aten::hardsigmoid": [1 / 256, 0, -128],
  "aten::tanh": [2 / 256, 128, 0],
};

/** Answers that are no numbers of a grid. */
const judging = names("eq ne lt le gt ge equal allclose isnan std var softmax log_softmax");

/**
 * An operator of floats that is called with quantised tensors. Null: nothing is quantised, or the operator reads
 * quantised tensors itself.
 */
export function calledOnGrid(
  name: string,
  values: ReadonlyMap<string, Value>,
  builder: Builder,
  lower: (values: ReadonlyMap<string, Value>) => Value,
): Value | null {
  if (name.startsWith("quantized::") || name.startsWith("prim::") || reading.has(name)) return null;
  const among = gridsAmong(values.values());
  if (among.length === 0) return null;
  const floats = (of: typeof dequantized) =>
    lower(new Map([...values].map(([key, value]) => [key, replaced(value, (x) => of(builder, x))])));
  const [grid] = among;
  if (!("scale" in grid) || judging.has(name)) return floats(dequantized);
  const own = ranges[name];
  if (own !== undefined) return gridded(builder, floats(fusedFloats), rangeGrid(grid, own));
  if (averaging.has(name)) {
    const result = lower(values);
    return result instanceof TensorValue ? rounded(builder, result, grid) : result;
  }
  if (name === "aten::mean") {
    const means = spatialMeans(builder, values);
    if (means !== null) return toGrid(builder, means, grid);
  }
  const moved = name === "aten::cat" || name === "aten::stack";
  if (moved && among.every((other) => "scale" in other && sameGrid(other, grid))) return marked(lower(values), grid);
  if (bending.has(name)) return gridded(builder, floats(name === "aten::leaky_relu" ? fusedFloats : dequantized), grid);
  return marked(lower(values), grid);
}

/**
 * Means over all spatial dimensions, of floats summed one by one: PyTorch's order for what quantised layers give. A mean
 * halfway between two integers is decided by the errors of that sum. Null: of other dimensions.
 */
function spatialMeans(builder: Builder, values: ReadonlyMap<string, Value>): TensorValue | null {
  const [self, dim, keep] = ["self", "dim", "keepdim"].map((key) => values.get(key) ?? null);
  if (!(self instanceof TensorValue) || !(dim instanceof ListValue) || self.rank < 3) return null;
  const axes = dim.content.map((axis) => (Number(axis) + self.rank) % self.rank).toSorted((a, b) => a - b);
  if (
    axes.join() !==
    self.shape
      .map((_, axis) => axis)
      .slice(2)
      .join()
  )
    return null;
  const m = new Maths(builder);
  const [batch, channels] = self.shape;
  const count = self.shape.slice(2).reduce((a, b) => a * b, 1);
  const flat = builder.reshape(dequantized(builder, self), [batch, channels, count]);
  const axis = builder.constant("int64", [], [2n]);
  const sums = builder.emit("CumSum", [flat, axis], {}, { dtype: "float32", shape: flat.shape });
  const means = m.div(sliceAxis(builder, sums, 2, count - 1, count), count);
  return builder.reshape(means, keep === true ? [batch, channels, ...axes.map(() => 1)] : [batch, channels]);
}

function rangeGrid(of: Grid, [scale, unsigned, signed]: readonly [number, number, number]): Grid {
  return { scale, zero: of.low < 0 ? signed : unsigned, low: of.low, high: of.high };
}

function gridded(builder: Builder, result: Value, grid: Grid): Value {
  return result instanceof TensorValue ? toGrid(builder, result, grid) : result;
}
