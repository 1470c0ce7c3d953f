import type { Picture } from "./decode-picture.ts";

// The antialiased bilinear filter as PIL defines it: a triangle whose base grows with the scale, weights rounded to 22
// bits, columns first and then rows, each pass rounded to bytes. torchvision's Resize on a PIL image is this.

const fractionBits = 22;
const channels = 3;

/** What makes one output pixel: `weights` of the source pixels from `start` on. */
interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

function windows(from: number, to: number): Window[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const raw = Array.from({ length: end - start }, (__, k) =>
      Math.max(0, 1 - Math.abs((k + start - centre + 0.5) / support)),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: Int32Array.from(raw, (weight) => Math.round((weight / sum) * 2 ** fractionBits)) };
  });
}

/** The picture in another size. */
export function resize(picture: Picture, width: number, height: number): Picture {
  return rows(columns(picture, width), height);
}

function columns({ width, height, rgb }: Picture, to: number): Picture {
  if (to === width) return { width, height, rgb };
  const out = new Uint8Array(to * height * channels);
  for (const [x, { start, weights }] of windows(width, to).entries()) {
    for (let y = 0; y < height; y += 1) {
      const from = (y * width + start) * channels;
      weigh(rgb, from, channels, weights, out, (y * to + x) * channels);
    }
  }
  return { width: to, height, rgb: out };
}

function rows({ width, height, rgb }: Picture, to: number): Picture {
  if (to === height) return { width, height, rgb };
  const out = new Uint8Array(width * to * channels);
  const stride = width * channels;
  for (const [y, { start, weights }] of windows(height, to).entries()) {
    for (let x = 0; x < width; x += 1) {
      weigh(rgb, start * stride + x * channels, stride, weights, out, y * stride + x * channels);
    }
  }
  return { width, height: to, rgb: out };
}

/** One pixel: the weighted sum of pixels `step` bytes apart. */
function weigh(rgb: Uint8Array, from: number, step: number, weights: Int32Array, out: Uint8Array, to: number): void {
  for (let channel = 0; channel < channels; channel += 1) {
    let sum = 2 ** (fractionBits - 1);
    let at = from + channel;
    for (const weight of weights) {
      sum += (rgb[at] ?? 0) * weight;
      at += step;
    }
    out[to + channel] = Math.min(255, Math.max(0, sum >> fractionBits));
  }
}

/** Resizes so that the shorter side has `size` pixels, the longer rounded down, as torchvision's Resize. */
export function resizeShorter(picture: Picture, size: number): Picture {
  const { width, height } = picture;
  if (width <= height) return resize(picture, size, Math.max(1, Math.trunc((size * height) / width)));
  return resize(picture, Math.max(1, Math.trunc((size * width) / height)), size);
}

/** The middle of the picture; black around it where it is smaller, as torchvision's CenterCrop. */
export function cropCentre({ width, height, rgb }: Picture, toWidth: number, toHeight: number): Picture {
  const left = halfEven(width - toWidth);
  const top = halfEven(height - toHeight);
  const out = new Uint8Array(toWidth * toHeight * channels);
  for (let y = Math.max(0, -top); y < Math.min(toHeight, height - top); y += 1) {
    const [first, last] = [Math.max(0, -left), Math.min(toWidth, width - left)];
    const from = ((y + top) * width + left + first) * channels;
    out.set(rgb.subarray(from, from + (last - first) * channels), (y * toWidth + first) * channels);
  }
  return { width: toWidth, height: toHeight, rgb: out };
}

/** Half of it, rounded as Python rounds: ties to even. */
function halfEven(value: number): number {
  const half = Math.floor(value / 2);
  return value % 2 === 0 || half % 2 === 0 ? half : half + 1;
}
