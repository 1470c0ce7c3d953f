/**
 * What a pickle would put on the unpickler's stack, as a description. Values are shared, never copied: a stream that
 * doubles its structure with each opcode stays as small as the stream.
 */
export type Value =
  | { readonly kind: "atom"; readonly value: null | boolean | number | bigint }
  | TextValue
  | BytesValue
  | SequenceValue
  | DictValue
  | GlobalValue
  | ObjectValue
  | { readonly kind: "persistent"; readonly id: Value }
  | { readonly kind: "unknown" };

/** `text` is null when it was too long to be read; `at` and `length` are its bytes in the source. */
export interface TextValue {
  readonly kind: "text";
  readonly text: string | null;
  readonly at: number;
  readonly length: number;
}

export interface BytesValue {
  readonly kind: "bytes";
  readonly bytes: Uint8Array | null;
  readonly at: number;
  readonly length: number;
}

/** `items` holds the first ones, `count` is how many there are. */
export interface SequenceValue {
  readonly kind: "tuple" | "list" | "set" | "frozenset";
  readonly items: Value[];
  count: number;
}

export interface DictValue {
  readonly kind: "dict";
  /** The first ones, and all whose key is a dunder name. */
  readonly entries: (readonly [Value, Value])[];
  count: number;
}

export interface GlobalValue {
  readonly kind: "global";
  readonly module: string;
  readonly name: string;
}

/** The result of a call (REDUCE, INST, OBJ) or of `cls.__new__` (NEWOBJ). */
export interface ObjectValue {
  readonly kind: "object";
  readonly how: "call" | "new";
  readonly callee: Value;
  readonly args: Value;
  readonly kwargs: Value | null;
  /** What BUILD gave it, in order. */
  readonly states: Value[];
  /** What was appended to it or set in it, capped as above. */
  readonly items: SequenceValue;
  readonly entries: DictValue;
}

export const none: Value = { kind: "atom", value: null };
export const unknown: Value = { kind: "unknown" };

/** Items kept of one container for judging: more than any call has arguments. */
export const keptForJudging = 64;

/** `items` is the new sequence's own from here on. */
export function sequence(kind: SequenceValue["kind"], items: Value[] = [], kept = keptForJudging): SequenceValue {
  return { kind, items: items.length > kept ? items.slice(0, kept) : items, count: items.length };
}

export function addItems(target: SequenceValue, items: readonly Value[], kept: number): void {
  for (const item of items) {
    if (target.items.length >= kept) break;
    target.items.push(item);
  }
  target.count += items.length;
}

export function dict(): DictValue {
  return { kind: "dict", entries: [], count: 0 };
}

/** Adds the keys and values that alternate in `items`. */
export function addEntries(target: DictValue, items: readonly Value[], kept: number): void {
  for (let at = 0; at + 1 < items.length; at += 2) {
    const key = items[at] ?? unknown;
    const value = items[at + 1] ?? unknown;
    const dunder = key.kind === "text" && key.text?.startsWith("__");
    if (target.entries.length < kept || (dunder && target.entries.length < 16 * kept))
      target.entries.push([key, value]);
    target.count += 1;
  }
}

export function object(how: "call" | "new", callee: Value, args: Value, kwargs: Value | null = null): ObjectValue {
  return { kind: "object", how, callee, args, kwargs, states: [], items: sequence("list"), entries: dict() };
}

/** The value of a dict's entry with this text as key. */
export function entryOf(value: Value | undefined, key: string): Value | undefined {
  if (value?.kind !== "dict") return undefined;
  return value.entries.findLast(([name]) => name.kind === "text" && name.text === key)?.[1];
}

/** The integer of an atom; null for anything else. */
export function integerOf(value: Value | undefined): number | null {
  return value?.kind === "atom" && typeof value.value === "number" && Number.isInteger(value.value)
    ? value.value
    : null;
}

/** `module.name` of a global; null for anything else. */
export function globalName(value: Value | undefined): string | null {
  return value?.kind === "global" ? `${value.module}.${value.name}` : null;
}
