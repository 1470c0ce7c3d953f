import { kindOf } from "../kind-of.ts";
import { operatorName } from "../language/operator-name.ts";
import type { Expression } from "../language/syntax.ts";
import { invalid, LoweringError, unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import {
  CallableValue,
  DictValue,
  EnumMember,
  ListValue,
  ObjectValue,
  SymbolicScalar,
  TupleValue,
  UninitializedValue,
  UnknownValue,
  type Value,
} from "../value.ts";
import { callOperator } from "../binding.ts";
import { complexNumber, isComplexNumber } from "../complex-number.ts";
import { attributeOf, literalOf } from "./attributes.ts";
import { branch } from "./branch.ts";
import { builtins } from "./builtins.ts";
import { call, callMethod, operator } from "./calls.ts";
import { type Frame, methodOf } from "./frame.ts";
import { truth } from "./truth.ts";

type Evaluators = {
  readonly [Kind in Expression["kind"]]: (expression: Expression & { readonly kind: Kind }, frame: Frame) => Value;
};

const evaluators: Evaluators = {
  literal: ({ value }) => value,
  name: ({ name }, frame) => lookUp(name, frame),
  path: ({ name }, frame) => pathValue(name, frame),
  imaginary: ({ value }) => complexNumber(0, value),
  constant: ({ index }, { context }) => {
    if (index >= context.constants.length) throw invalid(`the constant c${index} is not in the file`);
    return context.constants[index];
  },
  list: ({ items }, frame) => new ListValue(items.map((item) => evaluate(item, frame))),
  tuple: ({ items }, frame) => new TupleValue(items.map((item) => evaluate(item, frame))),
  dict: ({ entries }, frame) =>
    new DictValue(entries.map(([key, value]) => [evaluate(key, frame), evaluate(value, frame)])),
  attribute: ({ of, name }, frame) => attributeOf(evaluate(of, frame), name, frame.context),
  subscript: ({ of, index }, frame) => subscript(evaluate(of, frame), index, frame),
  slice: () => {
    throw invalid("a slice outside of brackets");
  },
  call: evaluateCall,
  unary({ operator: symbol, of }, frame) {
    const value = evaluate(of, frame);
    if (symbol === "+") return value;
    if (symbol === "not") return operator(frame.context, "aten::__not__", [value]);
    return operator(frame.context, symbol === "-" ? "aten::neg" : "aten::bitwise_not", [value]);
  },
  binary: ({ operator: symbol, left, right }, frame) => binary(symbol, left, right, frame),
  conditional({ test, whenTrue, whenFalse }, frame) {
    const holds = truth(evaluate(test, frame), frame.context.builder);
    if (typeof holds === "boolean") return evaluate(holds ? whenTrue : whenFalse, frame);
    const arms = {
      whenTrue: () => ({ returned: evaluate(whenTrue, frame) }),
      whenFalse: () => ({ returned: evaluate(whenFalse, frame) }),
    };
    const completion = branch(frame, holds, { ...arms, toTheEnd: arms });
    if (completion === null || typeof completion === "string") throw invalid("a conditional without a value");
    return completion.returned;
  },
};

/** The value of an expression; tensor operations emit nodes. */
export function evaluate(expression: Expression, frame: Frame): Value {
  const evaluator = evaluators[expression.kind] as (expression: Expression, frame: Frame) => Value;
  return evaluator(expression, frame);
}

function lookUp(name: string, { locals }: Frame): Value {
  const value = locals.get(name);
  if (value === undefined) throw invalid(`the name ${name} is not defined`);
  if (value instanceof UninitializedValue && value.reason !== null) throw unsupported(value.reason);
  return value;
}

/** A dotted name as a value: a function, a class, an enum's member, an operator. */
function pathValue(name: string, { context }: Frame): Value {
  if (!name.startsWith("__torch__")) return new CallableValue("operator", operatorName(name));
  if (context.program.function(name) !== null) return new CallableValue("function", name);
  if (context.program.class(name) !== null) return new CallableValue("class", name);
  const dot = name.lastIndexOf(".");
  const owner = context.program.class(name.slice(0, dot))?.definition;
  const member = owner?.fields.find((field) => field.name === name.slice(dot + 1));
  if (owner?.base === "Enum" && member?.value) {
    return new EnumMember(name.slice(0, dot), member.name, literalOf(member.value));
  }
  throw invalid(`${name} is not in the file`);
}

const binaryOperators: Readonly<Record<string, string>> = {
  "+": "aten::add",
  "-": "aten::sub",
  "*": "aten::mul",
  "/": "aten::div",
  "//": "aten::floordiv",
  "%": "aten::remainder",
  "**": "aten::pow",
  "@": "aten::matmul",
  "==": "aten::eq",
  "!=": "aten::ne",
  "<": "aten::lt",
  "<=": "aten::le",
  ">": "aten::gt",
  ">=": "aten::ge",
  "&": "aten::__and__",
  "|": "aten::__or__",
  "^": "aten::__xor__",
  "<<": "aten::__lshift__",
  ">>": "aten::__rshift__",
  is: "aten::__is__",
  "is not": "aten::__isnot__",
};

/** The operator's name for `+`, `<`, … */
export function binaryOperator(symbol: string): string {
  const name = binaryOperators[symbol];
  if (name === undefined) throw invalid(`the operator ${symbol}`);
  return name;
}

function binary(symbol: string, left: Expression, right: Expression, frame: Frame): Value {
  const first = evaluate(left, frame);
  if (symbol === "and" || symbol === "or") {
    const holds = truth(first, frame.context.builder);
    if (typeof holds === "boolean") return holds === (symbol === "or") ? first : evaluate(right, frame);
    const name = symbol === "and" ? "aten::__and__" : "aten::__or__";
    return operator(frame.context, name, [first, evaluate(right, frame)]);
  }
  const second = evaluate(right, frame);
  if (symbol === "in") return operator(frame.context, "aten::__contains__", [second, first]);
  if (symbol === "not in") {
    return operator(frame.context, "aten::__not__", [operator(frame.context, "aten::__contains__", [second, first])]);
  }
  if (isComplexNumber(first) || isComplexNumber(second)) {
    return callOperator(binaryOperator(symbol), "Tensor", [first, second], new Map(), frame.context.builder);
  }
  return operator(frame.context, binaryOperator(symbol), [first, second]);
}

function subscript(of: Value, index: Expression, frame: Frame): Value {
  const { context } = frame;
  if (of instanceof UnknownValue) return of;
  if (index.kind === "slice") {
    const [start, end, step] = [index.start, index.end, index.step].map((part) => part && evaluate(part, frame));
    const range: Value[] = [start ?? null, end ?? null, step ?? 1n];
    return operator(context, "aten::slice", of instanceof TensorValue ? [of, 0n, ...range] : [of, ...range]);
  }
  const at = evaluate(index, frame);
  if (of instanceof TupleValue) {
    const number = typeof at === "bigint" ? Number(at) : Number.NaN;
    const item = of.items[number < 0 ? number + of.items.length : number];
    if (item === undefined) throw invalid(`a tuple of ${of.items.length} has no item ${kindOf(at)} ${number}`);
    return item;
  }
  if (of instanceof TensorValue) return operator(context, "aten::select", [of, 0n, at]);
  if (of instanceof ObjectValue) {
    if (methodOf(context, of, "__getitem__") === null) return submodule(of, at);
    return callMethod(context, of, "__getitem__", [at]);
  }
  return operator(context, "aten::__getitem__", [of, at]);
}

/** A module of a ModuleList or ModuleDict, which have no code of their own. */
function submodule(of: ObjectValue, at: Value): Value {
  const modules = [...of.content].filter(([name]) => /^\d+$/.test(name));
  const found =
    typeof at === "string" ? of.content.get(at) : typeof at === "bigint" ? modules.at(Number(at))?.[1] : null;
  if (found instanceof ObjectValue) return found;
  throw invalid(`${of.type} has no such item`);
}

function evaluateCall(expression: Extract<Expression, { kind: "call" }>, frame: Frame): Value {
  const { callee, positional, keyword } = expression;
  const { context } = frame;
  if (callee.kind === "name" && !frame.locals.has(callee.name)) {
    const builtin = Object.hasOwn(builtins, callee.name) ? builtins[callee.name] : undefined;
    if (builtin === undefined) throw invalid(`the function ${callee.name} is not defined`);
    const value = (i: number) => {
      if (positional[i] === undefined) throw invalid(`${callee.name} takes more arguments`);
      return evaluate(positional[i], frame);
    };
    const values = () => positional.map((item) => evaluate(item, frame));
    return builtin({ expressions: positional, values, value, frame });
  }
  const named = () => new Map(keyword.map(([name, value]) => [name, evaluate(value, frame)]));
  const values = () => positional.map((item) => evaluate(item, frame));
  if (callee.kind === "path") return callPath(callee.name, values(), named(), frame);
  if (callee.kind === "attribute") {
    const self = evaluate(callee.of, frame);
    if (self instanceof ObjectValue) return callMethod(context, self, callee.name, values(), named());
    if (self instanceof UnknownValue) return self;
    const name = callee.name === "tolist" ? "prim::tolist" : `aten::${callee.name}`;
    return operator(context, name, [self, ...values()], named());
  }
  const target = evaluate(callee, frame);
  if (target instanceof CallableValue) return call(context, target, values(), named());
  if (target instanceof ObjectValue) return callMethod(context, target, "forward", values(), named());
  if (target instanceof UnknownValue) return target;
  throw new LoweringError("invalid", `${kindOf(target)} is called`);
}

function callPath(name: string, positional: Value[], keyword: ReadonlyMap<string, Value>, frame: Frame): Value {
  const { context } = frame;
  if (!name.startsWith("__torch__")) return operator(context, operatorName(name), positional, keyword);
  if (name.endsWith(".__new__")) return new ObjectValue(name.slice(0, -".__new__".length));
  const target = pathValue(name, frame);
  if (target instanceof CallableValue) return call(context, target, positional, keyword);
  if (target instanceof SymbolicScalar) throw invalid(`${name} is called`);
  throw invalid(`${name} is called`);
}
