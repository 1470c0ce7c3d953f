import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { asSymbolic } from "../symbolic.ts";
import { raised, unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { type Scalar, SymbolicScalar, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

type Symbolic = (a: TensorValue, b: TensorValue, builder: Builder) => TensorValue;

interface Binary {
  readonly ints: (a: bigint, b: bigint) => Scalar;
  readonly floats: (a: number, b: number) => Scalar;
  /** Nodes for numbers that depend on tensor values: on int64 or float64 of 0 dimensions. Null: not supported. */
  readonly symbolic: Symbolic | null;
  /** The result's type where it is not that of the operands. */
  readonly gives?: "bool" | "float";
  /** Operands that are first made floats. */
  readonly asFloats?: boolean;
  readonly doc: string;
}

const node =
  (op: string): Symbolic =>
  (a, b, builder) =>
    builder.emit(op, [a, b], {}, { dtype: a.dtype, shape: [] });
const compare =
  (op: string): Symbolic =>
  (a, b, builder) =>
    builder.emit(op, [a, b], {}, { dtype: "bool", shape: [] });
const negated =
  (op: string): Symbolic =>
  (a, b, builder) =>
    builder.emit("Not", [compare(op)(a, b, builder)], {}, { dtype: "bool", shape: [] });

/** Python's modulo: the sign of the divisor. */
const modulo: Symbolic = (a, b, builder) => {
  if (a.dtype === "int64") return node("Mod")(a, b, builder);
  const quotient = builder.emit("Floor", [node("Div")(a, b, builder)], {}, a);
  return node("Sub")(a, node("Mul")(quotient, b, builder), builder);
};

const floorDivision: Symbolic = (a, b, builder) => {
  if (a.dtype !== "int64") return builder.emit("Floor", [node("Div")(a, b, builder)], {}, a);
  return node("Div")(node("Sub")(a, modulo(a, b, builder), builder), b, builder);
};

function floorDiv(a: bigint, b: bigint): bigint {
  if (b === 0n) throw raised("integer division by zero");
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function floatRemainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

const binaries: Readonly<Record<string, Binary>> = {
  add: { ints: (a, b) => a + b, floats: (a, b) => a + b, symbolic: node("Add"), doc: "a + b" },
  sub: { ints: (a, b) => a - b, floats: (a, b) => a - b, symbolic: node("Sub"), doc: "a - b" },
  mul: { ints: (a, b) => a * b, floats: (a, b) => a * b, symbolic: node("Mul"), doc: "a × b" },
  div: {
    ints: (a, b) => divide(Number(a), Number(b)),
    floats: divide,
    symbolic: node("Div"),
    gives: "float",
    asFloats: true,
    doc: "a / b",
  },
  floordiv: { ints: floorDiv, floats: (a, b) => Math.floor(a / b), symbolic: floorDivision, doc: "⌊a / b⌋" },
  remainder: {
    ints: (a, b) => a - floorDiv(a, b) * b,
    floats: floatRemainder,
    symbolic: modulo,
    doc: "a modulo b, with the sign of b",
  },
  pow: {
    ints: (a, b) => Number(a) ** Number(b),
    floats: (a, b) => a ** b,
    symbolic: node("Pow"),
    gives: "float",
    asFloats: true,
    doc: "a to the power of b",
  },
  eq: { ints: (a, b) => a === b, floats: (a, b) => a === b, symbolic: compare("Equal"), gives: "bool", doc: "a = b" },
  ne: { ints: (a, b) => a !== b, floats: (a, b) => a !== b, symbolic: negated("Equal"), gives: "bool", doc: "a ≠ b" },
  lt: { ints: (a, b) => a < b, floats: (a, b) => a < b, symbolic: compare("Less"), gives: "bool", doc: "a < b" },
  le: {
    ints: (a, b) => a <= b,
    floats: (a, b) => a <= b,
    symbolic: compare("LessOrEqual"),
    gives: "bool",
    doc: "a ≤ b",
  },
  gt: { ints: (a, b) => a > b, floats: (a, b) => a > b, symbolic: compare("Greater"), gives: "bool", doc: "a > b" },
  ge: {
    ints: (a, b) => a >= b,
    floats: (a, b) => a >= b,
    symbolic: compare("GreaterOrEqual"),
    gives: "bool",
    doc: "a ≥ b",
  },
  atan2: {
    ints: (a, b) => Math.atan2(Number(a), Number(b)),
    floats: Math.atan2,
    symbolic: null,
    gives: "float",
    doc: "The angle of (b, a)",
  },
};

function divide(a: number, b: number): number {
  if (b === 0) throw raised("division by zero");
  return a / b;
}

function binary(given: Binary, call: Call, builder: Builder): Value {
  const [a, b] = [call.value("a"), call.value("b")];
  if (a instanceof SymbolicScalar || b instanceof SymbolicScalar)
    return symbolicBinary(given, call.name, a, b, builder);
  const [x, y] = [call.scalar("a"), call.scalar("b")];
  if (typeof x === "number" || typeof y === "number") return given.floats(Number(x), Number(y));
  const result = given.ints(BigInt(x), BigInt(y));
  return typeof result === "bigint" ? BigInt.asIntN(64, result) : result; // ints of TorchScript have 64 bits
}

function symbolicBinary(given: Binary, name: string, a: Value, b: Value, builder: Builder): Value {
  const [x, y] = [asSymbolic(a, builder), asSymbolic(b, builder)];
  if (x === null || y === null || given.symbolic === null) {
    throw unsupported(`${name} of numbers that depend on the values of a tensor`);
  }
  const float = given.asFloats === true || x.type === "float" || y.type === "float";
  const dtype = float ? "float64" : "int64";
  const result = given.symbolic(builder.cast(x.tensor, dtype), builder.cast(y.tensor, dtype), builder);
  return new SymbolicScalar(given.gives ?? (float ? "float" : "int"), result);
}

/** a + b of two numbers. */
export function addNumbers(a: Value, b: Value, builder: Builder): Value {
  if (a instanceof SymbolicScalar || b instanceof SymbolicScalar) {
    return symbolicBinary(binaries["add"], "aten::sum", a, b, builder);
  }
  return typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b);
}

function compute(name: string, a: Value, b: Value, builder: Builder): Value {
  const rule = binaries[name];
  if (typeof a === "bigint" && typeof b === "bigint") return rule.ints(a, b);
  return symbolicBinary(rule, `aten::${name}`, a, b, builder);
}

/** How many numbers a range has. */
export function rangeLength(start: Value, end: Value, step: Value, builder: Builder): Value {
  const distance = compute("sub", start, end, builder);
  const rounds = compute("sub", 0n, compute("floordiv", distance, step, builder), builder);
  return extreme("max", rounds, 0n, builder);
}

/** A number of a range. */
export function rangeItem(index: Value, start: Value, step: Value, builder: Builder): Value {
  return compute("add", start, compute("mul", index, step, builder), builder);
}

/** Python's min and max of two numbers. */
export function extreme(name: "min" | "max", a: Value, b: Value, builder: Builder): Value {
  const pick = name === "min" ? (x: number, y: number) => x <= y : (x: number, y: number) => x >= y;
  if (a instanceof SymbolicScalar || b instanceof SymbolicScalar) {
    const op = name === "min" ? "Min" : "Max";
    const rule: Binary = { ints: (x) => x, floats: (x) => x, symbolic: node(op), doc: "" };
    return symbolicBinary(rule, `prim::${name}`, a, b, builder);
  }
  const isLeft = pick(Number(a), Number(b));
  const float = typeof a === "number" || typeof b === "number";
  const chosen = isLeft ? a : b;
  return float ? Number(chosen) : chosen;
}

/** Two numbers. */
export const scalarArithmetic: readonly Operator[] = Object.entries(binaries).map(([name, given]) =>
  row(
    `aten::${name}`,
    [given.gives === "bool" ? "(Scalar a, Scalar b) -> bool" : "(Scalar a, Scalar b) -> Scalar"],
    `Of Python numbers: ${given.doc}.`,
    (call, builder) => binary(given, call, builder),
  ),
);
