import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { conjugate } from "./complex-functions.ts";
import { viewAsComplex, viewAsReal } from "./complex.ts";
import { range } from "./ranges.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { flip, rollAxis, sliceAxis } from "./rearrange.ts";

/** Pairs of floats, [..., 2]: real input gets the imaginary part 0 only where it must. */
function pairs(builder: Builder, x: TensorValue): TensorValue {
  if (isComplex(x.dtype)) return viewAsReal(builder, x);
  const floats = builder.unsqueeze(toFloat(builder, x), [x.rank]);
  return builder.concat([floats, builder.full(floats.dtype, 0, floats.shape)], x.rank);
}

/** Cut or filled with zeros at the end of one axis. */
function resizeAxis(builder: Builder, x: TensorValue, axis: number, size: number): TensorValue {
  const have = x.shape[axis];
  if (size <= have) return sliceAxis(builder, x, axis, 0, size);
  const zeros = builder.full(x.dtype, 0, x.shape.with(axis, size - have));
  return builder.concat([x, zeros], axis);
}

/** What a transform of n points is multiplied with, after ONNX's own (none forward, 1/n back). */
function factor(norm: string | null, n: number, inverse: boolean): number {
  const mode = norm ?? "backward";
  if (mode === "ortho") return inverse ? Math.sqrt(n) : 1 / Math.sqrt(n);
  if (mode === "forward") return inverse ? n : 1 / n;
  if (mode !== "backward") throw unsupported(`a Fourier transform with norm ${mode}`);
  return 1;
}

/** Discrete Fourier transform of pairs along one axis. `half`: only the non-negative frequencies. */
export function transform(
  builder: Builder,
  x: TensorValue,
  axis: number,
  norm: string | null,
  inverse: boolean,
  half = false,
): TensorValue {
  const n = x.shape[axis];
  const shape = half ? x.shape.with(axis, Math.floor(n / 2) + 1) : x.shape;
  const at = builder.constant("int64", [], [BigInt(axis)]);
  // In double precision: logarithms of small powers, as audio front ends take them, show every rounding.
  const attributes = { inverse: inverse ? 1 : 0 };
  const wide = builder.emit("DFT", [builder.cast(x, "float64"), null, at], attributes, {
    dtype: "float64",
    shape: x.shape,
  });
  const result = builder.cast(wide, x.dtype);
  const cut = half ? sliceAxis(builder, result, axis, 0, shape[axis]) : result;
  const scale = factor(norm, n, inverse);
  return scale === 1 ? cut : new Maths(builder).mul(cut, scale);
}

/** All n frequencies of a real signal from the non-negative ones. */
export function hermitian(builder: Builder, x: TensorValue, axis: number, n: number): TensorValue {
  const half = resizeAxis(builder, x, axis, Math.floor(n / 2) + 1);
  const mirrored = sliceAxis(builder, half, axis, 1, Math.ceil(n / 2));
  if (mirrored.shape[axis] === 0) return half;
  const sign = builder.constant(x.dtype, [2], [1, -1]);
  return builder.concat([half, new Maths(builder).mul(flip(builder, mirrored, [axis]), sign)], axis);
}

/** The real parts of pairs. */
export function realPart(builder: Builder, x: TensorValue): TensorValue {
  const first = sliceAxis(builder, x, x.rank - 1, 0, 1);
  return builder.reshape(first, x.shape.slice(0, -1));
}

export type Kind = "complex" | "toHalf" | "fromHalf";

export function along(
  self: TensorValue,
  norm: string | null,
  builder: Builder,
  axes: readonly number[],
  sizes: readonly number[] | null,
  kind: Kind,
  inverse: boolean,
): TensorValue {
  let x = pairs(builder, self);
  const last = axes.length - 1;
  axes.forEach((axis, i) => {
    if (kind === "fromHalf" && i === last) return;
    if (sizes !== null) x = resizeAxis(builder, x, axis, sizes[i] < 0 ? x.shape[axis] : sizes[i]);
  });
  // A half spectrum is made (or used) along the last axis: of the real input first, of the real output last.
  const order = kind === "toHalf" ? axes.toReversed() : axes;
  order.forEach((axis, i) => {
    if (kind === "fromHalf" && i === last) {
      const n = sizes?.[last] ?? 2 * (x.shape[axis] - 1);
      x = hermitian(builder, x, axis, n);
    }
    x = transform(builder, x, axis, norm, inverse, kind === "toHalf" && i === 0);
  });
  return kind === "fromHalf" ? realPart(builder, x) : viewAsComplex(builder, x);
}

/** One axis, two axes or all. */
function axesOf(call: Call): { axes: number[]; sizes: number[] | null } {
  const { rank } = call.tensor("self");
  if (call.has("n")) {
    const n = call.optionalInt("n");
    return { axes: [normalizeDim(call.int("dim"), rank)], sizes: n === null ? null : [n] };
  }
  const sizes = call.optionalInts("s");
  const dims =
    call.optionalInts("dim") ?? Array.from({ length: sizes?.length ?? rank }, (_, i) => i - (sizes?.length ?? rank));
  return { axes: dims.map((dim) => normalizeDim(dim, rank)), sizes };
}

const oneAxis = "(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor";
const twoAxes = "(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor";
const allAxes = "(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor";

const transforms: readonly (readonly [string, string, Kind, boolean])[] = [
  ["fft_fft", oneAxis, "complex", false],
  ["fft_ifft", oneAxis, "complex", true],
  ["fft_rfft", oneAxis, "toHalf", false],
  ["fft_irfft", oneAxis, "fromHalf", true],
  ["fft_fft2", twoAxes, "complex", false],
  ["fft_ifft2", twoAxes, "complex", true],
  ["fft_rfft2", twoAxes, "toHalf", false],
  ["fft_irfft2", twoAxes, "fromHalf", true],
  ["fft_fftn", allAxes, "complex", false],
  ["fft_ifftn", allAxes, "complex", true],
  ["fft_rfftn", allAxes, "toHalf", false],
  ["fft_irfftn", allAxes, "fromHalf", true],
];

const otherWay: Readonly<Record<string, string>> = { backward: "forward", forward: "backward" };

/** Of signals whose spectrum is real: as the transforms of real signals, the other way round and conjugated. */
function hermitianRow(name: string, schema: string, half: boolean): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}${schema}`],
    doc: half ? "Half the spectrum of a real signal, inverse." : "A real spectrum from half of a signal.",
    lower(call, builder) {
      const { axes, sizes } = axesOf(call);
      const given = call.optionalString("norm") ?? "backward";
      const norm = otherWay[given] ?? given;
      const self = call.tensor("self");
      if (half) return conjugate(builder, along(self, norm, builder, axes, sizes, "toHalf", false));
      return along(conjugate(builder, self), norm, builder, axes, sizes, "fromHalf", true);
    },
  };
}

function shifted(call: Call, builder: Builder, back: boolean): TensorValue {
  const self = call.tensor("self");
  const dims = call.optionalInts("dim") ?? self.shape.map((_, axis) => axis);
  return dims.reduce((x, dim) => {
    const axis = normalizeDim(dim, x.rank);
    return rollAxis(builder, x, axis, back ? Math.ceil(x.shape[axis] / 2) : Math.floor(x.shape[axis] / 2));
  }, self);
}

function frequencies(call: Call, builder: Builder, half: boolean): TensorValue {
  const m = new Maths(builder);
  const n = call.int("n");
  const dtype = call.dtype("dtype") ?? "float32";
  const positive = half ? Math.floor(n / 2) + 1 : Math.ceil(n / 2);
  const parts = [range(builder, 0, 1, positive, dtype)];
  if (!half) parts.push(range(builder, -Math.floor(n / 2), 1, Math.floor(n / 2), dtype));
  return m.mul(builder.concat(parts, 0), 1 / (n * call.float("d")));
}

/** Fourier transforms. */
export const spectral: readonly Operator[] = [
  ...transforms.map(([name, schema, kind, inverse]): Operator => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}${schema}`],
    doc: "Sizes cut or fill with zeros; norms backward, ortho, forward.",
    lower(call, builder) {
      const { axes, sizes } = axesOf(call);
      return along(call.tensor("self"), call.optionalString("norm"), builder, axes, sizes, kind, inverse);
    },
  })),
  ...(
    [
      ["fft_hfft", oneAxis],
      ["fft_hfft2", twoAxes],
      ["fft_hfftn", allAxes],
    ] as const
  ).map(([name, schema]) => hermitianRow(name, schema, false)),
  ...(
    [
      ["fft_ihfft", oneAxis],
      ["fft_ihfft2", twoAxes],
      ["fft_ihfftn", allAxes],
    ] as const
  ).map(([name, schema]) => hermitianRow(name, schema, true)),
  {
    name: "aten::fft_fftshift",
    schemas: ["aten::fft_fftshift(Tensor self, int[1]? dim=None) -> Tensor"],
    doc: "Frequency 0 in the middle.",
    lower: (call, builder) => shifted(call, builder, false),
  },
  {
    name: "aten::fft_ifftshift",
    schemas: ["aten::fft_ifftshift(Tensor self, int[1]? dim=None) -> Tensor"],
    doc: "Frequency 0 in front.",
    lower: (call, builder) => shifted(call, builder, true),
  },
  {
    name: "aten::fft_fftfreq",
    schemas: [
      "aten::fft_fftfreq(int n, float d=1., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Frequencies of a transform.",
    lower: (call, builder) => frequencies(call, builder, false),
  },
  {
    name: "aten::fft_rfftfreq",
    schemas: [
      "aten::fft_rfftfreq(int n, float d=1., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Frequencies of a half transform.",
    lower: (call, builder) => frequencies(call, builder, true),
  },
];
