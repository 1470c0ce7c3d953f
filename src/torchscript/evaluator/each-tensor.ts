import { stacksOf } from "../stacks.ts";
import { TensorValue } from "../tensor-value.ts";
import { DictValue, ListValue, OptionalValue, StackedItems, SymbolicScalar, TupleValue, type Value } from "../value.ts";

/** Calls `visit` for every tensor that a value holds. */
export function eachTensor(value: Value, visit: (tensor: TensorValue) => void, depth = 0): void {
  if (depth > 20) return;
  const inner = (items: Iterable<Value>) => {
    for (const item of items) eachTensor(item, visit, depth + 1);
  };
  if (value instanceof TensorValue) visit(value);
  else if (value instanceof SymbolicScalar) visit(value.tensor);
  else if (value instanceof OptionalValue) inner([value.present, value.value]);
  else if (value instanceof ListValue)
    inner(value.content instanceof StackedItems ? stacksOf(value.content) : value.content);
  else if (value instanceof TupleValue) inner(value.items);
  else if (value instanceof DictValue) inner([...value.content.values()].map(([, item]) => item));
}
