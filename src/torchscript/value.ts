import { invalid, unsupported } from "./lowering-error.ts";
import type { TensorValue } from "./tensor-value.ts";

/** A Python number or bool whose value is known while the program is read. `int` is bigint, `float` is number. */
export type Scalar = bigint | number | boolean;

/**
 * A value of the program. `None` is null; `int` is bigint, `float` is number; `torch.dtype`, layouts and memory formats
 * are ints, as in TorchScript itself.
 */
export type Value =
  | null
  | Scalar
  | string
  | TensorValue
  | SymbolicScalar
  | OptionalValue
  | ListValue
  | TupleValue
  | DictValue
  | ObjectValue
  | DeviceValue
  | CallableValue
  | ClosureValue
  | UninitializedValue
  | UnknownValue;

/**
 * Something the program can change in place. All changes replace the content as a whole and go through a Journal, so
 * that the two arms of a branch can be walked from the same state.
 */
export interface Mutable<Content> {
  content: Content;
  /** Grows with each value that is made: tells what existed before a walk. */
  readonly born: number;
}

let births = 0;

/** The next number for `born`. */
export function nextBirth(): number {
  return ++births;
}

/** An int, float or bool that depends on tensor values: a 0-dim tensor of int64, float64 or bool stands for it. */
export class SymbolicScalar {
  readonly type: "int" | "float" | "bool";
  readonly tensor: TensorValue;

  constructor(type: "int" | "float" | "bool", tensor: TensorValue) {
    this.type = type;
    this.tensor = tensor;
  }
}

/** None, or a value: which of them only running the graph tells. `value` is zeros that count for nothing if it is None. */
export class OptionalValue {
  /** A 0-dim bool: whether it is not None. */
  readonly present: TensorValue;
  readonly value: Value;

  constructor(present: TensorValue, value: Value) {
    this.present = present;
    this.value = value;
  }
}

export class ListValue implements Mutable<readonly Value[]> {
  content: readonly Value[];
  readonly born = nextBirth();
  /** Set where another list holds what was in this one at the time: a change could not be seen there. */
  frozen = false;

  constructor(items: readonly Value[]) {
    this.content = items;
  }
}

/** What a loop on tensor values has added to a list in one round: the items of the rounds before are not known there. */
export class GrowingItems extends Array<Value> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/**
 * Items that only running the graph counts, all of one kind: stacked along a new first dimension. Tuples are stacked field
 * by field; lists of numbers, and tensors whose first sizes may differ ("ragged"), as their lengths, and their rows padded
 * to the longest. An empty array else.
 */
export class StackedItems extends Array<Value> {
  readonly kind: "tensor" | "int" | "float" | "bool" | "tuple" | "list" | "ragged";
  /** Of tuples: each field. Of lists and ragged tensors: the lengths, and the rows. */
  readonly parts: readonly StackedItems[];
  /** One of the tuples, for their names. */
  readonly of: TupleValue | null;
  readonly #stack: TensorValue | null;

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  constructor(kind: StackedItems["kind"], made: TensorValue | readonly StackedItems[], of: TupleValue | null = null) {
    super();
    this.kind = kind;
    this.parts = isParts(made) ? made : [];
    this.#stack = isParts(made) ? null : made;
    this.of = of;
  }

  get stack(): TensorValue {
    if (this.#stack === null) throw unsupported(`this use of a list of ${this.kind}s whose length depends on values`);
    return this.#stack;
  }
}

function isParts(made: TensorValue | readonly StackedItems[]): made is readonly StackedItems[] {
  return Array.isArray(made);
}

/** Also a NamedTuple (then `fields` names the items) and what operators with several results return. */
export class TupleValue {
  readonly items: readonly Value[];
  readonly fields: readonly string[] | null;
  readonly type: string | null;

  constructor(items: readonly Value[], fields: readonly string[] | null = null, type: string | null = null) {
    this.items = items;
    this.fields = fields;
    this.type = type;
  }
}

/** Keys are hashed by kind and value (`1` and `1.0` are different keys in TorchScript). Insertion order is kept. */
export class DictValue implements Mutable<ReadonlyMap<string, readonly [Value, Value]>> {
  content: ReadonlyMap<string, readonly [Value, Value]>;
  readonly born = nextBirth();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    this.content = new Map([...entries].map((entry) => [dictKey(entry[0]), entry]));
  }
}

/** The text under which a DictValue files a key. Throws LoweringError for a key that only running the graph tells. */
export function dictKey(key: Value): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `i${key}`;
  if (typeof key === "number") return `f${key}`;
  if (typeof key === "boolean") return `b${key}`;
  if (key instanceof SymbolicScalar) throw unsupported("a dict whose keys depend on the values of a tensor");
  throw invalid("a dictionary's key must be an int, float, bool or str");
}

/** An instance of a module or class: the qualified name of its type, and its attributes. */
export class ObjectValue implements Mutable<ReadonlyMap<string, Value>> {
  readonly type: string;
  content: ReadonlyMap<string, Value>;
  readonly born = nextBirth();

  constructor(type: string, attributes: ReadonlyMap<string, Value> = new Map()) {
    this.type = type;
    this.content = attributes;
  }
}

/** A member of an enum: one for each value, so that members of the same value are the same. */
export class EnumMember extends ObjectValue {
  readonly member: string;
  readonly value: Value;

  constructor(type: string, member: string, value: Value) {
    super(
      type,
      new Map<string, Value>([
        ["name", member],
        ["value", value],
      ]),
    );
    this.member = member;
    this.value = value;
  }
}

/** `torch.device`: everything runs on one device here; the name is kept because programs compare it. */
export class DeviceValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A function, a class or a bound method, by qualified name. */
export class CallableValue {
  readonly kind: "function" | "class" | "operator" | "method";
  readonly name: string;
  readonly self: ObjectValue | null;

  constructor(kind: CallableValue["kind"], name: string, self: ObjectValue | null = null) {
    this.kind = kind;
    this.name = name;
    this.self = self;
  }
}

/** A function inside of another, with the names that it sees. */
export class ClosureValue {
  readonly run: () => Value;

  constructor(run: () => Value) {
    this.run = run;
  }
}

/** `uninitialized(T)`: never read by a right program; merges with anything. */
export class UninitializedValue {
  readonly type: string;
  /** Set when two arms of a branch left values that do not go together: reading it is an error with this message. */
  readonly reason: string | null;

  constructor(type: string, reason: string | null = null) {
    this.type = type;
    this.reason = reason;
  }
}

/** The result of an operator that we do not have. It spreads, so that one walk finds all missing operators. */
export class UnknownValue {
  readonly operator: string;

  constructor(operator: string) {
    this.operator = operator;
  }
}
