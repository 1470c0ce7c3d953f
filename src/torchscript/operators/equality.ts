import { unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { DeviceValue, ListValue, ObjectValue, SymbolicScalar, TupleValue, type Value } from "../value.ts";

/** Python's `==` of values without tensors. Throws where only running the graph would tell. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === "boolean" && typeof b === "boolean") return a === b;
  const [x, y] = [a, b].map((value) =>
    typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value,
  );
  if (typeof x === "number" && typeof y === "number") return x === y;
  if (a instanceof ListValue && b instanceof ListValue) return all(a.content, b.content);
  if (a instanceof TupleValue && b instanceof TupleValue) return all(a.items, b.items);
  if (a instanceof DeviceValue && b instanceof DeviceValue) return a.name === b.name;
  if (a instanceof ObjectValue && b instanceof ObjectValue && a.type === b.type) {
    return a.content.has("value") && equal(a.content.get("value") ?? null, b.content.get("value") ?? null);
  }
  if ([a, b].some((value) => value instanceof TensorValue || value instanceof SymbolicScalar)) {
    throw unsupported("a comparison of values in containers that depends on the values of a tensor");
  }
  return false;
}

function all(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equal(item, b[i]));
}
