import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { knownItems, lengthOf, stackedItem } from "../stacked-list.ts";
import { GrowingItems, ListValue, StackedItems, TupleValue, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { equal } from "./equality.ts";
import { sliceEnds } from "./slices.ts";
import {
  isCounted,
  stackedChanges,
  stackedSlice,
  stackedSorted,
  stackedTogether,
  stackOf,
  unstacked,
} from "./stacked-lists.ts";

const mostItems = 1_000_000;

function tooLong(): Error {
  return unsupported(`a list of more than ${mostItems} items`);
}

function joined(a: readonly Value[], b: readonly Value[], builder: Builder): ListValue {
  if (a instanceof StackedItems || b instanceof StackedItems) return new ListValue(stackedTogether(a, b, builder));
  if (a.length + b.length > mostItems) throw tooLong();
  return new ListValue([...a, ...b]);
}

export function listOf(call: Call, name: string): ListValue {
  const value = call.value(name);
  if (value instanceof ListValue) return value;
  throw invalid(`${call.name}: ${name} is no list`);
}

/** All items; those that only running the graph counts as they are. */
function itemsOf(call: Call, name: string): readonly Value[] {
  const list = listOf(call, name);
  return list.content instanceof StackedItems ? list.content : knownItems(list);
}

function at(call: Call, name: string, length: number): number {
  const index = call.int(name);
  const positive = index < 0 ? index + length : index;
  if (positive < 0 || positive >= length) throw raised(`list index ${index} is out of range for ${length} items`);
  return positive;
}

/** Python's order of numbers and texts. */
function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (a instanceof TupleValue && b instanceof TupleValue) {
    for (let i = 0; i < Math.min(a.items.length, b.items.length); i++) {
      const order = compare(a.items[i], b.items[i]);
      if (order !== 0) return order;
    }
    return a.items.length - b.items.length;
  }
  const known = [a, b].every((value) => ["bigint", "number", "boolean"].includes(typeof value));
  if (!known) throw unsupported("sorting a list of tensors or objects");
  return Number(a) - Number(b);
}

function sorted(items: readonly Value[], reverse: boolean): Value[] {
  return reverse ? items.toSorted((a, b) => compare(b, a)) : items.toSorted(compare);
}

function changed(name: string, call: Call, builder: Builder, change: (items: Value[]) => Value): Value {
  const list = listOf(call, call.has("self") ? "self" : "l");
  const indices = call.has("idx") ? [call.value("idx")] : [];
  if (!isCounted(list, indices, builder) && Object.hasOwn(stackedChanges, name)) {
    const { items, result } = stackedChanges[name](stackOf(list, builder), call, builder);
    // Replacing an item leaves the number of items known.
    const counted = name === "_set_item" && !(list.content instanceof StackedItems);
    builder.journal.set(list, counted ? unstacked(items, builder) : items);
    return result;
  }
  const items = [...knownItems(list)];
  const result = change(items);
  if (items.length > mostItems) throw tooLong();
  builder.journal.set(list, items);
  return result;
}

const changes: Readonly<
  Record<string, { schema: string; doc: string; change: (items: Value[], call: Call) => Value }>
> = {
  insert: {
    schema: ".t(t[](a!) self, int idx, t(b -> *) el) -> ()",
    doc: "Inserts an item.",
    change: (items, call) => {
      items.splice(call.int("idx"), 0, call.value("el"));
      return null;
    },
  },
  pop: {
    schema: ".t(t[](a!) self, int idx=-1) -> t(*)",
    doc: "Removes an item and returns it.",
    change: (items, call) => items.splice(at(call, "idx", items.length), 1)[0],
  },
  remove: {
    schema: "(t[](a!) self, t el) -> ()",
    doc: "Removes the first item that is equal.",
    change: (items, call) => {
      const index = items.findIndex((item) => equal(item, call.value("el")));
      if (index < 0) throw raised("list.remove(x): x not in list");
      items.splice(index, 1);
      return null;
    },
  },
  clear: {
    schema: ".t(t[](a!) self) -> ()",
    doc: "Removes all items.",
    change: (items) => {
      items.length = 0;
      return null;
    },
  },
  reverse: {
    schema: ".t(t[](a!) self) -> ()",
    doc: "Reverses a list in place.",
    change: (items) => {
      items.reverse();
      return null;
    },
  },
  Delete: {
    schema: ".t(t[](a!) self, int idx) -> ()",
    doc: "Removes an item.",
    change: (items, call) => {
      items.splice(at(call, "idx", items.length), 1);
      return null;
    },
  },
  sort: {
    schema: "(t[](a!) self, bool reverse=False) -> ()",
    doc: "Sorts a list of numbers or texts in place.",
    change: (items, call) => {
      items.splice(0, items.length, ...sorted(items, call.bool("reverse")));
      return null;
    },
  },
  _set_item: {
    schema: ".t(t[](a!) l, int idx, t(b -> *) el) -> t[](a!)",
    doc: "Replaces an item.",
    change: (items, call) => {
      items[at(call, "idx", items.length)] = call.value("el");
      return call.value("l");
    },
  },
};

function slice(call: Call, builder: Builder): Value {
  const list = listOf(call, "l");
  if (!isCounted(list, [call.value("start"), call.value("end")], builder)) {
    return new ListValue(stackedSlice(stackOf(list, builder), call, builder));
  }
  const items = knownItems(list);
  const step = call.int("step");
  if (step < 1) return new ListValue(backwards(items, call, step));
  const [start, end] = sliceEnds(items.length, call.optionalInt("start"), call.optionalInt("end"));
  return new ListValue(items.slice(start, end).filter((_, i) => i % step === 0));
}

function backwards(items: readonly Value[], call: Call, step: number): Value[] {
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + items.length : index, -1), items.length - 1);
  const start = clamp(call.optionalInt("start") ?? items.length - 1);
  const given = call.optionalInt("end");
  const end = given === null ? -1 : clamp(given);
  const result: Value[] = [];
  for (let i = start; i > end; i += step) result.push(items[i]);
  return result;
}

const repeated = (list: readonly Value[], times: number) => {
  if (list.length * times > mostItems) throw tooLong();
  return new ListValue(Array.from({ length: Math.max(0, times) }, () => list).flat());
};

/** Adds to the end, also in a loop on tensor values, where what was there before is not known. */
function extend(call: Call, builder: Builder, added: readonly Value[]): ListValue {
  const list = listOf(call, "self");
  if (list.content instanceof GrowingItems) {
    builder.journal.set(list, GrowingItems.from([...list.content, ...added]));
  } else builder.journal.set(list, joined(list.content, added, builder).content);
  return list;
}

function item(call: Call, builder: Builder): Value {
  const list = listOf(call, "list");
  const index = call.value("idx");
  if (!isCounted(list, [index], builder)) return stackedItem(stackOf(list, builder), index, builder);
  const items = knownItems(list);
  return items[at(call, "idx", items.length)];
}

/** Lists. */
export const lists: readonly Operator[] = [
  ...Object.entries(changes).map(([name, { schema, doc, change }]) =>
    row(`aten::${name}`, [schema], `Of lists: ${doc}`, (call, builder) =>
      changed(name, call, builder, (items) => change(items, call)),
    ),
  ),
  row("aten::append", [".t(t[](a!) self, t(c -> *) el) -> t[](a!)"], "Of lists: Adds an item.", (call, builder) =>
    extend(call, builder, [call.value("el")]),
  ),
  row(
    "aten::extend",
    [".t(t[](a!) self, t[] other) -> ()"],
    "Of lists: Adds the items of another.",
    (call, builder) => {
      extend(call, builder, itemsOf(call, "other"));
      return null;
    },
  ),
  row("aten::len", [".t(t[] a) -> int"], "Number of items.", (call, builder) => {
    const list = call.value("a");
    if (list instanceof ListValue && list.content instanceof StackedItems) return lengthOf(list.content, builder);
    return BigInt(call.list("a").length);
  }),
  row("aten::__getitem__", [".t(t[](a) list, int idx) -> t(*)"], "An item of a list.", item),
  row("aten::select", [".t(t[](a) list, int idx) -> t(*)"], "An item of a list.", item),
  row("aten::slice", [".t(t[] l, int? start=None, int? end=None, int step=1) -> t[]"], "A part of a list.", slice),
  row("aten::add", [".t(t[] a, t[] b) -> t[]"], "Two lists, one after the other.", (call, builder) =>
    joined(itemsOf(call, "a"), itemsOf(call, "b"), builder),
  ),
  row("aten::add_", [".t(t[](a!) self, t[] b) -> t[]"], "Adds the items of another list.", (call, builder) =>
    extend(call, builder, itemsOf(call, "b")),
  ),
  row("aten::mul", [".left_t(t[] l, int n) -> t[]", ".right_(int n, t[] l) -> t[]"], "A list repeated.", (call) =>
    repeated(call.list("l"), call.int("n")),
  ),
  row("aten::Size", ["(int[] sizes) -> int[]"], "Sizes as a list.", (call) => new ListValue(itemsOf(call, "sizes"))),
  row("aten::copy", [".t(t[](a) self) -> t[]"], "A copy of a list.", (call) => new ListValue(itemsOf(call, "self"))),
  row(
    "aten::list",
    [".t(t[] l) -> t[]", "(str t) -> str[]"],
    "A list of the same items.",
    (call) => new ListValue(call.has("l") ? itemsOf(call, "l") : Array.from(call.string("t"))),
  ),
  row(
    "aten::sorted",
    ["(t[] self, bool reverse=False) -> t[]"],
    "A sorted copy of a list of numbers or texts.",
    (call, builder) => {
      const content = itemsOf(call, "self");
      const reverse = call.bool("reverse");
      if (content instanceof StackedItems) return new ListValue(stackedSorted(content, reverse, builder));
      return new ListValue(sorted(content, reverse));
    },
  ),
  row(
    "prim::rangelist",
    ["(int n) -> int[]"],
    "The ints from 0.",
    (call) => new ListValue(Array.from({ length: call.int("n") }, (_, i) => BigInt(i))),
  ),
  row("aten::range", [".list(int a, int? b=None, int step=1) -> int[]"], "The ints of a range.", (call) => {
    const [start, end] = call.optionalInt("b") === null ? [0, call.int("a")] : [call.int("a"), call.int("b")];
    const step = call.int("step");
    const length = Math.max(0, Math.ceil((end - start) / step));
    if (length > mostItems) throw tooLong();
    return new ListValue(Array.from({ length }, (_, i) => BigInt(start + i * step)));
  }),
];
