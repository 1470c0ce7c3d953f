import { ArchiverError } from "../errors.ts";
import type { RawOutput } from "../runtime/session-protocol.ts";
import { decodeKnown } from "../torchscript/encode-known.ts";

/** Largest difference that the same kernels on the same weights may show. */
const tolerance = 1e-5;

/**
 * The largest absolute difference between the outputs of two runs. Throws ArchiverError when they are not the same model:
 * other shapes or types, or values further apart than rounding explains.
 */
export function largestDifference(own: readonly RawOutput[], other: readonly RawOutput[]): number {
  let largest = 0;
  for (const [i, output] of own.entries()) {
    const twin = other[i];
    if (twin === undefined || twin.dtype !== output.dtype || twin.shape.join() !== output.shape.join()) {
      throw new ArchiverError("not-convertible", `Output ${output.name} comes out in another shape.`);
    }
    const [a, b] = [decodeKnown(output.dtype, output.bytes), decodeKnown(twin.dtype, twin.bytes)];
    if (a === null || b === null) continue;
    const scale = a.reduce<number>((most, value) => Math.max(most, finite(value)), 1);
    const difference = a.reduce<number>((most, value, k) => Math.max(most, finite(Number(value) - Number(b[k]))), 0);
    if (difference > tolerance * scale) {
      throw new ArchiverError("not-convertible", `Output ${output.name} differs by ${difference.toPrecision(2)}.`);
    }
    largest = Math.max(largest, difference);
  }
  return largest;
}

function finite(value: number | bigint): number {
  const size = Math.abs(Number(value));
  return Number.isFinite(size) ? size : 0;
}
