import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { viewAsComplex, viewAsReal } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { constantPad } from "./padding.ts";
import { sliceAxis, takeAxis } from "./rearrange.ts";
import { hermitian, realPart, transform } from "./spectral.ts";

interface Frames {
  readonly size: number;
  readonly hop: number;
  /** [size], filled with zeros on both sides; null: ones. */
  readonly window: TensorValue | null;
}

function framesOf(call: Call, builder: Builder): Frames {
  const size = call.int("n_fft");
  const hop = call.optionalInt("hop_length") ?? Math.floor(size / 4);
  const length = call.optionalInt("win_length") ?? size;
  const given = call.optionalTensor("window") ?? (length < size ? builder.full("float32", 1, [length]) : null);
  if (given !== null && isComplex(given.dtype)) throw unsupported(`${call.name} with a complex window`);
  const left = Math.floor((size - length) / 2);
  return { size, hop, window: given === null ? null : constantPad(builder, given, [left, size - length - left]) };
}

/** Mirrored (or zeros) at both ends, so that frames are centred. */
function centred(call: Call, builder: Builder, x: TensorValue, by: number): TensorValue {
  const mode = call.string("pad_mode");
  if (mode === "constant") return constantPad(builder, x, [by, by]);
  const size = x.shape[1];
  if (mode === "reflect" && by >= size) throw raised(`frames of ${2 * by} samples mirrored around a signal of ${size}`);
  const place = (i: number) =>
    mode === "reflect" ? (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i) : Math.min(Math.max(i, 0), size - 1);
  if (mode !== "reflect" && mode !== "replicate") throw unsupported(`${call.name} with pad_mode ${mode}`);
  return takeAxis(
    builder,
    x,
    1,
    Array.from({ length: size + 2 * by }, (_, i) => place(i - by)),
  );
}

function forward(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  if (isComplex(self.dtype)) throw unsupported(`${call.name} of complex numbers`);
  const { size, hop, window } = framesOf(call, builder);
  let x = self.rank === 1 ? builder.unsqueeze(self, [0]) : self;
  if (call.has("center") && call.bool("center")) x = centred(call, builder, x, Math.floor(size / 2));
  const [batch, length] = x.shape;
  const count = Math.floor((length - size) / hop) + 1;
  if (count < 1) throw raised(`frames of ${size} samples in a signal of ${length}`);
  const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * hop + (i % size));
  const frames = builder.reshape(takeAxis(builder, x, 1, places), [batch, count, size]);
  const shaped = builder.unsqueeze(window === null ? frames : m.mul(frames, window), [3]);
  const pairs = builder.concat([shaped, builder.full(shaped.dtype, 0, shaped.shape)], 3);
  const spectrum = transform(
    builder,
    pairs,
    2,
    call.bool("normalized") ? "ortho" : null,
    false,
    call.optionalBool("onesided") ?? true,
  );
  const ordered = builder.transpose(spectrum, [0, 2, 1, 3]);
  const result = self.rank === 1 ? builder.reshape(ordered, ordered.shape.slice(1)) : ordered;
  return call.optionalBool("return_complex") === false ? result : viewAsComplex(builder, result);
}

/** Sum of frames at their places, [batch, count, size] giving [batch, length]. */
function overlap(builder: Builder, frames: TensorValue, hop: number): TensorValue {
  const [batch, count, size] = frames.shape;
  const length = size + hop * (count - 1);
  const columns = builder.transpose(frames, [0, 2, 1]);
  const attributes = { strides: [1, hop], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const inputs = [columns, builder.ints([1, length]), builder.ints([1, size])];
  const image = builder.emit("Col2Im", inputs, attributes, { dtype: frames.dtype, shape: [batch, 1, 1, length] });
  return builder.reshape(image, [batch, length]);
}

function inverse(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  if (call.bool("return_complex")) throw unsupported("aten::istft with a complex result");
  const { size, hop, window } = framesOf(call, builder);
  const given = isComplex(self.dtype) ? viewAsReal(builder, self) : self;
  const single = given.rank === 3;
  const pairs = builder.transpose(single ? builder.unsqueeze(given, [0]) : given, [0, 2, 1, 3]);
  const onesided = call.optionalBool("onesided") ?? pairs.shape[2] !== size;
  const full = onesided ? hermitian(builder, pairs, 2, size) : pairs;
  const raw = realPart(builder, transform(builder, full, 2, call.bool("normalized") ? "ortho" : null, true));
  const shape = window ?? builder.full(raw.dtype, 1, [size]);
  const [batch, count] = raw.shape;
  const signal = overlap(builder, m.mul(raw, shape), hop);
  const envelope = overlap(builder, builder.expand(m.square(shape), [1, count, size]), hop);
  const start = call.bool("center") ? Math.floor(size / 2) : 0;
  const whole = signal.shape[1];
  const length = call.optionalInt("length");
  const end = length === null ? whole - start : Math.min(start + length, whole);
  const cut = (x: TensorValue) => sliceAxis(builder, x, 1, start, end);
  let result = m.div(cut(signal), cut(envelope));
  if (length !== null && end - start < length) result = constantPad(builder, result, [0, length - (end - start)]);
  return single ? builder.reshape(result, [result.count / batch]) : result;
}

/** Short-time Fourier transforms, which audio front ends are made of. */
export const shortTimeFourier: readonly Operator[] = [
  {
    name: "aten::stft",
    schemas: [
      "aten::stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor",
      'aten::stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, str pad_mode="reflect", bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor',
    ],
    doc: "Spectra of frames; real signals.",
    lower: forward,
  },
  {
    name: "aten::istft",
    schemas: [
      "aten::istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor",
    ],
    doc: "A signal from spectra of frames.",
    lower: inverse,
  },
];
