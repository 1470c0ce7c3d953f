import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import type { Operator } from "./operator.ts";

/** Elements start ≤ i < end of one axis (step 1), as a new tensor. */
export function sliceAxis(builder: Builder, x: TensorValue, axis: number, start: number, end: number): TensorValue {
  if (start === 0 && end === x.shape[axis]) return x;
  const one = (n: number) => builder.ints([n]);
  const shape = x.shape.with(axis, Math.max(end - start, 0));
  return builder.emit("Slice", [x, one(start), one(end), one(axis)], {}, { dtype: x.dtype, shape });
}

/** The elements of one axis in this order. */
export function takeAxis(builder: Builder, x: TensorValue, axis: number, order: readonly number[]): TensorValue {
  return builder.emit(
    "Gather",
    [x, builder.ints(order)],
    { axis },
    { dtype: x.dtype, shape: x.shape.with(axis, order.length) },
  );
}

export function flip(builder: Builder, x: TensorValue, axes: readonly number[]): TensorValue {
  if (axes.length === 0 || x.rank === 0) return builder.copy(x);
  const fill = (n: number) => builder.ints(axes.map(() => n));
  const inputs = [x, fill(-1), fill(-Number.MAX_SAFE_INTEGER), builder.ints(axes), fill(-1)];
  return builder.emit("Slice", inputs, {}, { dtype: x.dtype, shape: x.shape });
}

/** Elements pushed along an axis and round the end. */
export function rollAxis(builder: Builder, x: TensorValue, axis: number, shift: number): TensorValue {
  const size = x.shape[axis];
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return x;
  return builder.concat(
    [sliceAxis(builder, x, axis, size - by, size), sliceAxis(builder, x, axis, 0, size - by)],
    axis,
  );
}

function roll(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const [shifts, dims] = [call.ints("shifts"), call.optionalInts("dims") ?? []];
  if (dims.length === 0) {
    return builder.reshape(rollAxis(builder, builder.reshape(self, [self.count]), 0, shifts[0]), self.shape);
  }
  return dims.reduce((x, dim, i) => rollAxis(builder, x, normalizeDim(dim, x.rank), shifts[i]), builder.copy(self));
}

function rotate(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const turns = ((call.int("k") % 4) + 4) % 4;
  const [a, b] = call.ints("dims").map((dim) => normalizeDim(dim, self.rank));
  if (turns === 0) return builder.copy(self);
  if (turns === 2) return flip(builder, self, [a, b]);
  const perm = self.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  if (turns === 1) return builder.transpose(flip(builder, self, [b]), perm);
  return flip(builder, builder.transpose(self, perm), [b]);
}

export function repeat(builder: Builder, x: TensorValue, times: readonly number[]): TensorValue {
  const wide = builder.reshape(x, [
    ...Array.from<number>({ length: Math.max(times.length - x.rank, 0) }).fill(1),
    ...x.shape,
  ]);
  if (times.length < x.rank) throw raised("repeat with fewer numbers than dimensions");
  if (times.every((n) => n === 1)) return builder.copy(wide);
  const shape = wide.shape.map((dim, i) => dim * times[i]);
  const all = isComplex(x.dtype) ? [...times, 1] : times;
  return builder.emit("Tile", [wide, builder.ints(all)], {}, { dtype: x.dtype, shape });
}

/** Splits channels and space as the perm says: [N, c, (a, b), H, W] and back. */
function shuffle(builder: Builder, x: TensorValue, factor: number, out: boolean): TensorValue {
  const outer = x.shape.slice(0, -3);
  const [c, h, w] = x.shape.slice(-3);
  const n = outer.length;
  const at = (...axes: number[]) => [...outer.map((_, i) => i), ...axes.map((axis) => axis + n)];
  if (out) {
    const split = builder.reshape(x, [...outer, c / factor ** 2, factor, factor, h, w]);
    const moved = builder.transpose(split, at(0, 3, 1, 4, 2));
    return builder.reshape(moved, [...outer, c / factor ** 2, h * factor, w * factor]);
  }
  const split = builder.reshape(x, [...outer, c, h / factor, factor, w / factor, factor]);
  return builder.reshape(builder.transpose(split, at(0, 2, 4, 1, 3)), [
    ...outer,
    c * factor ** 2,
    h / factor,
    w / factor,
  ]);
}

function channelShuffle(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const groups = call.int("groups");
  const [n, c, ...rest] = self.shape;
  const split = builder.reshape(self, [n, groups, c / groups, ...rest]);
  const perm = split.shape.map((_, axis) => (axis === 1 ? 2 : axis === 2 ? 1 : axis));
  return builder.reshape(builder.transpose(split, perm), self.shape);
}

function depthRows(): Operator[] {
  return [
    {
      name: "aten::pixel_shuffle",
      schemas: ["aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor"],
      doc: "Channels become space.",
      lower: (call, builder) => shuffle(builder, call.tensor("self"), call.int("upscale_factor"), true),
    },
    {
      name: "aten::pixel_unshuffle",
      schemas: ["aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor"],
      doc: "Space becomes channels.",
      lower: (call, builder) => shuffle(builder, call.tensor("self"), call.int("downscale_factor"), false),
    },
    {
      name: "aten::channel_shuffle",
      schemas: ["aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor"],
      doc: "Channels of groups interleaved.",
      lower: channelShuffle,
    },
    {
      name: "aten::native_channel_shuffle",
      schemas: ["aten::native_channel_shuffle(Tensor self, SymInt groups) -> Tensor"],
      doc: "Channels of groups interleaved.",
      lower: channelShuffle,
    },
  ];
}

function flipped(name: string, schemas: readonly string[], dims: (call: Call) => number[]): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "In reverse order along dimensions.",
    lower(call, builder) {
      const self = call.tensor("self");
      return flip(
        builder,
        self,
        dims(call).map((dim) => normalizeDim(dim, self.rank)),
      );
    },
  };
}

/** The same elements in another order, as new tensors. */
export const rearranging: readonly Operator[] = [
  flipped("flip", ["aten::flip(Tensor self, int[] dims) -> Tensor"], (call) => call.ints("dims")),
  flipped("fliplr", ["aten::fliplr(Tensor self) -> Tensor"], () => [1]),
  flipped("flipud", ["aten::flipud(Tensor self) -> Tensor"], () => [0]),
  {
    name: "aten::roll",
    schemas: ["aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor"],
    doc: "Pushed along dimensions and round the end.",
    lower: roll,
  },
  {
    name: "aten::rot90",
    schemas: ["aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor"],
    doc: "Turned by k × 90 degrees.",
    lower: rotate,
  },
  {
    name: "aten::repeat",
    schemas: ["aten::repeat(Tensor self, SymInt[] repeats) -> Tensor"],
    doc: "Tiled.",
    lower: (call, builder) => repeat(builder, call.tensor("self"), call.ints("repeats")),
  },
  {
    name: "aten::tile",
    schemas: ["aten::tile(Tensor self, SymInt[] dims) -> Tensor"],
    doc: "Tiled; missing numbers count as 1.",
    lower(call, builder) {
      const self = call.tensor("self");
      const dims = call.ints("dims");
      const missing = Array.from<number>({ length: Math.max(self.rank - dims.length, 0) }).fill(1);
      return repeat(builder, self, [...missing, ...dims]);
    },
  },
  ...depthRows(),
];
