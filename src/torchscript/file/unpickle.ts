import type { ByteSource } from "../../archive/byte-source.ts";
import type { OpName } from "../../model/pickle/opcodes.ts";
import { type Argument, type Op, PickleReader } from "../../model/pickle/reader.ts";
import { invalid, LoweringError, unsupported } from "../lowering-error.ts";
import { type Pickled, PickledDict, PickledGlobal, PickledList, PickledObject, PickledTuple } from "./pickled.ts";
import { callGlobal, storageOf } from "./unpickle-calls.ts";

const mostOpcodes = 20_000_000;

/**
 * Builds what a pickle of a torch file describes, out of a closed list of makers: nothing is imported or called.
 * Throws MalformedModel or LoweringError for anything else.
 */
export async function unpickle(source: ByteSource): Promise<Pickled> {
  const reader = new PickleReader(source);
  const machine = new Machine();
  let steps = 0;
  while (!reader.done) {
    const batch = await reader.batch();
    if (batch.length === 0) break;
    steps += batch.length;
    if (steps > mostOpcodes) throw new LoweringError("limit", "the pickle is too long");
    for (const op of batch) machine.step(op);
  }
  return machine.result();
}

class Machine {
  readonly #memo = new Map<number, Pickled>();
  #stack: Pickled[] = [];
  readonly #marks: Pickled[][] = [];

  result(): Pickled {
    if (this.#stack.length !== 1 || this.#marks.length > 0) throw invalid("pickle: ends with something left over");
    return this.pop();
  }

  step(op: Op): void {
    const act = Object.hasOwn(actions, op.name) ? actions[op.name] : undefined;
    if (act === undefined) throw unsupported(`the pickle has the opcode ${op.name}`);
    act(this, op.argument);
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined) throw invalid("pickle: takes from an empty stack");
    return value;
  }

  top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined) throw invalid("pickle: looks at an empty stack");
    return value;
  }

  mark(): void {
    if (this.#marks.length > 10_000) throw new LoweringError("limit", "the pickle is nested too deeply");
    this.#marks.push(this.#stack);
    this.#stack = [];
  }

  popMark(): Pickled[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (below === undefined) throw invalid("pickle: has no mark");
    this.#stack = below;
    return items;
  }

  get(index: number): Pickled {
    const value = this.#memo.get(index);
    if (value === undefined) throw invalid("pickle: reads a memo that was not written");
    return value;
  }

  put(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  /** The items behind the last mark, and the container below it. */
  itemsFor<Container>(kind: new () => Container): { items: Pickled[]; container: Container } {
    const items = this.popMark();
    const container = this.top();
    if (!(container instanceof kind)) throw invalid("pickle: fills something that is no container");
    return { items, container };
  }

  take(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.pop()).toReversed();
  }
}

function intOf(argument: Argument): number {
  if (argument.kind === "int") return Number(argument.value);
  throw invalid("pickle: an opcode without its number");
}

function textOf(argument: Argument): string {
  if (argument.kind === "text" && argument.text !== null) return argument.text;
  throw invalid("pickle: a text that is too long");
}

function fill(dict: PickledDict, items: readonly Pickled[]): void {
  for (let i = 0; i + 1 < items.length; i += 2) dict.entries.push([items[i], items[i + 1]]);
}

function global(value: Pickled): PickledGlobal {
  if (value instanceof PickledGlobal) return value;
  throw invalid("pickle: calls something that is no global");
}

type Action = (machine: Machine, argument: Argument) => void;

const pushInt: Action = (machine, argument) =>
  machine.push(argument.kind === "bool" ? argument.value : BigInt(argument.kind === "int" ? argument.value : 0));
const pushText: Action = (machine, argument) => machine.push(textOf(argument));
const tuple =
  (count: number): Action =>
  (machine) =>
    machine.push(new PickledTuple(machine.take(count)));
const put: Action = (machine, argument) => machine.put(intOf(argument));
const get: Action = (machine, argument) => machine.push(machine.get(intOf(argument)));
const nothing: Action = () => {};

function reduce(machine: Machine): void {
  const args = machine.pop();
  const callee = global(machine.pop());
  // TorchScript writes the value of an enum's member without a tuple around it.
  machine.push(callGlobal(callee, args instanceof PickledTuple ? args.items : [args]));
}

function makeObject(machine: Machine): void {
  const args = machine.pop();
  const type = global(machine.pop());
  if (!type.name.startsWith("__torch__")) throw unsupported(`the pickle has an object of ${type.name}`);
  machine.push(new PickledObject(type.name, args instanceof PickledTuple ? args.items : []));
}

function build(machine: Machine): void {
  const state = machine.pop();
  const object = machine.top();
  if (object instanceof PickledDict) return; // attributes of an OrderedDict, such as a state dict's metadata
  if (!(object instanceof PickledObject)) throw invalid("pickle: gives a state to something that is no object");
  object.state = state;
  object.hasState = true;
}

const actions: Readonly<Partial<Record<OpName, Action>>> = {
  PROTO: nothing,
  FRAME: nothing,
  STOP: nothing,
  NONE: (machine) => machine.push(null),
  NEWTRUE: (machine) => machine.push(true),
  NEWFALSE: (machine) => machine.push(false),
  INT: pushInt,
  BININT: pushInt,
  BININT1: pushInt,
  BININT2: pushInt,
  LONG: pushInt,
  LONG1: pushInt,
  LONG4: pushInt,
  FLOAT: (machine, argument) => machine.push(argument.kind === "float" ? argument.value : 0),
  BINFLOAT: (machine, argument) => machine.push(argument.kind === "float" ? argument.value : 0),
  STRING: pushText,
  BINSTRING: pushText,
  SHORT_BINSTRING: pushText,
  UNICODE: pushText,
  BINUNICODE: pushText,
  SHORT_BINUNICODE: pushText,
  BINUNICODE8: pushText,
  EMPTY_LIST: (machine) => machine.push(new PickledList()),
  EMPTY_TUPLE: tuple(0),
  EMPTY_DICT: (machine) => machine.push(new PickledDict()),
  TUPLE1: tuple(1),
  TUPLE2: tuple(2),
  TUPLE3: tuple(3),
  TUPLE: (machine) => machine.push(new PickledTuple(machine.popMark())),
  LIST(machine) {
    const list = new PickledList();
    list.items.push(...machine.popMark());
    machine.push(list);
  },
  DICT(machine) {
    const dict = new PickledDict();
    fill(dict, machine.popMark());
    machine.push(dict);
  },
  APPEND(machine) {
    const item = machine.pop();
    const list = machine.top();
    if (!(list instanceof PickledList)) throw invalid("pickle: appends to something that is no list");
    list.items.push(item);
  },
  APPENDS(machine) {
    const { items, container } = machine.itemsFor(PickledList);
    for (const item of items) container.items.push(item);
  },
  SETITEM(machine) {
    const items = machine.take(2);
    const dict = machine.top();
    if (!(dict instanceof PickledDict)) throw invalid("pickle: sets an item of something that is no dict");
    fill(dict, items);
  },
  SETITEMS(machine) {
    const { items, container } = machine.itemsFor(PickledDict);
    fill(container, items);
  },
  MARK: (machine) => machine.mark(),
  POP: (machine) => void machine.pop(),
  POP_MARK: (machine) => void machine.popMark(),
  DUP: (machine) => machine.push(machine.top()),
  PUT: put,
  BINPUT: put,
  LONG_BINPUT: put,
  MEMOIZE: (machine) => machine.put(),
  GET: get,
  BINGET: get,
  LONG_BINGET: get,
  GLOBAL(machine, argument) {
    if (argument.kind !== "names") throw invalid("pickle: a global without a name");
    machine.push(new PickledGlobal(`${argument.module}.${argument.name}`));
  },
  STACK_GLOBAL(machine) {
    const [module, name] = machine.take(2);
    if (typeof module !== "string" || typeof name !== "string") throw invalid("pickle: a global without a name");
    machine.push(new PickledGlobal(`${module}.${name}`));
  },
  REDUCE: reduce,
  NEWOBJ: makeObject,
  BUILD: build,
  BINPERSID: (machine) => machine.push(storageOf(machine.pop())),
};
