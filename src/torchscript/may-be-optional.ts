import { TensorValue } from "./tensor-value.ts";
import { SymbolicScalar, TupleValue, type Value } from "./value.ts";

/** Whether a value is made of tensors and numbers, so that it may stand in an OptionalValue. */
export function mayBeOptional(value: Value): boolean {
  if (value === null || typeof value === "string") return false;
  if (value instanceof TupleValue) return value.items.every(mayBeOptional);
  return typeof value !== "object" || value instanceof SymbolicScalar || value instanceof TensorValue;
}
