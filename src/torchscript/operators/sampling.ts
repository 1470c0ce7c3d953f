import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { spread } from "./convolution.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { takeAxis } from "./rearrange.ts";
import { TupleValue } from "../value.ts";

const modes = ["linear", "nearest", "cubic"];
const paddings = ["zeros", "border", "reflection"];

function gridSample(call: Call, builder: Builder): TensorValue {
  const [input, grid] = [call.tensor("input"), call.tensor("grid")];
  const mode = modes[call.int("interpolation_mode")];
  const padding = paddings[call.int("padding_mode")];
  if (mode === undefined || padding === undefined) throw unsupported(`${call.name} with an unknown mode`);
  const attributes = { mode, padding_mode: padding, align_corners: call.bool("align_corners") ? 1 : 0 };
  const shape = [...input.shape.slice(0, 2), ...grid.shape.slice(1, -1)];
  return builder.emit("GridSample", [input, builder.cast(grid, input.dtype)], attributes, {
    dtype: input.dtype,
    shape,
  });
}

/** Centres (or, aligned, corners) of the cells between −1 and 1. */
function coordinates(size: number, align: boolean): number[] {
  if (size === 1) return [0];
  return Array.from({ length: size }, (_, i) => ((2 * i) / (size - 1) - 1) * (align ? 1 : (size - 1) / size));
}

function affineGrid(call: Call, builder: Builder): TensorValue {
  const theta = call.tensor("theta");
  const [batch, , ...dims] = call.ints("size");
  const align = call.bool("align_corners");
  const axes = dims.map((dim) => coordinates(dim, align));
  let points: number[][] = [[]];
  for (const axis of axes) points = points.flatMap((point) => axis.map((x) => [x, ...point]));
  const base = builder.constant(
    theta.dtype,
    [points.length, dims.length + 1],
    points.flatMap((point) => [...point, 1]),
  );
  const grid = matmul(builder, base, builder.transpose(theta, [0, 2, 1]));
  return builder.reshape(grid, [batch, ...dims, dims.length]);
}

/** For each place of the kernel and of the window: which element of the padded axis. */
function windowPlaces(kernel: number, dilation: number, stride: number, count: number): number[] {
  return Array.from({ length: kernel * count }, (_, i) => Math.floor(i / count) * dilation + (i % count) * stride);
}

/** Windows of an image as columns: [N, C·kh·kw, L]. */
function imageToColumns(call: Call, builder: Builder): TensorValue {
  const given = call.tensor("self");
  const single = given.rank === 3;
  const x = single ? builder.unsqueeze(given, [0]) : given;
  const [kernel, dilation, padding, stride] = ["kernel_size", "dilation", "padding", "stride"].map((name) =>
    spread(call.ints(name), 2),
  );
  const [n, c, ...dims] = x.shape;
  const pads = [0, 0, ...padding, 0, 0, ...padding];
  const size = dims.map((dim, i) => dim + 2 * padding[i]);
  const padded = pads.some((pad) => pad > 0)
    ? builder.emit("Pad", [x, builder.ints(pads)], {}, { dtype: x.dtype, shape: [n, c, ...size] })
    : x;
  const counts = size.map((dim, i) => Math.floor((dim - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1);
  const places = counts.map((count, i) => windowPlaces(kernel[i], dilation[i], stride[i], count));
  const taken = takeAxis(builder, takeAxis(builder, padded, 2, places[0]), 3, places[1]);
  const split = builder.reshape(taken, [n, c, kernel[0], counts[0], kernel[1], counts[1]]);
  const columns = builder.transpose(split, [0, 1, 2, 4, 3, 5]);
  const shape = [c * kernel[0] * kernel[1], counts[0] * counts[1]];
  return builder.reshape(columns, single ? shape : [n, ...shape]);
}

/** The sum of overlapping windows. */
function columnsToImage(call: Call, builder: Builder): TensorValue {
  const given = call.tensor("self");
  const single = given.rank === 2;
  const x = single ? builder.unsqueeze(given, [0]) : given;
  const [size, kernel, dilation, padding, stride] = ["output_size", "kernel_size", "dilation", "padding", "stride"].map(
    (name) => spread(call.ints(name), 2),
  );
  const attributes = { dilations: dilation, pads: [...padding, ...padding], strides: stride };
  const shape = [x.shape[0], x.shape[1] / (kernel[0] * kernel[1]), ...size];
  const image = builder.emit("Col2Im", [x, builder.ints(size), builder.ints(kernel)], attributes, {
    dtype: x.dtype,
    shape,
  });
  return single ? builder.reshape(image, shape.slice(1)) : image;
}

/** Regions of feature maps, averaged to one size. */
function roiAlign(call: Call, builder: Builder): TensorValue {
  const [input, rois] = [call.tensor("input"), call.tensor("rois")];
  const [height, width] = [call.int("pooled_height"), call.int("pooled_width")];
  const columns = (from: number, to: number) =>
    builder.emit(
      "Slice",
      [rois, builder.ints([from]), builder.ints([to]), builder.ints([1])],
      {},
      { dtype: rois.dtype, shape: [rois.shape[0], to - from] },
    );
  const batch = builder.cast(builder.reshape(columns(0, 1), [rois.shape[0]]), "int64");
  const attributes = {
    output_height: height,
    output_width: width,
    sampling_ratio: Math.max(call.int("sampling_ratio"), 0),
    spatial_scale: { float: call.float("spatial_scale") },
    coordinate_transformation_mode: call.bool("aligned") ? "half_pixel" : "output_half_pixel",
  };
  const shape = [rois.shape[0], input.shape[1], height, width];
  return builder.emit("RoiAlign", [input, columns(1, 5), batch], attributes, { dtype: input.dtype, shape });
}

/** The largest elements of parts of regions. Where each was, which only gradients need, is left out. */
function roiPool(call: Call, builder: Builder): TupleValue {
  const [input, rois] = [call.tensor("input"), call.tensor("rois")];
  const pooled = [call.int("pooled_height"), call.int("pooled_width")];
  const attributes = { pooled_shape: pooled, spatial_scale: { float: call.float("spatial_scale") } };
  const shape = [rois.shape[0], input.shape[1], ...pooled];
  return new TupleValue([builder.emit("MaxRoiPool", [input, rois], attributes, { dtype: input.dtype, shape }), null]);
}

function deformableConvolution(call: Call, builder: Builder): TensorValue {
  const [input, weight, offset] = [call.tensor("input"), call.tensor("weight"), call.tensor("offset")];
  const pair = (name: string) => [call.int(`${name}_h`), call.int(`${name}_w`)];
  const pads = pair("pad");
  const attributes = {
    strides: pair("stride"),
    dilations: pair("dilation"),
    pads: [...pads, ...pads],
    group: call.int("groups"),
    offset_group: call.int("offset_groups"),
    kernel_shape: weight.shape.slice(2),
  };
  const mask = call.bool("use_mask") ? call.tensor("mask") : null;
  const shape = [input.shape[0], weight.shape[0], ...offset.shape.slice(2)];
  return builder.emit("DeformConv", [input, weight, offset, call.tensor("bias"), mask], attributes, {
    dtype: input.dtype,
    shape,
  });
}

/** Sampling at computed places, windows as columns, regions. */
export const sampling: readonly Operator[] = [
  ...["grid_sampler", "grid_sampler_2d", "grid_sampler_3d"].map((name): Operator => ({
    name: `aten::${name}`,
    schemas: [
      `aten::${name}(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor`,
    ],
    doc: "Bilinear, nearest or bicubic; padding zeros, border or reflection.",
    lower: gridSample,
  })),
  {
    name: "aten::affine_grid_generator",
    schemas: ["aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor"],
    doc: "A grid of affine maps.",
    lower: affineGrid,
  },
  {
    name: "aten::im2col",
    schemas: [
      "aten::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
    ],
    doc: "Windows as columns.",
    lower: imageToColumns,
  },
  {
    name: "aten::col2im",
    schemas: [
      "aten::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
    ],
    doc: "Sums of overlapping windows.",
    lower: columnsToImage,
  },
  {
    name: "torchvision::roi_align",
    schemas: [
      "torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor",
    ],
    doc: "Regions averaged to one size.",
    lower: roiAlign,
  },
  {
    name: "torchvision::roi_pool",
    schemas: [
      "torchvision::roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) -> (Tensor, Tensor)",
    ],
    doc: "Largest elements of regions, at one size; not where they were.",
    lower: roiPool,
  },
  {
    name: "torchvision::deform_conv2d",
    schemas: [
      "torchvision::deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor",
    ],
    doc: "Deformable convolution.",
    lower: deformableConvolution,
  },
];
