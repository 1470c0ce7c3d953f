import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";

/** A tensor of a model file, and where its elements lie. */
export interface StoredTensor {
  readonly name: string;
  /** As the format calls it, with what else makes numbers of the bytes: `F32`, `float32`, `qint8, scale 0.1, zero 0`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In elements; null for elements in the usual order, the last dimension running fastest. */
  readonly strides: readonly number[] | null;
  /** What `parts` are parts of. */
  readonly source: ByteSource;
  /** One for what lies together, or is repeated at even distances; several for data that a format cuts up. */
  readonly parts: readonly Layout[];
}

/** `run` bytes at `offset`, again and again at the steps of `loops`, the widest first: never backwards. */
export interface Layout {
  readonly offset: number;
  readonly run: number;
  readonly loops: readonly { readonly count: number; readonly step: number }[];
}

export function rangeLayout(offset: number, length: number): Layout {
  return { offset, run: length, loops: [] };
}

/** Where the elements of a strided tensor lie in its storage, in the order of the storage. Throws MalformedModel. */
export function stridedLayout(view: {
  readonly width: number;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
}): Layout {
  const { width, shape, strides } = view;
  const offset = view.offset * width;
  if (!Number.isSafeInteger(offset) || shape.length !== strides.length) throw new MalformedModel("a tensor's strides");
  if (shape.includes(0)) return rangeLayout(offset, 0);
  // What is expanded lies there once.
  const axes = shape
    .map((count, axis) => ({ count, step: (strides[axis] ?? 0) * width }))
    .filter(({ count, step }) => count > 1 && step !== 0)
    .toSorted((a, b) => a.step - b.step);
  if (axes.some(({ step }) => step < 0)) throw new MalformedModel("a tensor's strides");
  let run = width;
  let extent = width;
  let overlaps = false;
  const loops: { count: number; step: number }[] = [];
  for (const { count, step } of axes) {
    if (step < extent) overlaps = true;
    if (loops.length === 0 && step === run) run *= count;
    else loops.unshift({ count, step });
    extent += (count - 1) * step;
  }
  if (!Number.isSafeInteger(offset + extent)) throw new MalformedModel("a tensor's strides");
  return overlaps ? rangeLayout(offset, extent) : { offset, run, loops };
}

/** Strides worth telling: null where the elements lie in the usual order. */
export function oddStrides(shape: readonly number[], strides: readonly number[]): readonly number[] | null {
  if (shape.includes(0)) return null;
  let usual = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const count = shape[axis] ?? 1;
    if (count > 1 && strides[axis] !== usual) return strides;
    usual *= count;
  }
  return null;
}

/** Bytes of the elements. */
export function bytesIn({ run, loops }: Layout): number {
  return loops.reduce((product, { count }) => product * count, run);
}

/** First byte behind the last element. */
export function endOf({ offset, run, loops }: Layout): number {
  return loops.reduce((end, { count, step }) => end + (count - 1) * step, offset + run);
}

/** A run of bytes. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Every run, in order. */
export function* runsOf({ offset, run, loops }: Layout): Generator<Run> {
  if (run === 0) return;
  const index = loops.map(() => 0);
  let start = offset;
  for (;;) {
    yield { start, end: start + run };
    let axis = loops.length - 1;
    for (; axis >= 0; axis -= 1) {
      const { count, step } = loops[axis] ?? { count: 1, step: 0 };
      const at = (index[axis] ?? 0) + 1;
      if (at < count) {
        index[axis] = at;
        start += step;
        break;
      }
      index[axis] = 0;
      start -= (count - 1) * step;
    }
    if (axis < 0) return;
  }
}
