import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { broadcastShapes } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { operands } from "./binary-formulas.ts";
import { iterate } from "./iteration.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

/** Euclid's algorithm needs the most steps for neighbours in Fibonacci's sequence, of which 92 fit into 64 bits. */
const mostSteps = 92;

function greatest(m: Maths, given: readonly TensorValue[]): TensorValue {
  const { builder } = m;
  const shape = broadcastShapes(given[0].shape, given[1].shape);
  const start = given.map((x) => builder.expand(m.abs(builder.cast(x, "int64")), shape));
  const [divisor] = iterate(builder, mostSteps, start, ([a, b]) => {
    const done = m.equal(b, 0);
    const rest = m.builder.elementwise("Mod", [a, m.where(done, 1, b)]);
    return [m.where(done, a, b), m.where(done, 0, rest)];
  });
  return divisor;
}

function divisors(call: Call, builder: Builder, least: boolean): TensorValue {
  const m = new Maths(builder);
  const pair = operands(call, builder);
  const divisor = greatest(m, pair);
  if (!least) return builder.cast(divisor, pair[0].dtype);
  const [a, b] = pair.map((x) => m.abs(builder.cast(x, "int64")));
  return builder.cast(m.mul(m.div(a, m.max(divisor, 1)), b), pair[0].dtype);
}

/** x = mantissa × 2^exponent, mantissa in [1/2, 1). */
function split(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const given = toFloat(builder, call.tensor("self"));
  const x = builder.cast(given, "float64");
  const plain = m.or(m.equal(x, 0), m.not(m.equal(m.mul(x, 0), 0)));
  const size = m.where(plain, 1, m.abs(x));
  const guess = m.add(m.floor(m.div(m.log(size), Math.LN2)), 1);
  const part = m.div(size, m.pow(2, guess));
  const up = m.where(m.greaterEqual(part, 1), 1, m.where(m.less(part, 0.5), -1, 0));
  const exponent = m.where(plain, 0, m.add(guess, builder.cast(up, "float64")));
  const mantissa = m.where(plain, x, m.div(x, m.pow(2, exponent)));
  return new TupleValue([builder.cast(mantissa, given.dtype), builder.cast(exponent, "int32")]);
}

/** Common divisors, and numbers taken apart. */
export const divisorFunctions: readonly Operator[] = [
  row("aten::gcd", ["(Tensor self, Tensor other) -> Tensor"], "Greatest common divisor.", (call, builder) =>
    divisors(call, builder, false),
  ),
  row("aten::lcm", ["(Tensor self, Tensor other) -> Tensor"], "Least common multiple.", (call, builder) =>
    divisors(call, builder, true),
  ),
  row(
    "aten::frexp",
    [".Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)"],
    "Mantissa and exponent of 2.",
    split,
  ),
];
