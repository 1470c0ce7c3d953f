import type { Expression } from "./expression.ts";

type Operation = (args: readonly number[]) => number;

const first = (args: readonly number[]): number => args[0] ?? NaN;
const second = (args: readonly number[]): number => args[1] ?? NaN;
const floorDiv: Operation = (args) => Math.floor(first(args) / second(args));
const floorMod: Operation = (args) => first(args) - second(args) * Math.floor(first(args) / second(args));
const sum: Operation = (args) => args.reduce((a, b) => a + b, 0);
const product: Operation = (args) => args.reduce((a, b) => a * b, 1);
const roundEven = (x: number): number => {
  const floor = Math.floor(x);
  return x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
};
const compare =
  (holds: (a: number, b: number) => boolean): Operation =>
  (args) =>
    holds(first(args), second(args)) ? 1 : 0;

/** SymPy's own operations and those of torch.utils._sympy.functions; truth is 1 and 0. */
const operations: Readonly<Record<string, Operation>> = {
  "+": sum,
  Add: sum,
  "-": (args) => first(args) - second(args),
  neg: (args) => -first(args),
  "*": product,
  Mul: product,
  "/": (args) => first(args) / second(args),
  "//": floorDiv,
  FloorDiv: floorDiv,
  CleanDiv: floorDiv,
  CeilDiv: (args) => Math.ceil(first(args) / second(args)),
  CeilToInt: (args) => Math.ceil(first(args)),
  FloorToInt: (args) => Math.floor(first(args)),
  IntTrueDiv: (args) => first(args) / second(args),
  FloatTrueDiv: (args) => first(args) / second(args),
  TrueDiv: (args) => first(args) / second(args),
  "%": floorMod,
  Mod: floorMod,
  PythonMod: floorMod,
  ModularIndexing: ([base = NaN, divisor = NaN, modulus = NaN]) => floorMod([Math.floor(base / divisor), modulus]),
  "**": (args) => first(args) ** second(args),
  Pow: (args) => first(args) ** second(args),
  PowByNatural: (args) => first(args) ** second(args),
  FloatPow: (args) => first(args) ** second(args),
  Max: (args) => Math.max(...args),
  Min: (args) => Math.min(...args),
  Abs: (args) => Math.abs(first(args)),
  floor: (args) => Math.floor(first(args)),
  ceiling: (args) => Math.ceil(first(args)),
  Trunc: (args) => Math.trunc(first(args)),
  TruncToInt: (args) => Math.trunc(first(args)),
  TruncToFloat: (args) => Math.trunc(first(args)),
  RoundToInt: (args) => roundEven(first(args)),
  sqrt: (args) => Math.sqrt(first(args)),
  OpaqueUnaryFn_sqrt: (args) => Math.sqrt(first(args)),
  ToFloat: first,
  Integer: first,
  Float: first,
  Identity: first,
  Rational: (args) => first(args) / (args[1] ?? 1),
  "==": compare((a, b) => a === b),
  Equality: compare((a, b) => a === b),
  Eq: compare((a, b) => a === b),
  "!=": compare((a, b) => a !== b),
  Unequality: compare((a, b) => a !== b),
  Ne: compare((a, b) => a !== b),
  "<": compare((a, b) => a < b),
  StrictLessThan: compare((a, b) => a < b),
  Lt: compare((a, b) => a < b),
  "<=": compare((a, b) => a <= b),
  LessThan: compare((a, b) => a <= b),
  Le: compare((a, b) => a <= b),
  ">": compare((a, b) => a > b),
  StrictGreaterThan: compare((a, b) => a > b),
  Gt: compare((a, b) => a > b),
  ">=": compare((a, b) => a >= b),
  GreaterThan: compare((a, b) => a >= b),
  Ge: compare((a, b) => a >= b),
  And: (args) => (args.every((arg) => arg !== 0) ? 1 : 0),
  "&": (args) => (args.every((arg) => arg !== 0) ? 1 : 0),
  Or: (args) => (args.some((arg) => arg !== 0) ? 1 : 0),
  "|": (args) => (args.some((arg) => arg !== 0) ? 1 : 0),
  Not: (args) => (first(args) === 0 ? 1 : 0),
  Where: ([condition = NaN, yes = NaN, no = NaN]) => (condition === 0 ? no : yes),
};

/** The expression's value; null while a symbol in it is not bound, or for an operation that we do not know. */
export function evaluateExpression(expression: Expression, symbols: ReadonlyMap<string, number>): number | null {
  if (expression.kind === "number") return expression.value;
  if (expression.kind === "symbol") return symbols.get(expression.name) ?? null;
  const operation = Object.hasOwn(operations, expression.name) ? operations[expression.name] : undefined;
  if (operation === undefined) return null;
  const args: number[] = [];
  for (const arg of expression.args) {
    const value = evaluateExpression(arg, symbols);
    if (value === null) return null;
    args.push(value);
  }
  const result = operation(args);
  return Number.isNaN(result) ? null : result;
}
