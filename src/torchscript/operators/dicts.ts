import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { DictValue, dictKey, ListValue, TupleValue, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { textOf } from "./text-of.ts";
import { row } from "./row.ts";

type Entries = Map<string, readonly [Value, Value]>;

function changed(call: Call, builder: Builder, change: (entries: Entries) => Value, name = "self"): Value {
  const dict = call.dict(name);
  const entries = new Map(dict.content);
  const result = change(entries);
  builder.journal.set(dict, entries);
  return result;
}

function lookUp(call: Call, key = "key"): Value {
  const found = call.dict("self").content.get(dictKey(call.value(key)));
  if (found === undefined) throw raised(`the dict has no key ${JSON.stringify(textOf(call.value(key)))}`);
  return found[1];
}

function take(call: Call, entries: Entries): Value {
  const key = dictKey(call.value("key"));
  const found = entries.get(key);
  if (found === undefined && !call.has("default_value")) throw raised("pop of a key that the dict does not have");
  entries.delete(key);
  return found === undefined ? call.value("default_value") : found[1];
}

function build(call: Call): Value {
  if (!call.has("inputs")) return new DictValue();
  const pairs = call.list("inputs").map((pair): [Value, Value] => {
    const items = pair instanceof TupleValue ? pair.items : [];
    return [items[0] ?? null, items[1] ?? null];
  });
  return new DictValue(pairs);
}

/** Dicts with int, float, bool or str keys, in the order in which keys were added. */
export const dicts: readonly Operator[] = [
  row("aten::len", [".Dict(Dict(str, t) self) -> int"], "Number of entries.", (call) =>
    BigInt(call.dict("self").content.size),
  ),
  row("aten::__getitem__", [".Dict(Dict(str, t) self, t key) -> t(*)"], "The value of a key.", (call) => lookUp(call)),
  row(
    "aten::get",
    ["(Dict(str, t) self, t key, t default_value=None) -> t(*)"],
    "The value of a key, or another.",
    (call) => {
      const found = call.dict("self").content.get(dictKey(call.value("key")));
      return found === undefined ? call.value("default_value") : found[1];
    },
  ),
  row("aten::__contains__", [".Dict(Dict(str, t) dict, t key) -> bool"], "Whether a dict has a key.", (call) =>
    call.dict("dict").content.has(dictKey(call.value("key"))),
  ),
  row("aten::_set_item", [".Dict(Dict(str, t)(a!) l, t idx, t v) -> ()"], "Sets the value of a key.", (call, builder) =>
    changed(
      call,
      builder,
      (entries) => {
        entries.set(dictKey(call.value("idx")), [call.value("idx"), call.value("v")]);
        return null;
      },
      "l",
    ),
  ),
  row("aten::Delete", [".Dict(Dict(str, t)(a!) self, t key) -> ()"], "Removes a key.", (call, builder) =>
    changed(call, builder, (entries) => {
      entries.delete(dictKey(call.value("key")));
      return null;
    }),
  ),
  row(
    "aten::pop",
    [
      ".Dict(Dict(str, t)(a!) self, t key) -> t(*)",
      ".Dict_default(Dict(str, t)(a!) self, t key, t default_value) -> t(*)",
    ],
    "Removes a key and returns its value.",
    (call, builder) => changed(call, builder, (entries) => take(call, entries)),
  ),
  row(
    "aten::popitem",
    ["(Dict(str, t)(a!) self) -> ((str, t))"],
    "Removes the last entry and returns it.",
    (call, builder) =>
      changed(call, builder, (entries) => {
        const last = [...entries].at(-1);
        if (last === undefined) throw raised("popitem of an empty dict");
        entries.delete(last[0]);
        return new TupleValue(last[1]);
      }),
  ),
  row(
    "aten::setdefault",
    ["(Dict(str, t)(a!) self, t key, t default_value) -> t(*)"],
    "The value of a key, set if missing.",
    (call, builder) =>
      changed(call, builder, (entries) => {
        const key = dictKey(call.value("key"));
        const found = entries.get(key);
        if (found !== undefined) return found[1];
        entries.set(key, [call.value("key"), call.value("default_value")]);
        return call.value("default_value");
      }),
  ),
  row(
    "aten::update",
    ["(Dict(str, t)(a!) self, Dict(str, t) to_add) -> ()"],
    "Adds the entries of another dict.",
    (call, builder) =>
      changed(call, builder, (entries) => {
        for (const [key, entry] of call.dict("to_add").content) entries.set(key, entry);
        return null;
      }),
  ),
  row("aten::clear", [".Dict(Dict(str, t)(a!) self) -> ()"], "Removes all entries.", (call, builder) =>
    changed(call, builder, (entries) => {
      entries.clear();
      return null;
    }),
  ),
  row(
    "aten::keys",
    ["(Dict(str, t) self) -> t[](*)"],
    "The keys, in order.",
    (call) => new ListValue([...call.dict("self").content.values()].map(([key]) => key)),
  ),
  row(
    "aten::values",
    ["(Dict(str, t) self) -> t[](*)"],
    "The values, in order.",
    (call) => new ListValue([...call.dict("self").content.values()].map(([, value]) => value)),
  ),
  row(
    "aten::items",
    ["(Dict(str, t) self) -> t[]"],
    "The entries, in order.",
    (call) => new ListValue([...call.dict("self").content.values()].map((entry) => new TupleValue(entry))),
  ),
  row(
    "aten::copy",
    [".Dict(Dict(str, t) self) -> Dict(str, t)"],
    "A copy of a dict.",
    (call) => new DictValue(call.dict("self").content.values()),
  ),
  row("aten::dict", ["() -> Dict(str, Tensor)", ".pairs(t[] inputs) -> Dict(str, t)"], "A dict of pairs.", build),
  row(
    "aten::dict",
    [".Dict(Dict(str, t) self) -> Dict(str, t)"],
    "A copy of a dict.",
    (call) => new DictValue(call.dict("self").content.values()),
  ),
];
