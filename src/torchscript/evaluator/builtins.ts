import type { Expression } from "../language/syntax.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { knownItems } from "../stacked-list.ts";
import {
  CallableValue,
  ClosureValue,
  DictValue,
  ListValue,
  ObjectValue,
  OptionalValue,
  SymbolicScalar,
  TupleValue,
  UninitializedValue,
  UnknownValue,
  type Value,
} from "../value.ts";
import { attributeOf, findAttribute } from "./attributes.ts";
import { call, operator } from "./calls.ts";
import type { Frame } from "./frame.ts";
import { isInstance, typeText } from "./types.ts";

export interface BuiltinCall {
  readonly expressions: readonly Expression[];
  /** The arguments, evaluated. */
  readonly values: () => Value[];
  /** One argument, evaluated. */
  readonly value: (index: number) => Value;
  readonly frame: Frame;
}

type Builtin = (given: BuiltinCall) => Value;

const asOperator =
  (name: string): Builtin =>
  ({ values, frame }) =>
    operator(frame.context, name, values());

const second: Builtin = ({ value }) => value(1);

function itemsOf(value: Value | undefined): readonly Value[] {
  if (value instanceof ListValue) return knownItems(value);
  if (value instanceof TupleValue) return value.items;
  throw invalid("tuple() of something that is no list");
}

/** A value that may be None has a type that None has not only where it is there, and the other way round. */
function isOptionalInstance({ present, value }: OptionalValue, type: Expression, { context }: Frame): Value {
  const [there, none] = [isInstance(value, type), isInstance(null, type)];
  if (there === none) return there;
  const found = new SymbolicScalar("bool", present);
  return there ? found : operator(context, "aten::__not__", [found]);
}

/** The names that the serialised language has besides operators. The first argument of some is a type. */
export const builtins: Readonly<Record<string, Builtin>> = {
  annotate: second,
  unchecked_cast({ value, expressions }) {
    const cast = value(1);
    return cast instanceof OptionalValue && !isInstance(null, expressions[0]) ? cast.value : cast;
  },
  uninitialized: ({ expressions }) => new UninitializedValue(typeText(expressions[0] ?? null)),
  int: asOperator("aten::Int"),
  float: asOperator("aten::Float"),
  bool: asOperator("aten::Bool"),
  str: asOperator("aten::str"),
  len: asOperator("aten::len"),
  range: asOperator("aten::range"),
  abs: asOperator("prim::abs"),
  min: asOperator("prim::min"),
  max: asOperator("prim::max"),
  ord: asOperator("aten::ord"),
  chr: asOperator("aten::chr"),
  round: asOperator("aten::round"),
  list: asOperator("aten::list"),
  sorted: asOperator("aten::sorted"),
  dict: ({ values }) => (values()[0] instanceof DictValue ? (values()[0] ?? null) : new DictValue()),
  print: () => null,
  getattr({ values, frame }) {
    const [of, name] = values();
    if (typeof name !== "string") throw invalid("getattr without a name");
    return attributeOf(of, name, frame.context);
  },
  hasattr({ values, frame }) {
    const [of, name] = values();
    if (of instanceof UnknownValue) return of;
    return (
      of instanceof ObjectValue && typeof name === "string" && findAttribute(of, name, frame.context) !== undefined
    );
  },
  setattr({ values, frame }) {
    const [of, name, value] = values();
    if (!(of instanceof ObjectValue) || typeof name !== "string")
      throw invalid("setattr of something that is no object");
    frame.context.builder.journal.set(of, new Map(of.content).set(name, value ?? null));
    return null;
  },
  isinstance({ value, expressions, frame }) {
    const tested = value(0);
    if (tested instanceof UnknownValue) return tested;
    if (expressions.length !== 2) throw invalid("isinstance takes a value and a type");
    if (tested instanceof OptionalValue) return isOptionalInstance(tested, expressions[1], frame);
    return isInstance(tested, expressions[1]);
  },
  fork({ values, frame }) {
    const [callee, ...rest] = values();
    if (callee instanceof ClosureValue) return callee.run();
    if (callee instanceof CallableValue) return call(frame.context, callee, rest);
    if (callee instanceof ObjectValue) return call(frame.context, new CallableValue("method", "forward", callee), rest);
    throw unsupported("fork of something that is no function");
  },
  tuple: ({ values }) => new TupleValue(itemsOf(values()[0])),
};
