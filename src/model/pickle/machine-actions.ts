import { MalformedModel } from "../malformed.ts";
import type { PickleMachine } from "./machine.ts";
import type { OpName } from "./opcodes.ts";
import type { Argument } from "./reader.ts";
import { addEntries, addItems, dict, none, sequence, unknown } from "./value.ts";
import type { Value } from "./value.ts";

type Action = (machine: PickleMachine, argument: Argument, at: number) => void;

function integerIn(argument: Argument): number | bigint {
  return argument.kind === "int" ? argument.value : 0;
}

const literal: Action = (machine, argument, at) => machine.push(valueOf(argument), at);

function valueOf(argument: Argument): Value {
  switch (argument.kind) {
    case "none":
      return none;
    case "names":
      return unknown;
    case "text":
      return { kind: "text", text: argument.text, at: argument.at, length: argument.length };
    case "bytes":
      return argument;
    default:
      return smallAtoms.get(argument.value) ?? { kind: "atom", value: argument.value };
  }
}

/** The integers of most pickles, made once. */
const smallAtoms = new Map<unknown, Value>(Array.from({ length: 256 }, (_, value) => [value, { kind: "atom", value }]));

const constant = (value: null | boolean): Action => {
  const atom: Value = { kind: "atom", value };
  return (machine, _argument, at) => machine.push(atom, at);
};

const tuple =
  (count: number): Action =>
  (machine, _argument, at) => {
    const items: Value[] = [];
    for (let left = count; left > 0; left -= 1) items.push(machine.pop(at));
    machine.push(sequence("tuple", count > 1 ? items.reverse() : items), at);
  };

const collect =
  (kind: "tuple" | "list" | "frozenset"): Action =>
  (machine, _argument, at) =>
    machine.push(sequence(kind, machine.sinceMark(at), machine.kept), at);

const append =
  (many: boolean): Action =>
  (machine, _argument, at) => {
    const items = many ? machine.sinceMark(at) : [machine.pop(at)];
    const target = machine.top(at);
    if (target.kind === "list" || target.kind === "set") addItems(target, items, machine.kept);
    else if (target.kind === "object") addItems(target.items, items, machine.kept);
    else if (items.length > 0) machine.watcher.odd(`appends to a ${target.kind}`, at);
  };

const setItems =
  (many: boolean): Action =>
  (machine, _argument, at) => {
    const items = many ? machine.sinceMark(at) : [machine.pop(at), machine.pop(at)].reverse();
    if (items.length % 2 !== 0) throw new MalformedModel("pickle sets a key without a value", at);
    const target = machine.top(at);
    if (target.kind === "dict") addEntries(target, items, machine.kept);
    else if (target.kind === "object") addEntries(target.entries, items, machine.kept);
    else if (items.length > 0) machine.watcher.odd(`sets items of a ${target.kind}`, at);
  };

const makeDict: Action = (machine, _argument, at) => {
  const items = machine.sinceMark(at);
  if (items.length % 2 !== 0) throw new MalformedModel("pickle sets a key without a value", at);
  const value = dict();
  addEntries(value, items, machine.kept);
  machine.push(value, at);
};

const stackGlobal: Action = (machine, _argument, at) => {
  const name = machine.pop(at);
  const module = machine.pop(at);
  if (name.kind === "text" && module.kind === "text" && name.text !== null && module.text !== null) {
    machine.push(machine.global(module.text, name.text, at), at);
  } else {
    machine.watcher.unresolvable(at);
    machine.push(unknown, at);
  }
};

const extension: Action = (machine, argument, at) => {
  machine.watcher.odd(`uses the extension registry (code ${integerIn(argument)}), which cannot be looked up`, at);
  machine.push(unknown, at);
};

const instance: Action = (machine, argument, at) => {
  const args = machine.sinceMark(at);
  if (argument.kind !== "names") return;
  const callee = machine.global(argument.module, argument.name, at);
  machine.make(args.length === 0 ? "new" : "call", callee, sequence("tuple", args), at);
};

const objectOf: Action = (machine, _argument, at) => {
  const [callee, ...args] = machine.sinceMark(at);
  if (callee === undefined) throw new MalformedModel("OBJ without a class", at);
  machine.make(args.length === 0 ? "new" : "call", callee, sequence("tuple", args), at);
};

const build: Action = (machine, _argument, at) => {
  const state = machine.pop(at);
  const target = machine.top(at);
  machine.watcher.build(target, state, at);
  if (target.kind === "object") target.states.push(state);
};

const outOfBand: Action = (machine, _argument, at) => {
  machine.watcher.odd("wants a buffer that is not in the file", at);
  machine.push(unknown, at);
};

const nothing: Action = () => {};

const reduce =
  (how: "call" | "new"): Action =>
  (machine, _argument, at) => {
    const args = machine.pop(at);
    machine.make(how, machine.pop(at), args, at);
  };

const recall: Action = (machine, argument, at) => machine.recall(integerIn(argument), at);
const remember: Action = (machine, argument, at) => machine.remember(integerIn(argument), at);

const persistent = (machine: PickleMachine, id: Value, at: number): void => {
  machine.watcher.persistent(id, at);
  machine.push({ kind: "persistent", id }, at);
};

/** What each opcode does to the machine. */
export const actions: Readonly<Record<OpName, Action>> = {
  INT: literal,
  BININT: literal,
  BININT1: literal,
  BININT2: literal,
  LONG: literal,
  LONG1: literal,
  LONG4: literal,
  STRING: literal,
  BINSTRING: literal,
  SHORT_BINSTRING: literal,
  BINBYTES: literal,
  SHORT_BINBYTES: literal,
  BINBYTES8: literal,
  BYTEARRAY8: literal,
  NEXT_BUFFER: outOfBand,
  READONLY_BUFFER: nothing,
  NONE: constant(null),
  NEWTRUE: constant(true),
  NEWFALSE: constant(false),
  UNICODE: literal,
  SHORT_BINUNICODE: literal,
  BINUNICODE: literal,
  BINUNICODE8: literal,
  FLOAT: literal,
  BINFLOAT: literal,
  EMPTY_LIST: (machine, _argument, at) => machine.push(sequence("list"), at),
  APPEND: append(false),
  APPENDS: append(true),
  LIST: collect("list"),
  EMPTY_TUPLE: (machine, _argument, at) => machine.push(sequence("tuple"), at),
  TUPLE: collect("tuple"),
  TUPLE1: tuple(1),
  TUPLE2: tuple(2),
  TUPLE3: tuple(3),
  EMPTY_DICT: (machine, _argument, at) => machine.push(dict(), at),
  DICT: makeDict,
  SETITEM: setItems(false),
  SETITEMS: setItems(true),
  EMPTY_SET: (machine, _argument, at) => machine.push(sequence("set"), at),
  ADDITEMS: append(true),
  FROZENSET: collect("frozenset"),
  POP: (machine, _argument, at) => machine.drop(at),
  DUP: (machine, _argument, at) => machine.push(machine.top(at), at),
  MARK: (machine, _argument, at) => machine.mark(at),
  POP_MARK: (machine, _argument, at) => void machine.sinceMark(at),
  GET: recall,
  BINGET: recall,
  LONG_BINGET: recall,
  PUT: remember,
  BINPUT: remember,
  LONG_BINPUT: remember,
  MEMOIZE: (machine, _argument, at) => machine.remember(null, at),
  EXT1: extension,
  EXT2: extension,
  EXT4: extension,
  GLOBAL: (machine, argument, at) => {
    if (argument.kind === "names") machine.push(machine.global(argument.module, argument.name, at), at);
  },
  STACK_GLOBAL: stackGlobal,
  REDUCE: reduce("call"),
  BUILD: build,
  INST: instance,
  OBJ: objectOf,
  NEWOBJ: reduce("new"),
  NEWOBJ_EX: (machine, _argument, at) => {
    const kwargs = machine.pop(at);
    const args = machine.pop(at);
    machine.make("new", machine.pop(at), args, at, kwargs);
  },
  PROTO: nothing,
  STOP: (machine, _argument, at) => machine.stop(at),
  FRAME: nothing,
  PERSID: (machine, argument, at) => persistent(machine, valueOf(argument), at),
  BINPERSID: (machine, _argument, at) => persistent(machine, machine.pop(at), at),
};
