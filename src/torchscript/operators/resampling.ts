/** A filter and how far it reaches on each side. */
interface Filter {
  readonly reach: number;
  readonly weight: (x: number) => number;
}

/** Keys' cubic convolution with its parameter a. */
function keys(a: number): (x: number) => number {
  return (x) => {
    const t = Math.abs(x);
    if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
  };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

const kernels = {
  linear: { reach: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  /** PyTorch's bicubic. */
  cubic: { reach: 2, weight: keys(-0.75) },
  /** Pillow's bicubic, which PyTorch uses with antialias. */
  cubicSharp: { reach: 2, weight: keys(-0.5) },
  lanczos: { reach: 3, weight: (x: number) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
} satisfies Record<string, Filter>;

export type Kernel = keyof typeof kernels;

/**
 * Weights [size, out] that resample one axis; `step` is the distance of two output points in the input.
 * Without antialias the filter keeps its width and points beyond the edge count as the edge; with it the filter grows
 * with the step and is normalised over what lies inside (Pillow's way).
 */
export function resampling(
  kernel: Kernel,
  size: number,
  out: number,
  step: number,
  align: boolean,
  antialias: boolean,
): number[] {
  const aligned = out > 1 ? (size - 1) / (out - 1) : 0;
  const distance = align ? aligned : step;
  const weights = Array.from<number>({ length: size * out }).fill(0);
  for (let at = 0; at < out; at++) {
    const column = antialias
      ? wide(kernels[kernel], size, at, distance)
      : narrow(kernels[kernel], size, at, distance, align);
    for (const [from, weight] of column) weights[from * out + at] += weight;
  }
  return weights;
}

function narrow({ reach, weight }: Filter, size: number, at: number, step: number, align: boolean): [number, number][] {
  const middle = align ? at * step : (at + 0.5) * step - 0.5;
  const centre = reach === 1 ? Math.max(middle, 0) : middle;
  const first = Math.floor(centre) - reach + 1;
  return Array.from({ length: 2 * reach }, (_, i) => {
    const from = Math.min(Math.max(first + i, 0), size - 1);
    return [from, weight(centre - first - i)];
  });
}

function wide({ reach, weight }: Filter, size: number, at: number, step: number): [number, number][] {
  const factor = Math.max(step, 1);
  const centre = step * (at + 0.5);
  const first = Math.max(Math.trunc(centre - reach * factor + 0.5), 0);
  const end = Math.min(Math.trunc(centre + reach * factor + 0.5), size);
  const raw = Array.from({ length: Math.max(end - first, 0) }, (_, i) => weight((first + i - centre + 0.5) / factor));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value, i) => [first + i, sum === 0 ? 0 : value / sum]);
}
