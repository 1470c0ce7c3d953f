import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, raised } from "../lowering-error.ts";
import { knownItems } from "../stacked-list.ts";
import { asSymbolic } from "../symbolic.ts";
import { SymbolicScalar, type Value } from "../value.ts";
import { equal, equalItems } from "./equality.ts";
import { listOf } from "./lists.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { addNumbers, extreme } from "./scalar-arithmetic.ts";

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
    const items = call.list("self");
    if (items.length === 0) throw raised(`${name}() of an empty list`);
    return items.reduce((best, item) => extreme(name, best, item, builder));
  };
}

/** What programs ask of lists. */
export const listQuestions: readonly Operator[] = [
  row("aten::index", [".list(t[] self, t el) -> int"], "Where an item is in a list.", (call) => {
    const index = knownItems(listOf(call, "self")).findIndex((item) => equal(item, call.value("el")));
    if (index < 0) throw raised("the item is not in the list");
    return BigInt(index);
  }),
  row("aten::count", [".list(t[] self, t el) -> int"], "How often an item is in a list.", (call) =>
    BigInt(call.list("self").filter((item) => equal(item, call.value("el"))).length),
  ),
  row("aten::__contains__", [".list(t[] l, t item) -> bool"], "Whether an item is in a list.", (call) =>
    call.list("l").some((item) => equal(item, call.value("item"))),
  ),
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
  row("aten::sum", [".list(t[] self) -> t"], "The sum of a list of numbers.", (call, builder) =>
    call.list("self").reduce((total, item) => addNumbers(total, item, builder), 0n),
  ),
  row("aten::all", [".list(t[] self) -> bool"], "Whether all items of a list hold.", (call, builder) =>
    every(call, builder, false),
  ),
  row("aten::any", [".list(t[] self) -> bool"], "Whether an item of a list holds.", (call, builder) =>
    every(call, builder, true),
  ),
];
