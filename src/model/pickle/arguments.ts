import { type ArgumentRule, ufuncNames } from "./framework-globals.ts";
import { globalName, type SequenceValue, type Value } from "./value.ts";

/** A call that happens inside of an allowed one. */
export interface InnerCall {
  readonly how: "call" | "new";
  readonly callee: Value;
  readonly args: Value;
}

/** What checking arguments gave: something wrong, another call to judge, bytes that hold a file of their own. */
export interface ArgumentVerdict {
  readonly problem?: string;
  readonly inner?: InnerCall;
  readonly nested?: Value;
}

const fine: ArgumentVerdict = {};
const bad = (problem: string): ArgumentVerdict => ({ problem });

/** Types whose call without arguments does nothing but make an empty value. */
const factories: ReadonlySet<string> = new Set(
  `list dict set frozenset int float str tuple bool bytes bytearray complex`
    .split(" ")
    .map((name) => `builtins.${name}`),
);
const moreFactories: ReadonlySet<string> = new Set([
  "collections.OrderedDict",
  "collections.Counter",
  "collections.deque",
]);

/** Types that `copyreg._reconstructor` may start from. */
const bases: ReadonlySet<string> = new Set(
  `object int float str bytes list dict tuple set frozenset complex bytearray`
    .split(" ")
    .map((name) => `builtins.${name}`),
);

function pythonName(value: Value | undefined): string | null {
  return globalName(value)?.replace(/^__builtin__\./, "builtins.") ?? null;
}

function isText(value: Value | undefined): boolean {
  return value?.kind === "text";
}

function isPlain(value: Value): boolean {
  return value.kind === "atom" || value.kind === "text" || value.kind === "bytes";
}

const rules: Readonly<Record<ArgumentRule, (args: SequenceValue) => ArgumentVerdict>> = {
  latin1: ({ items: [text, codec] }) => {
    const name = codec?.kind === "text" ? codec.text : null;
    return isText(text) && (name === "latin1" || name === "latin-1") ? fine : bad("encodes by a codec of its choice");
  },
  "default-factory": ({ items: [factory] }) => {
    if (factory === undefined || (factory.kind === "atom" && factory.value === null)) return fine;
    const name = pythonName(factory) ?? "";
    return factories.has(name) || moreFactories.has(name) ? fine : bad("makes missing entries by a call");
  },
  "rebuild-from-type": ({ items: [callee, , args] }) =>
    callee === undefined || args === undefined ? bad("lacks arguments") : { inner: { how: "call", callee, args } },
  reconstructor: ({ items: [cls, base, state], count }) => {
    if (count !== 3 || cls === undefined || !bases.has(pythonName(base) ?? "")) return bad("starts from no plain type");
    return { inner: { how: "new", callee: cls, args: tupleOf(state === undefined ? [] : [state]) } };
  },
  "new-object": ({ items: [cls, ...args] }) =>
    cls === undefined ? bad("lacks a class") : { inner: { how: "new", callee: cls, args: tupleOf(args) } },
  partial: ({ items: [target] }) =>
    target?.kind === "global" || target?.kind === "object" ? fine : bad("binds arguments to what is no function"),
  ufunc: ({ items: [module, name] }) => {
    const from = module?.kind === "text" ? (module.text ?? "") : "";
    const known = name?.kind === "text" && name.text !== null && ufuncNames.has(name.text);
    return known && /^numpy(?:\._?core\._multiarray_umath)?$/.test(from) ? fine : bad("looks up a name of its choice");
  },
  plain: ({ items }) => (items.every(isPlain) ? fine : bad("is called with more than plain values")),
  enumeration: ({ items, count }) =>
    count === 1 && items.every(isPlain) ? fine : bad("is called with more than one plain value"),
  "nested-torch": ({ items: [bytes] }) => (bytes === undefined ? bad("lacks bytes") : { nested: bytes }),
  sized: ({ items: [first] }) =>
    first?.kind === "atom" && typeof first.value !== "boolean" && Number(first.value) > 2 ** 30
      ? bad("allocates more than a gigabyte")
      : fine,
};

function tupleOf(items: Value[]): SequenceValue {
  return { kind: "tuple", items, count: items.length };
}

/** Whether the arguments of a call are what its function is known to be harmless with. */
export function checkArguments(rule: ArgumentRule, args: SequenceValue): ArgumentVerdict {
  return rules[rule](args);
}
