import type { Builder } from "./builder.ts";
import { SymbolicScalar, type Value } from "./value.ts";

/** A number as a 0-dim tensor; null for anything else. */
export function asSymbolic(value: Value, builder: Builder): SymbolicScalar | null {
  if (value instanceof SymbolicScalar) return value;
  if (typeof value === "bigint") return new SymbolicScalar("int", builder.full("int64", value));
  if (typeof value === "number") return new SymbolicScalar("float", builder.full("float64", value));
  if (typeof value === "boolean") return new SymbolicScalar("bool", builder.full("bool", value));
  return null;
}
