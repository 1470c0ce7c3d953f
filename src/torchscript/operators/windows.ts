import { elementOf, type Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import type { Operator } from "./operator.ts";

/** The modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; k < 200 && term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function cosines(...coefficients: readonly number[]): (i: number, n: number) => number {
  return (i, n) =>
    coefficients.reduce((sum, c, k) => sum + (k % 2 === 0 ? c : -c) * Math.cos((2 * Math.PI * k * i) / n), 0);
}

type Shape = (call: Call) => (i: number, n: number) => number;

const windows: Readonly<Record<string, { schemas: readonly string[]; of: Shape }>> = {
  hann_window: {
    schemas: [
      "aten::hann_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::hann_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    of: () => cosines(0.5, 0.5),
  },
  hamming_window: {
    schemas: [
      "aten::hamming_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::hamming_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::hamming_window.periodic_alpha(int window_length, bool periodic, float alpha, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::hamming_window.periodic_alpha_beta(int window_length, bool periodic, float alpha, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    of: (call) => cosines(call.optionalFloat("alpha") ?? 0.54, call.optionalFloat("beta") ?? 0.46),
  },
  blackman_window: {
    schemas: [
      "aten::blackman_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::blackman_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    of: () => cosines(0.42, 0.5, 0.08),
  },
  bartlett_window: {
    schemas: [
      "aten::bartlett_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::bartlett_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    of: () => (i, n) => 1 - Math.abs((2 * i) / n - 1),
  },
  kaiser_window: {
    schemas: [
      "aten::kaiser_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::kaiser_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::kaiser_window.beta(int window_length, bool periodic, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    of(call) {
      const beta = call.optionalFloat("beta") ?? 12;
      return (i, n) => bessel(beta * Math.sqrt(Math.max(1 - ((2 * i) / n - 1) ** 2, 0))) / bessel(beta);
    },
  },
};

function lower(call: Call, builder: Builder, of: Shape): TensorValue {
  const length = call.int("window_length");
  const dtype = call.dtype("dtype") ?? "float32";
  const periodic = call.optionalBool("periodic") ?? true;
  const span = periodic ? length : length - 1;
  const shape = of(call);
  const elements = Array.from({ length }, (_, i) => elementOf(dtype, length === 1 ? 1 : shape(i, span)));
  return builder.constant(dtype, [length], elements);
}

/** Window functions of signal processing. */
export const windowFunctions: readonly Operator[] = Object.entries(windows).map(([name, { schemas, of }]) => ({
  name: `aten::${name}`,
  schemas,
  doc: "A constant; periodic unless told otherwise.",
  lower: (call: Call, builder: Builder) => lower(call, builder, of),
}));
