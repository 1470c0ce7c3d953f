import type { DType } from "../graph/dtype.ts";
import type { Dim, ValueInfo } from "../graph/graph.ts";
import type { LoadedTensor } from "../runtime/dummy-input.ts";
import { toFloat16 } from "../runtime/half.ts";
import type { Picture } from "./decode-picture.ts";
import { cropCentre, resizeShorter } from "./resize.ts";

/** ImageNet's mean and standard deviation of red, green and blue, as TorchServe's image_classifier has them. */
const mean = [0.485, 0.456, 0.406] as const;
const deviation = [0.229, 0.224, 0.225] as const;

/** TorchServe's image handlers resize the shorter side to 256 and crop 224. */
const standardSize = 224;
const margin = 256 / 224;

/** How the model takes pictures. */
export interface PictureLayout {
  readonly dtype: DType;
  readonly channelsLast: boolean;
  readonly channels: 1 | 3;
  readonly width: number;
  readonly height: number;
  /** Whether there is a dimension for the batch. */
  readonly batched: boolean;
}

export interface PreparedPicture {
  readonly tensor: LoadedTensor;
  /** In words, for the report. */
  readonly preprocessing: string;
}

/** The layout that a signature asks for; null when the input is no picture. */
export function pictureLayout({ dtype, shape }: ValueInfo): PictureLayout | null {
  if (dtype !== "uint8" && !["float32", "float64", "float16"].includes(dtype)) return null;
  const standard = { width: standardSize, height: standardSize, batched: true } as const;
  if (shape === null) return { dtype, channelsLast: false, channels: 3, ...standard };
  if (shape.length !== 4 && shape.length !== 3) return null;
  const batched = shape.length === 4;
  const [a = null, b = null, c = null] = batched ? shape.slice(1) : shape;
  const last = channelsOf(c);
  const channelsLast = last !== null && channelsOf(a) === null;
  const channels = channelsLast ? last : (channelsOf(a) ?? (typeof a === "number" ? null : 3));
  if (channels === null) return null;
  const [height, width] = channelsLast ? [a, b] : [b, c];
  return { dtype, channelsLast, channels, batched, width: sizeOf(width), height: sizeOf(height) };
}

const channelsOf = (dim: Dim): 1 | 3 | null => (dim === 1 || dim === 3 ? dim : null);
const sizeOf = (dim: Dim): number => (typeof dim === "number" && dim > 0 ? dim : standardSize);

/** The picture as image_classifier would prepare it, in the size and layout of the model. Bytes for uint8 models. */
export function preparePicture(picture: Picture, layout: PictureLayout): PreparedPicture {
  const { width, height, channels, channelsLast, batched, dtype } = layout;
  const shorter = Math.round(Math.max(width, height) * margin);
  const { rgb } = cropCentre(resizeShorter(picture, shorter), width, height);
  const pixels = channels === 1 ? grey(rgb) : rgb;
  const normal = dtype === "uint8" ? (value: number) => value : normaliser(channels);
  const values = new Float64Array(pixels.length);
  const count = width * height;
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      const value = normal(pixels[i * channels + channel] ?? 0, channel);
      values[channelsLast ? i * channels + channel : channel * count + i] = value;
    }
  }
  const shape = channelsLast ? [height, width, channels] : [channels, height, width];
  return {
    tensor: { dtype, shape: batched ? [1, ...shape] : shape, bytes: encode(values, dtype) },
    preprocessing: [
      `shorter side ${shorter}, centre ${width}x${height}`,
      dtype === "uint8" ? "bytes" : channels === 1 ? "grey, 0 to 1" : "ImageNet normalisation",
    ].join(", "),
  };
}

/** In single precision, as torchvision computes. */
function normaliser(channels: 1 | 3): (value: number, channel: number) => number {
  const unit = (value: number): number => Math.fround(value / 255);
  if (channels === 1) return unit;
  return (value, channel) =>
    Math.fround(Math.fround(unit(value) - Math.fround(mean[channel] ?? 0)) / Math.fround(deviation[channel] ?? 1));
}

/** PIL's "L": ITU-R 601 in 16 bits. */
function grey(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = rgb.subarray(i * 3, i * 3 + 3);
    return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
  });
}

function encode(values: Float64Array, dtype: DType): Uint8Array {
  switch (dtype) {
    case "uint8":
      return Uint8Array.from(values);
    case "float64":
      return new Uint8Array(values.buffer);
    case "float16":
      return new Uint8Array(Uint16Array.from(values, toFloat16).buffer);
    default:
      return new Uint8Array(Float32Array.from(values).buffer);
  }
}
