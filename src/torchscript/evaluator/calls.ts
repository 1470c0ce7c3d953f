import { callOperator } from "../binding.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { isSupported } from "../operators/registry.ts";
import type { ClassDefinition } from "../language/syntax.ts";
import { CallableValue, ObjectValue, TupleValue, UnknownValue, type Value } from "../value.ts";
import { type Context, methodOf } from "./frame.ts";

const noKeywords: ReadonlyMap<string, Value> = new Map();

/** Calls a row of the operator table; counts it when it is missing. */
export function operator(
  context: Context,
  name: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value> = noKeywords,
): Value {
  context.budget.step();
  if (name === "prim::RaiseException") throw raisedBy(positional);
  if (!isSupported(name)) {
    context.missing.set(name, (context.missing.get(name) ?? 0) + 1);
    return new UnknownValue(name);
  }
  return callOperator(name, null, positional, keyword, context.builder);
}

/** The exception of `ops.prim.RaiseException(message, class)`. */
export function raisedBy([message, type]: readonly Value[]): Error {
  const kind = typeof type === "string" ? `${type.split(".").at(-1)}: ` : "";
  return raised(`the model raised ${kind}${typeof message === "string" ? message : "an exception"}`);
}

/** Calls anything callable: a function, a bound method, or a class, which makes an instance. */
export function call(
  context: Context,
  callee: CallableValue,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value> = noKeywords,
): Value {
  switch (callee.kind) {
    case "operator":
      return operator(context, callee.name, positional, keyword);
    case "function": {
      const found = context.program.function(callee.name);
      if (found === null) throw invalid(`the function ${callee.name} is not in the file`);
      return context.run(found, positional, keyword);
    }
    case "method":
      if (callee.self === null) throw invalid(`the method ${callee.name} has no object`);
      return callMethod(context, callee.self, callee.name, positional, keyword);
    case "class":
      return construct(context, callee.name, positional, keyword);
  }
}

export function callMethod(
  context: Context,
  self: ObjectValue,
  name: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value> = noKeywords,
): Value {
  const found = methodOf(context, self, name);
  if (found !== null) return context.run(found, [self, ...positional], keyword);
  const attribute = self.content.get(name);
  if (attribute instanceof CallableValue) return call(context, attribute, positional, keyword);
  throw invalid(`${self.type} has no method ${name}`);
}

function construct(
  context: Context,
  name: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): Value {
  const found = context.program.class(name)?.definition;
  if (found === undefined) throw invalid(`the class ${name} is not in the file`);
  if (found.base === "NamedTuple") return namedTuple(found, name, positional, keyword);
  if (found.base === "Enum") throw unsupported(`an enum made from a value (${name})`);
  const object = new ObjectValue(name);
  if (found.methods.has("__init__")) callMethod(context, object, "__init__", positional, keyword);
  return object;
}

function namedTuple(
  definition: ClassDefinition,
  name: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): TupleValue {
  const fields = definition.fields.map((field) => field.name);
  const items = fields.map((field, i) => positional[i] ?? keyword.get(field) ?? null);
  return new TupleValue(items, fields, name);
}
