import { kindOf } from "../kind-of.ts";
import type { Expression } from "../language/syntax.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { CallableValue, ListValue, ObjectValue, TupleValue, UnknownValue, type Value } from "../value.ts";
import { operator } from "./calls.ts";
import type { Context } from "./frame.ts";

/** `of.name`: an attribute, a constant of the class, a bound method, a field of a tuple, a property of a tensor. */
export function attributeOf(of: Value, name: string, context: Context): Value {
  const value = findAttribute(of, name, context);
  if (value === undefined) throw invalid(`${kindOf(of)} has no attribute ${name}`);
  return value;
}

export function findAttribute(of: Value, name: string, context: Context): Value | undefined {
  if (of instanceof UnknownValue) return of;
  if (of instanceof ObjectValue) return of.content.get(name) ?? ofClass(of, name, context);
  if (of instanceof TupleValue) return tupleField(of, name, context);
  if (of instanceof TensorValue) return operator(context, tensorProperties[name] ?? `prim::${name}`, [of]);
  if (of === null) throw invalid(`None has no attribute ${name}`);
  return undefined;
}

const tensorProperties: Readonly<Record<string, string>> = {
  shape: "aten::size",
  T: "aten::numpy_T",
  ndim: "aten::dim",
};

function ofClass(object: ObjectValue, name: string, context: Context): Value | undefined {
  if (object.content.has(name)) return null;
  const found = context.program.class(object.type)?.definition;
  if (found === undefined) return undefined;
  if (found.methods.has(name)) return new CallableValue("method", name, object);
  const value = found.fields.find((field) => field.name === name)?.value;
  return value ? literalOf(value) : undefined;
}

function tupleField(tuple: TupleValue, name: string, context: Context): Value | undefined {
  const fields =
    tuple.fields ??
    (tuple.type === null
      ? null
      : (context.program.class(tuple.type)?.definition.fields.map((field) => field.name) ?? null));
  const at = fields?.indexOf(name) ?? -1;
  return at < 0 ? undefined : tuple.items[at];
}

/** The value of a constant that a class declares: literals, lists and tuples of them. */
export function literalOf(expression: Expression): Value {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "list") return new ListValue(expression.items.map((item) => literalOf(item)));
  if (expression.kind === "tuple") return new TupleValue(expression.items.map((item) => literalOf(item)));
  if (expression.kind === "unary" && expression.operator === "-") {
    const of = literalOf(expression.of);
    if (typeof of === "number" || typeof of === "bigint") return -of;
  }
  throw unsupported("a class constant that is no literal");
}
