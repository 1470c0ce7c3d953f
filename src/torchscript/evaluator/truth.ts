import type { Builder } from "../builder.ts";
import { mayEqual } from "../extent.ts";
import { kindOf } from "../kind-of.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { knownItems, lengthOf } from "../stacked-list.ts";
import { DictValue, ListValue, StackedItems, SymbolicScalar, UnknownValue, type Value } from "../value.ts";

/** Whether a condition holds; a 0-dim bool tensor where only running the graph will tell. */
export function truth(value: Value, builder: Builder): boolean | TensorValue {
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint" || typeof value === "number") return Number(value) !== 0;
  if (value instanceof SymbolicScalar) return truth(value.tensor, builder);
  if (value instanceof TensorValue) {
    if (!mayEqual(value.count, 1)) throw raised("the truth of a tensor with several elements is ambiguous");
    const known = builder.known(value);
    if (known !== null) return Number(known[0]) !== 0;
    return builder.reshape(builder.cast(value, "bool"), []);
  }
  if (value instanceof ListValue) {
    if (value.content instanceof StackedItems) return truth(lengthOf(value.content, builder), builder);
    return knownItems(value).length > 0;
  }
  if (value instanceof DictValue) return value.content.size > 0;
  if (typeof value === "string") return value !== "";
  if (value === null) return false;
  if (value instanceof UnknownValue) throw unsupported(`the program branches on the result of ${value.operator}`);
  throw invalid(`${kindOf(value)} as a condition`);
}
