import { TensorValue } from "../tensor-value.ts";
import { DeviceValue, DictValue, ListValue, SymbolicScalar, TupleValue, type Value } from "../value.ts";

/** `str()` of a value, as Python writes it; tensors by type and shape only. */
export function textOf(value: Value, inside = false): string {
  if (value === null) return "None";
  if (typeof value === "string") return inside ? `'${value}'` : value;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (value instanceof ListValue) return `[${value.content.map((item) => textOf(item, true)).join(", ")}]`;
  if (value instanceof TupleValue) return `(${value.items.map((item) => textOf(item, true)).join(", ")})`;
  if (value instanceof DictValue) {
    return `{${[...value.content.values()].map((entry) => entry.map((item) => textOf(item, true)).join(": ")).join(", ")}}`;
  }
  if (value instanceof DeviceValue) return value.name;
  if (value instanceof TensorValue) return `${value.dtype}[${value.shape.join(", ")}]`;
  return value instanceof SymbolicScalar ? "?" : "object";
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}
