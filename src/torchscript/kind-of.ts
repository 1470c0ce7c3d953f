import { TensorValue } from "./tensor-value.ts";
import type { Value } from "./value.ts";

/** The Python name of a value's type, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  if (value instanceof TensorValue) return `${value.dtype}[${value.shape.join(", ")}]`;
  return value.constructor.name.replace("Value", "").toLowerCase();
}
