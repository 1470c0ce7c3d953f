import { isComplex } from "./promotion.ts";
import { GraphValue, TensorValue } from "./tensor-value.ts";
import type { Value } from "./value.ts";

/** A complex number of Python, as a 0-dim tensor that is weak in type promotion. */
export function complexNumber(re: number, im: number): TensorValue {
  const value = new GraphValue("complex64", [], { known: [re, im] });
  return new TensorValue("complex64", [], { value }, { wrappedNumber: true });
}

export function isComplexNumber(value: Value): boolean {
  return value instanceof TensorValue && value.wrappedNumber && isComplex(value.dtype);
}
