import { callOperator } from "../binding.ts";
import type { Builder } from "../builder.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import {
  DictValue,
  dictKey,
  ListValue,
  type Scalar,
  SymbolicScalar,
  TupleValue,
  UnknownValue,
  type Value,
} from "../value.ts";

type Numeric = (args: readonly Scalar[]) => Scalar;

interface Operation {
  /** On known Python numbers. */
  readonly compute: Numeric;
  /** The same on tensors, for numbers that depend on their values. */
  readonly tensor?: string;
  /** Type of the result where it is not that of the operands. */
  readonly type?: "int" | "float" | "bool";
}

const isInt = (value: Scalar | undefined): boolean => typeof value !== "number";
const whole = (value: Scalar | undefined): bigint =>
  typeof value === "number" ? BigInt(Math.trunc(value)) : BigInt(value ?? 0n);

/** Integers stay exact; with a float among the operands all become floats. */
function arithmetic(ints: (a: bigint, b: bigint) => bigint, floats: (a: number, b: number) => number): Numeric {
  return ([a, b]) => (isInt(a) && isInt(b) ? ints(whole(a), whole(b)) : floats(Number(a), Number(b)));
}

function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw raised("ZeroDivisionError: integer division or modulo by zero");
  return divisor;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / nonZero(b);
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

const compare =
  (holds: (a: Scalar, b: Scalar) => boolean): Numeric =>
  ([a = 0n, b = 0n]) =>
    holds(a, b);

const toInt =
  (round: (x: number) => number): Numeric =>
  ([a]) =>
    typeof a === "number" ? BigInt(round(a)) : whole(a);

const floating =
  (f: (x: number) => number): Numeric =>
  ([a]) =>
    f(Number(a));

const power = arithmetic(
  (a, b) => {
    if (b < 0n || b > 4096n) throw unsupported("a power with this exponent");
    return a ** b;
  },
  (a, b) => a ** b,
);

/** Python functions that torch.export leaves in graphs for sizes and other numbers. */
const operations: Readonly<Record<string, Operation>> = {
  "_operator.add": {
    compute: arithmetic(
      (a, b) => a + b,
      (a, b) => a + b,
    ),
    tensor: "aten::add",
  },
  "_operator.sub": {
    compute: arithmetic(
      (a, b) => a - b,
      (a, b) => a - b,
    ),
    tensor: "aten::sub",
  },
  "_operator.mul": {
    compute: arithmetic(
      (a, b) => a * b,
      (a, b) => a * b,
    ),
    tensor: "aten::mul",
  },
  "_operator.truediv": { compute: ([a, b]) => Number(a) / Number(b), tensor: "aten::true_divide", type: "float" },
  "_operator.floordiv": { compute: arithmetic(floorDivide, (a, b) => Math.floor(a / b)), tensor: "aten::floor_divide" },
  "_operator.mod": {
    compute: arithmetic(
      (a, b) => a - b * floorDivide(a, b),
      (a, b) => a - b * Math.floor(a / b),
    ),
    tensor: "aten::remainder",
  },
  "_operator.pow": { compute: power, tensor: "aten::pow" },
  "math.pow": { compute: ([a, b]) => Number(a) ** Number(b), type: "float" },
  "_operator.neg": { compute: ([a]) => (typeof a === "number" ? -a : -whole(a)), tensor: "aten::neg" },
  "_operator.pos": { compute: ([a = 0n]) => a },
  "_operator.abs": { compute: ([a]) => (typeof a === "number" ? Math.abs(a) : whole(a) < 0n ? -whole(a) : whole(a)) },
  "_operator.eq": { compute: compare((a, b) => Number(a) === Number(b)), tensor: "aten::eq", type: "bool" },
  "_operator.ne": { compute: compare((a, b) => Number(a) !== Number(b)), tensor: "aten::ne", type: "bool" },
  "_operator.lt": { compute: compare((a, b) => a < b), tensor: "aten::lt", type: "bool" },
  "_operator.le": { compute: compare((a, b) => a <= b), tensor: "aten::le", type: "bool" },
  "_operator.gt": { compute: compare((a, b) => a > b), tensor: "aten::gt", type: "bool" },
  "_operator.ge": { compute: compare((a, b) => a >= b), tensor: "aten::ge", type: "bool" },
  "_operator.and_": { compute: bits((a, b) => a & b), tensor: "aten::bitwise_and" },
  "_operator.or_": { compute: bits((a, b) => a | b), tensor: "aten::bitwise_or" },
  "_operator.xor": { compute: bits((a, b) => a ^ b), tensor: "aten::bitwise_xor" },
  "_operator.lshift": { compute: ([a, b]) => whole(a) << whole(b) },
  "_operator.rshift": { compute: ([a, b]) => whole(a) >> whole(b) },
  "_operator.not_": { compute: ([a]) => Number(a) === 0, tensor: "aten::logical_not", type: "bool" },
  "_operator.invert": { compute: ([a]) => ~whole(a) },
  "math.trunc": { compute: toInt(Math.trunc), tensor: "aten::trunc", type: "int" },
  "math.floor": { compute: toInt(Math.floor), tensor: "aten::floor", type: "int" },
  "math.ceil": { compute: toInt(Math.ceil), tensor: "aten::ceil", type: "int" },
  "builtins.round": { compute: ([a]) => (typeof a === "number" ? BigInt(roundEven(a)) : whole(a)) },
  "torch.sym_not": { compute: ([a]) => Number(a) === 0, tensor: "aten::logical_not", type: "bool" },
  "torch.sym_int": { compute: toInt(Math.trunc), tensor: "aten::trunc", type: "int" },
  "torch.sym_float": { compute: floating((x) => x), tensor: "aten::mul", type: "float" },
  "torch.sym_max": { compute: ([a = 0n, b = 0n]) => (b > a ? b : a), tensor: "aten::maximum" },
  "torch.sym_min": { compute: ([a = 0n, b = 0n]) => (b < a ? b : a), tensor: "aten::minimum" },
  "torch.sym_ite": { compute: ([c, a = 0n, b = 0n]) => (Number(c) === 0 ? b : a) },
  "torch.sym_sum": { compute: (args) => args.reduce<bigint>((sum, arg) => sum + whole(arg), 0n) },
  "torch._sym_sqrt": { compute: floating(Math.sqrt), tensor: "aten::sqrt", type: "float" },
  "math.sqrt": { compute: floating(Math.sqrt), tensor: "aten::sqrt", type: "float" },
  "math.exp": { compute: floating(Math.exp), type: "float" },
  "math.log": { compute: floating(Math.log), type: "float" },
  "torch._sym_log2": { compute: floating(Math.log2), type: "float" },
  "math.log2": { compute: floating(Math.log2), type: "float" },
  "math.sin": { compute: floating(Math.sin), type: "float" },
  "math.cos": { compute: floating(Math.cos), type: "float" },
};

function bits(combine: (a: bigint, b: bigint) => bigint): Numeric {
  return ([a, b]) => {
    const result = combine(whole(a), whole(b));
    return typeof a === "boolean" && typeof b === "boolean" ? result !== 0n : result;
  };
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

export function isPythonTarget(target: string): boolean {
  const name = normal(target);
  return name === "_operator.getitem" || Object.hasOwn(operations, name);
}

/** `operator.add` is how torch 2.1 spells `_operator.add`. */
function normal(target: string): string {
  return target.startsWith("operator.") ? `_${target}` : target;
}

/** Calls one of Python's own functions, which work on sizes, numbers and containers. */
export function callPython(target: string, args: readonly Value[], builder: Builder): Value {
  const name = normal(target);
  const unknown = args.find((arg) => arg instanceof UnknownValue);
  if (unknown !== undefined) return unknown;
  if (name === "_operator.getitem") return item(args[0] ?? null, args[1] ?? null);
  const operation = operations[name];
  if (operation === undefined) throw unsupported(`the Python function ${target}`);
  const flat = args.flatMap((arg) => (arg instanceof ListValue ? arg.content : [arg]));
  const known = flat.map((arg) => knownScalar(arg, builder));
  if (known.every((arg) => arg !== null)) return operation.compute(known);
  return onTensors(name, operation, flat, builder);
}

function onTensors(name: string, operation: Operation, args: readonly Value[], builder: Builder): Value {
  if (args.some((arg) => arg instanceof TensorValue) && operation.tensor !== undefined) {
    return callOperator(operation.tensor, null, args, new Map(), builder);
  }
  if (operation.tensor === undefined) throw unsupported(`${name} of a number that depends on the values of a tensor`);
  const operands = args.map((arg) => symbolic(arg, builder));
  const type =
    operation.type ?? (operands.some((one) => one.type === "float") ? "float" : (operands[0]?.type ?? "int"));
  const tensors: Value[] = operands.map(({ tensor }) => tensor);
  if (name === "torch.sym_float") tensors.push(builder.full("float64", 1));
  const result = callOperator(operation.tensor, null, tensors, new Map(), builder);
  if (!(result instanceof TensorValue)) return result;
  const dtype = type === "int" ? "int64" : type === "float" ? "float64" : "bool";
  return new SymbolicScalar(type, builder.cast(result, dtype));
}

function symbolic(value: Value, builder: Builder): SymbolicScalar {
  if (value instanceof SymbolicScalar) return value;
  if (typeof value === "bigint") return new SymbolicScalar("int", builder.full("int64", value));
  if (typeof value === "number") return new SymbolicScalar("float", builder.full("float64", value));
  if (typeof value === "boolean") return new SymbolicScalar("bool", builder.full("bool", value));
  throw invalid("a Python function on something that is no number");
}

/** The number, where it is known. */
export function knownScalar(value: Value, builder: Builder): Scalar | null {
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean") return value;
  if (!(value instanceof SymbolicScalar)) return null;
  const known = builder.known(value.tensor)?.[0];
  if (known === undefined) return null;
  return value.type === "bool" ? known !== 0n : known;
}

function item(container: Value, index: Value): Value {
  if (container instanceof DictValue) {
    const found = container.content.get(dictKey(index));
    if (found === undefined) throw invalid("the graph asks for a key that a dictionary does not have");
    return found[1];
  }
  const items =
    container instanceof ListValue ? container.content : container instanceof TupleValue ? container.items : null;
  if (items === null || typeof index !== "bigint") throw invalid("the graph takes an item of something that has none");
  const found = items.at(Number(index));
  if (found === undefined) throw invalid(`the graph takes item ${index} of ${items.length}`);
  return found;
}
