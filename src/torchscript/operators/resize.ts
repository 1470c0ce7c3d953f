import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { dimsOf, type Extent, hasUnknown, sizesTensor } from "../extent.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import type { Operator } from "./operator.ts";
import { takeAxis } from "./rearrange.ts";
import { type Kernel, resampling } from "./resampling.ts";

interface Axis {
  readonly size: number;
  readonly out: number;
  /** The scale factor, where the program gave one: it decides, not the ratio of the sizes. */
  readonly scale: number | null;
}

/** Sizes and scales of the spatial axes, from either form of the overloads. */
function axesOf(call: Call, x: TensorValue, spatial: number): Axis[] {
  const dims = x.shape.slice(x.rank - spatial);
  const sizes = call.optionalInts("output_size");
  const factors = call.has("scale_factors") ? call.optionalFloats("scale_factors") : namedScales(call, spatial);
  return dims.map((size, i) => {
    const scale = factors?.[i] ?? null;
    const out = sizes?.[i] ?? Math.floor(size * (scale ?? 1));
    return { size, out, scale: scale !== null && scale > 0 ? scale : null };
  });
}

function namedScales(call: Call, spatial: number): (number | null)[] {
  const names = spatial === 1 ? ["scales"] : ["scales_d", "scales_h", "scales_w"].slice(3 - spatial);
  return names.map((name) => call.optionalFloat(name));
}

/** The step in the input for one in the output. */
function stepOf({ size, out, scale }: Axis): number {
  return scale === null ? size / out : 1 / scale;
}

function nearestSource(axis: Axis, exact: boolean): number[] {
  const step = Math.fround(stepOf(axis));
  return Array.from({ length: axis.out }, (_, at) => {
    const from = Math.floor(Math.fround(Math.fround(exact ? at + 0.5 : at) * step));
    return Math.min(from, axis.size - 1);
  });
}

function nearest(builder: Builder, x: TensorValue, axes: readonly Axis[], exact: boolean): TensorValue {
  if (
    axes.every(({ size, out, scale }) => out % size === 0 && (scale === null || scale === out / size)) &&
    x.rank <= 4
  ) {
    return emitResize(builder, x, axes, {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    });
  }
  return axes.reduce((result, axis, i) => {
    const source = nearestSource(axis, exact);
    const unchanged = source.length === axis.size && source.every((from, at) => from === at);
    return unchanged ? result : takeAxis(builder, result, x.rank - axes.length + i, source);
  }, x);
}

function emitResize(
  builder: Builder,
  x: TensorValue,
  axes: readonly Axis[],
  attributes: Readonly<Record<string, string | { float: number }>>,
): TensorValue {
  const shape = [...x.shape.slice(0, x.rank - axes.length), ...axes.map(({ out }) => out)];
  if (hasUnknown(x.shape)) return resizeSpatial(builder, x, shape, shape.slice(x.rank - axes.length), attributes);
  return builder.emit("Resize", [x, null, null, builder.ints(shape)], attributes, { dtype: x.dtype, shape });
}

/** Only the spatial dimensions are named: the others stay, whatever they are. */
function resizeSpatial(
  builder: Builder,
  x: TensorValue,
  shape: readonly number[],
  sizes: readonly Extent[],
  attributes: Readonly<Record<string, string | { float: number }>>,
): TensorValue {
  const axes = sizes.map((_, i) => x.rank - sizes.length + i);
  const inputs = [x, null, null, sizesTensor(builder, sizes)];
  return builder.emit("Resize", inputs, { ...attributes, axes }, { dtype: x.dtype, shape });
}

const modes: Readonly<Record<string, Readonly<Record<string, string | { float: number }>>>> = {
  nearest: { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  bilinear: { mode: "linear" },
  bicubic: { mode: "cubic", cubic_coeff_a: { float: -0.75 } },
};

/** To sizes that only running the graph tells. */
function resizeToUnknown(call: Call, builder: Builder, x: TensorValue, spatial: number): TensorValue {
  const kind = /upsample_(nearest|bilinear|bicubic)\dd$/.exec(call.name)?.[1];
  const attributes = kind === undefined ? undefined : modes[kind];
  if (attributes === undefined || call.value("output_size") === null)
    throw unsupported(`${call.name} to a size that depends on the values of a tensor`);
  const sizes = call.extents("output_size");
  const shape = [...x.shape.slice(0, x.rank - spatial), ...dimsOf(sizes)];
  const align = call.bool("align_corners") ? "align_corners" : "half_pixel";
  return resizeSpatial(builder, x, shape, sizes, { coordinate_transformation_mode: align, ...attributes });
}

function isUnknown(call: Call, x: TensorValue, spatial: number): boolean {
  const sizes = call.value("output_size") === null ? [] : dimsOf(call.extents("output_size"));
  return hasUnknown([...sizes, ...x.shape.slice(x.rank - spatial)]);
}

/** Each axis multiplied by the matrix of its weights: for everything that ONNX's Resize does in another way. */
function byMatrices(
  builder: Builder,
  x: TensorValue,
  axes: readonly Axis[],
  kernel: Kernel,
  align: boolean,
  antialias: boolean,
): TensorValue {
  return axes.reduce((result, axis, i) => {
    const at = x.rank - axes.length + i;
    if (axis.out === axis.size && (axis.scale === null || axis.scale === 1)) return result;
    const weights = resampling(kernel, axis.size, axis.out, stepOf(axis), align, antialias);
    const matrix = builder.constant(x.dtype, [axis.size, axis.out], weights);
    const last = x.rank - 1;
    const perm = x.shape.map((_, d) => (d === at ? last : d === last ? at : d));
    const moved = builder.transpose(result, perm);
    const shape = moved.shape.with(last, axis.out);
    return builder.transpose(builder.emit("MatMul", [moved, matrix], {}, { dtype: x.dtype, shape }), perm);
  }, x);
}

function interpolate(
  builder: Builder,
  x: TensorValue,
  axes: readonly Axis[],
  mode: "linear" | "cubic",
  align: boolean,
): TensorValue {
  // A scale that is not the ratio of the sizes moves the sampled points.
  const plain = axes.every(({ size, out, scale }) => scale === null || align || Math.abs(out / size - scale) < 1e-6);
  if (!plain || axes.length !== 2 || x.dtype === "float64")
    return byMatrices(builder, x, axes, mode === "cubic" ? "cubic" : "linear", align, false);
  return emitResize(builder, x, axes, {
    mode,
    coordinate_transformation_mode: align ? "align_corners" : "half_pixel",
    ...(mode === "cubic" ? { cubic_coeff_a: { float: -0.75 } } : {}),
  });
}

type Rule = (builder: Builder, x: TensorValue, axes: readonly Axis[], align: boolean) => TensorValue;

const smooth =
  (mode: "linear" | "cubic"): Rule =>
  (builder, x, axes, align) =>
    interpolate(builder, x, axes, mode, align);
const antialiased =
  (kernel: Kernel): Rule =>
  (builder, x, axes, align) =>
    byMatrices(builder, x, axes, kernel, align, true);
const plainNearest: Rule = (builder, x, axes) => nearest(builder, x, axes, false);
const exactNearest: Rule = (builder, x, axes) => nearest(builder, x, axes, true);

const rows: readonly [string, number, readonly string[], Rule][] = [
  [
    "upsample_nearest1d",
    1,
    [
      "aten::upsample_nearest1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor",
      "aten::upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    plainNearest,
  ],
  [
    "upsample_nearest2d",
    2,
    [
      "aten::upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    plainNearest,
  ],
  [
    "upsample_nearest3d",
    3,
    [
      "aten::upsample_nearest3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::upsample_nearest3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    plainNearest,
  ],
  [
    "_upsample_nearest_exact1d",
    1,
    [
      "aten::_upsample_nearest_exact1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor",
      "aten::_upsample_nearest_exact1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    exactNearest,
  ],
  [
    "_upsample_nearest_exact2d",
    2,
    [
      "aten::_upsample_nearest_exact2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::_upsample_nearest_exact2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    exactNearest,
  ],
  [
    "_upsample_nearest_exact3d",
    3,
    [
      "aten::_upsample_nearest_exact3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::_upsample_nearest_exact3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
    ],
    exactNearest,
  ],
  [
    "upsample_linear1d",
    1,
    [
      "aten::upsample_linear1d(Tensor self, SymInt[1] output_size, bool align_corners, float? scales=None) -> Tensor",
      "aten::upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    smooth("linear"),
  ],
  [
    "upsample_bilinear2d",
    2,
    [
      "aten::upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    smooth("linear"),
  ],
  [
    "upsample_trilinear3d",
    3,
    [
      "aten::upsample_trilinear3d(Tensor self, SymInt[3] output_size, bool align_corners, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::upsample_trilinear3d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    smooth("linear"),
  ],
  [
    "upsample_bicubic2d",
    2,
    [
      "aten::upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    smooth("cubic"),
  ],
  [
    "_upsample_bilinear2d_aa",
    2,
    [
      "aten::_upsample_bilinear2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::_upsample_bilinear2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    antialiased("linear"),
  ],
  [
    "_upsample_bicubic2d_aa",
    2,
    [
      "aten::_upsample_bicubic2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::_upsample_bicubic2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    antialiased("cubicSharp"),
  ],
  [
    "_upsample_lanczos2d_aa",
    2,
    [
      "aten::_upsample_lanczos2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
      "aten::_upsample_lanczos2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
    ],
    antialiased("lanczos"),
  ],
];

/** Resizing images and sequences. */
export const resizing: readonly Operator[] = rows.map(([name, spatial, schemas, rule]) => ({
  name: `aten::${name}`,
  schemas,
  doc: "By sizes or scale factors, align_corners where it applies.",
  lower(call: Call, builder: Builder): TensorValue {
    const x = call.tensor(call.has("input") ? "input" : "self");
    if (x.rank !== spatial + 2) throw unsupported(`aten::${name} of ${x.rank} dimensions`);
    if (isUnknown(call, x, spatial)) return resizeToUnknown(call, builder, x, spatial);
    return rule(builder, x, axesOf(call, x, spatial), call.bool("align_corners"));
  },
}));
