import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, raised } from "../lowering-error.ts";
import { itemForm, knownItems, stackedAs } from "../stacked-list.ts";
import { asSymbolic } from "../symbolic.ts";
import { type ListValue, StackedItems, SymbolicScalar, type Value } from "../value.ts";
import { equal, equalItems } from "./equality.ts";
import { listOf } from "./lists.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { addNumbers, extreme } from "./scalar-arithmetic.ts";
import { stackedContains, stackedCount, stackedIndex, stackedReduction } from "./stacked-lists.ts";

/** Python's `all` (seeking a false item) and `any` (seeking a true one). */
function every(call: Call, builder: Builder, sought: boolean): Value {
  let result: Value = !sought;
  for (const item of call.list("self")) {
    if (item instanceof SymbolicScalar) result = bothBools(result, item, sought ? "Or" : "And", builder);
    else if (isTrue(item) === sought) return sought;
  }
  return result;
}

function isTrue(item: Value): boolean {
  if (typeof item === "boolean") return item;
  if (typeof item === "bigint" || typeof item === "number") return Number(item) !== 0;
  throw invalid("a list of something else than numbers");
}

function bothBools(a: Value, b: Value, op: string, builder: Builder): Value {
  const [x, y] = [asSymbolic(a, builder), asSymbolic(b, builder)];
  if (x === null || y === null) throw invalid("a list of something else than bools");
  const sides = [x, y].map((side) => builder.cast(side.tensor, "bool"));
  return new SymbolicScalar("bool", builder.emit(op, sides, {}, { dtype: "bool", shape: [] }));
}

function listExtreme(name: "min" | "max") {
  return (call: Call, builder: Builder): Value => {
    const stack = stackOf(call, "self");
    if (stack !== null) return stackedReduction(name === "min" ? "ReduceMin" : "ReduceMax", stack, builder);
    const items = call.list("self");
    if (items.length === 0) throw raised(`${name}() of an empty list`);
    return items.reduce((best, item) => extreme(name, best, item, builder));
  };
}

/** The items of a list that only running the graph counts. */
function stackOf(call: Call, name: string): StackedItems | null {
  const { content } = listOf(call, name);
  return content instanceof StackedItems ? content : null;
}

/** A list in which something is sought that only running the graph tells, or among such things. */
function soughtStack(call: Call, list: ListValue, sought: string, builder: Builder): StackedItems | null {
  const depends = [call.value(sought), ...list.content].some((item) => item instanceof SymbolicScalar);
  if (!depends || list.content.length === 0) return null;
  const form = itemForm(list.content, builder);
  return form === null ? null : stackedAs(list.content, form, builder);
}

function soughtIn(call: Call, name: string, sought: string, builder: Builder): StackedItems | null {
  return stackOf(call, name) ?? soughtStack(call, listOf(call, name), sought, builder);
}

/** What programs ask of lists. */
export const listQuestions: readonly Operator[] = [
  row("aten::index", [".list(t[] self, t el) -> int"], "Where an item is in a list.", (call, builder) => {
    const stack = soughtIn(call, "self", "el", builder);
    if (stack !== null) return stackedIndex(stack, call.value("el"), builder);
    const index = knownItems(listOf(call, "self")).findIndex((item) => equal(item, call.value("el")));
    if (index < 0) throw raised("the item is not in the list");
    return BigInt(index);
  }),
  row("aten::count", [".list(t[] self, t el) -> int"], "How often an item is in a list.", (call, builder) => {
    const stack = soughtIn(call, "self", "el", builder);
    if (stack !== null) return stackedCount(stack, call.value("el"), builder);
    return BigInt(call.list("self").filter((item) => equal(item, call.value("el"))).length);
  }),
  row("aten::__contains__", [".list(t[] l, t item) -> bool"], "Whether an item is in a list.", (call, builder) => {
    const stack = soughtIn(call, "l", "item", builder);
    if (stack !== null) return stackedContains(stack, call.value("item"), builder);
    return call.list("l").some((item) => equal(item, call.value("item")));
  }),
  row("aten::eq", [".list(t[] a, t[] b) -> bool"], "Whether two lists are equal.", (call, builder) =>
    equalItems(call.value("a"), call.value("b"), builder),
  ),
  row("aten::ne", [".list(t[] a, t[] b) -> bool"], "Whether two lists differ.", (call, builder) => {
    const same = equalItems(call.value("a"), call.value("b"), builder);
    if (typeof same === "boolean") return !same;
    return new SymbolicScalar("bool", new Maths(builder).not(same.tensor));
  }),
  row("prim::min", [".self(t[] self) -> t"], "The smallest item of a list.", listExtreme("min")),
  row("prim::max", [".self(t[] self) -> t"], "The largest item of a list.", listExtreme("max")),
  row("aten::sum", [".list(t[] self) -> t"], "The sum of a list of numbers.", (call, builder) => {
    const stack = stackOf(call, "self");
    if (stack !== null) return stackedReduction("ReduceSum", stack, builder);
    return call.list("self").reduce((total, item) => addNumbers(total, item, builder), 0n);
  }),
  row("aten::all", [".list(t[] self) -> bool"], "Whether all items of a list hold.", (call, builder) =>
    every(call, builder, false),
  ),
  row("aten::any", [".list(t[] self) -> bool"], "Whether an item of a list holds.", (call, builder) =>
    every(call, builder, true),
  ),
];
