import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { mayEqual } from "../extent.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { isFloating } from "../promotion.ts";
import { TensorValue } from "../tensor-value.ts";
import { type Scalar, SymbolicScalar, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { extreme, rangeItem, rangeLength } from "./scalar-arithmetic.ts";

type Kind = SymbolicScalar["type"];

const dtypeOf = { int: "int64", float: "float64", bool: "bool" } as const;

function convert(value: Scalar, type: Kind): Scalar {
  if (type === "bool") return Number(value) !== 0;
  if (type === "float") return Number(value);
  if (typeof value !== "number") return BigInt(value);
  if (!Number.isFinite(value)) throw raised(`${value} cannot be made an int`);
  return BigInt(Math.trunc(value));
}

/** The Python number of a tensor with one element: known, or to be found out by running. */
export function numberOf(tensor: TensorValue, builder: Builder): Scalar | SymbolicScalar {
  if (!mayEqual(tensor.count, 1)) throw raised(`a tensor of ${tensor.count} elements cannot be made a number`);
  const type = tensor.dtype === "bool" ? "bool" : isFloating(tensor.dtype) ? "float" : "int";
  const known = builder.known(tensor)?.[0];
  if (known !== undefined) return convert(type === "bool" ? known !== 0n : known, type);
  return new SymbolicScalar(type, builder.reshape(builder.cast(tensor, dtypeOf[type]), []));
}

function conversion(type: Kind) {
  return (call: Call, builder: Builder): Value => {
    const given = call.value("a");
    if (typeof given === "string") return parse(given, type);
    const number = given instanceof TensorValue ? numberOf(given, builder) : given;
    if (number instanceof SymbolicScalar) {
      return number.type === type ? number : new SymbolicScalar(type, builder.cast(number.tensor, dtypeOf[type]));
    }
    if (typeof number === "bigint" || typeof number === "number" || typeof number === "boolean") {
      return convert(number, type);
    }
    throw invalid(`${call.name} of something that is no number`);
  };
}

function parse(text: string, type: Kind): Scalar {
  if (type === "int" && /^\s*[-+]?\d+\s*$/.test(text)) return BigInt(text.trim());
  const lower = text.trim().toLowerCase();
  const value = /^[-+]?(inf|infinity)$/.test(lower) ? (lower.startsWith("-") ? -Infinity : Infinity) : Number(lower);
  if (type === "float" && lower !== "" && (!Number.isNaN(value) || lower === "nan")) return value;
  throw raised(`the text ${JSON.stringify(text)} is no ${type}`);
}

const unaries: Readonly<Record<string, { of: (x: number) => Scalar; op: string | null; type: Kind }>> = {
  floor: { of: (x) => BigInt(Math.floor(x)), op: "Floor", type: "int" },
  ceil: { of: (x) => BigInt(Math.ceil(x)), op: "Ceil", type: "int" },
  round: { of: roundEven, op: "Round", type: "float" },
  sqrt: { of: Math.sqrt, op: "Sqrt", type: "float" },
  exp: { of: Math.exp, op: "Exp", type: "float" },
  log: { of: Math.log, op: "Log", type: "float" },
  log2: { of: Math.log2, op: null, type: "float" },
  log10: { of: Math.log10, op: null, type: "float" },
  log1p: { of: Math.log1p, op: null, type: "float" },
  expm1: { of: Math.expm1, op: null, type: "float" },
  sin: { of: Math.sin, op: "Sin", type: "float" },
  cos: { of: Math.cos, op: "Cos", type: "float" },
  tan: { of: Math.tan, op: "Tan", type: "float" },
  asin: { of: Math.asin, op: "Asin", type: "float" },
  acos: { of: Math.acos, op: "Acos", type: "float" },
  atan: { of: Math.atan, op: "Atan", type: "float" },
  sinh: { of: Math.sinh, op: null, type: "float" },
  cosh: { of: Math.cosh, op: null, type: "float" },
  tanh: { of: Math.tanh, op: "Tanh", type: "float" },
  fabs: { of: Math.abs, op: "Abs", type: "float" },
  degrees: { of: (x) => (x * 180) / Math.PI, op: null, type: "float" },
  radians: { of: (x) => (x * Math.PI) / 180, op: null, type: "float" },
  isnan: { of: Number.isNaN, op: "IsNaN", type: "bool" },
  isinf: { of: (x) => Math.abs(x) === Infinity, op: "IsInf", type: "bool" },
  isfinite: { of: Number.isFinite, op: null, type: "bool" },
};

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

function unary(name: string): Operator {
  const { of, op, type } = unaries[name];
  return row(`aten::${name}`, ["(Scalar a) -> Scalar"], "Of a Python number.", (call, builder) => {
    const given = call.value("a");
    if (!(given instanceof SymbolicScalar)) return of(Number(call.scalar("a")));
    if (op === null) throw unsupported(`aten::${name} of a number that depends on the values of a tensor`);
    const dtype = type === "bool" ? "bool" : "float64";
    const result = builder.emit(op, [builder.cast(given.tensor, "float64")], {}, { dtype, shape: [] });
    return new SymbolicScalar(type, builder.cast(result, dtypeOf[type]));
  });
}

function negate(call: Call, builder: Builder): Value {
  const given = call.value("a");
  if (given instanceof SymbolicScalar) {
    return new SymbolicScalar(given.type, builder.emit("Neg", [given.tensor], {}, given.tensor));
  }
  const value = call.scalar("a");
  return typeof value === "number" ? -value : -BigInt(value);
}

function absolute(call: Call, builder: Builder): Value {
  const given = call.value("a");
  if (given instanceof SymbolicScalar) {
    return new SymbolicScalar(given.type, builder.emit("Abs", [given.tensor], {}, given.tensor));
  }
  const value = call.scalar("a");
  return typeof value === "bigint" && value < 0n ? -value : typeof value === "number" ? Math.abs(value) : value;
}

function not(call: Call, builder: Builder): Value {
  const given = call.value("self");
  if (!(given instanceof SymbolicScalar)) return !call.bool("self");
  const bool = builder.cast(given.tensor, "bool");
  return new SymbolicScalar("bool", builder.emit("Not", [bool], {}, { dtype: "bool", shape: [] }));
}

type Bits = (a: bigint, b: bigint) => bigint;

function bitwise(name: string, of: Bits, op: string | null): Operator {
  return row(
    `aten::${name}`,
    [".bool(bool a, bool b) -> bool", ".int(int a, int b) -> int"],
    "Of Python ints or bools.",
    (call, builder) => {
      const [a, b] = [call.value("a"), call.value("b")];
      if (a instanceof SymbolicScalar || b instanceof SymbolicScalar) {
        if (op === null || call.overload !== "bool")
          throw unsupported(`${call.name} of ints that depend on tensor values`);
        const sides = [call.operand("a"), call.operand("b")].map((side) => builder.cast(side, "bool"));
        return new SymbolicScalar("bool", builder.emit(op, sides, {}, { dtype: "bool", shape: [] }));
      }
      const result = of(BigInt(call.scalar("a")), BigInt(call.scalar("b")));
      return call.overload === "bool" ? result !== 0n : BigInt.asIntN(64, result);
    },
  );
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
}

const fromTensor = (name: string, doc: string, type: Kind | null = null): Operator =>
  row(`aten::${name}`, ["(Tensor a) -> Scalar"], doc, (call, builder) => {
    const number = numberOf(call.tensor("a"), builder);
    if (type === null) return number;
    if (number instanceof SymbolicScalar) return new SymbolicScalar(type, builder.cast(number.tensor, dtypeOf[type]));
    return convert(number, type);
  });

/** Python numbers, and tensors made numbers and back. */
export const scalars: readonly Operator[] = [
  row(
    "aten::Int",
    [".Tensor(Tensor a) -> int", ".Scalar(Scalar a) -> int", ".str(str a) -> int"],
    "int()",
    conversion("int"),
  ),
  row(
    "aten::Float",
    [".Tensor(Tensor a) -> float", ".Scalar(Scalar a) -> float", ".str(str a) -> float"],
    "float()",
    conversion("float"),
  ),
  row("aten::Bool", [".Tensor(Tensor a) -> bool", ".Scalar(Scalar a) -> bool"], "bool()", conversion("bool")),
  fromTensor("IntImplicit", "The int of a tensor with one element.", "int"),
  fromTensor("FloatImplicit", "The float of a tensor with one element.", "float"),
  fromTensor("ScalarImplicit", "The number of a tensor with one element."),
  row("aten::item", ["(Tensor self) -> Scalar"], "The number of a tensor with one element.", (call, builder) =>
    numberOf(call.tensor("self"), builder),
  ),
  row("aten::_local_scalar_dense", ["(Tensor self) -> Scalar"], "As aten::item.", (call, builder) =>
    numberOf(call.tensor("self"), builder),
  ),
  row("aten::is_nonzero", ["(Tensor self) -> bool"], "The truth of a tensor with one element.", (call, builder) => {
    const number = numberOf(call.tensor("self"), builder);
    return number instanceof SymbolicScalar
      ? new SymbolicScalar("bool", builder.cast(number.tensor, "bool"))
      : convert(number, "bool");
  }),
  row(
    "prim::NumToTensor",
    [".Scalar(Scalar a) -> Tensor", ".bool(bool a) -> Tensor"],
    "A tensor without dimensions.",
    (call, builder) => builder.copy(call.operand("a")),
  ),
  ...Object.keys(unaries).map(unary),
  row("aten::neg", ["(Scalar a) -> Scalar"], "-a of a Python number.", negate),
  row("prim::abs", ["(Scalar a) -> Scalar"], "abs() of a Python number.", absolute),
  row("aten::__not__", ["(bool self) -> bool"], "not", not),
  bitwise("__and__", (a, b) => a & b, "And"),
  bitwise("__or__", (a, b) => a | b, "Or"),
  bitwise("__xor__", (a, b) => a ^ b, "Xor"),
  bitwise("__lshift__", (a, b) => a << (b > 64n ? 64n : b), null),
  bitwise("__rshift__", (a, b) => a >> b, null),
  bitwise("gcd", gcd, null),
  ...(["min", "max"] as const).map((name) =>
    row(`prim::${name}`, ["(Scalar a, Scalar b) -> Scalar"], `${name}() of two numbers.`, (call, builder) =>
      extreme(name, call.value("a"), call.value("b"), builder),
    ),
  ),
  row("aten::__range_length", ["(int lo, int hi, int step) -> int"], "Number of steps of a range.", (call, builder) =>
    rangeLength(call.value("lo"), call.value("hi"), call.value("step"), builder),
  ),
  row("aten::__derive_index", ["(int index, int start, int step) -> int"], "A number of a range.", (call, builder) =>
    rangeItem(call.value("index"), call.value("start"), call.value("step"), builder),
  ),
];
