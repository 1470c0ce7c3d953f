import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import { knownItems } from "../stacked-list.ts";
import { asSymbolic } from "../symbolic.ts";
import { TensorValue } from "../tensor-value.ts";
import { DeviceValue, EnumMember, ListValue, SymbolicScalar, TupleValue, type Value } from "../value.ts";

/** Python's `==` of values without tensors. Throws where only running the graph would tell. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === "boolean" && typeof b === "boolean") return a === b;
  const [x, y] = [a, b].map((value) =>
    typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value,
  );
  if (typeof x === "number" && typeof y === "number") return x === y;
  if (a instanceof ListValue && b instanceof ListValue) return all(knownItems(a), knownItems(b));
  if (a instanceof TupleValue && b instanceof TupleValue) return all(a.items, b.items);
  if (a instanceof DeviceValue && b instanceof DeviceValue) return a.name === b.name;
  if (a instanceof EnumMember && b instanceof EnumMember) return a.type === b.type && equal(a.value, b.value);
  if ([a, b].some((value) => value instanceof TensorValue || value instanceof SymbolicScalar)) {
    throw unsupported("a comparison of values in containers that depends on the values of a tensor");
  }
  return false;
}

/** Python's `==` of lists and tuples of numbers; those that depend on tensor values make the answer depend on them, too. */
export function equalItems(a: Value, b: Value, builder: Builder): boolean | SymbolicScalar {
  const [x, y] = [itemsOf(a), itemsOf(b)];
  if (x === null || y === null) return equal(a, b);
  if (x.length !== y.length) return false;
  let result: SymbolicScalar | null = null;
  for (const [i, item] of x.entries()) {
    const [left, right] = [item, y[i]];
    if (!(left instanceof SymbolicScalar) && !(right instanceof SymbolicScalar)) {
      if (!equal(left, right)) return false;
      continue;
    }
    const [p, q] = [asSymbolic(left, builder), asSymbolic(right, builder)];
    if (p === null || q === null) return false;
    const same = builder.elementwise("Equal", [p.tensor, q.tensor], {}, "bool");
    result = new SymbolicScalar("bool", result === null ? same : builder.elementwise("And", [result.tensor, same]));
  }
  return result ?? true;
}

function itemsOf(value: Value): readonly Value[] | null {
  return value instanceof ListValue ? knownItems(value) : value instanceof TupleValue ? value.items : null;
}

function all(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equal(item, b[i]));
}
