import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { broadcastShapes } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { operands } from "./binary-formulas.ts";
import { iterate } from "./iteration.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { digamma, lgamma } from "./special-functions.ts";

/** Rounds of the series and of the continued fraction: enough for arguments up to some thousands. */
const rounds = 200;

/** x^a e^−x / Γ(a). */
function leading(m: Maths, a: TensorValue, x: TensorValue): TensorValue {
  return m.exp(m.sub(m.sub(m.mul(a, m.log(m.max(x, 1e-300))), x), lgamma(m, a)));
}

/** Σ xⁿ / (a (a+1) … (a+n)). */
function lowerSeries(m: Maths, a: TensorValue, x: TensorValue): TensorValue {
  const first = m.unary("Reciprocal", a);
  const [sum] = iterate(m.builder, rounds, [first, first, a], ([total, term, at]) => {
    const next = m.add(at, 1);
    const grown = m.mul(term, m.div(x, next));
    return [m.add(total, grown), grown, next];
  });
  return sum;
}

/** Lentz's evaluation of 1/(x+1−a− 1(1−a)/(x+3−a− …)). */
function upperFraction(m: Maths, a: TensorValue, x: TensorValue): TensorValue {
  const away = (y: TensorValue) => m.where(m.less(m.abs(y), 1e-300), 1e-300, y);
  const b = m.sub(m.add(x, 1), a);
  const d = m.unary("Reciprocal", away(b));
  const start = [d, m.builder.full("float64", 1e300, b.shape), d, b];
  const [value] = iterate(m.builder, rounds, start, ([h, c, e, bn], round) => {
    const i = m.add(m.builder.cast(round, "float64"), 1);
    const an = m.mul(i, m.sub(a, i));
    const next = m.add(bn, 2);
    const inverse = m.unary("Reciprocal", away(m.add(m.mul(an, e), next)));
    const c2 = away(m.add(next, m.div(an, c)));
    return [m.mul(h, m.mul(inverse, c2)), c2, inverse, next];
  });
  return value;
}

/** The regularized incomplete gamma functions P (lower) and Q = 1 − P. */
function incomplete(call: Call, builder: Builder, lower: boolean): TensorValue {
  const m = new Maths(builder);
  const pair = operands(call, builder, true);
  const shape = broadcastShapes(pair[0].shape, pair[1].shape);
  const [a, x] = pair.map((value) => builder.expand(builder.cast(value, "float64"), shape));
  const bySeries = m.less(x, m.add(a, 1));
  const [safeA, smallX] = [m.max(a, 1e-30), m.where(bySeries, x, 0)];
  const largeX = m.where(bySeries, m.add(a, 1), x);
  const p = m.mul(lowerSeries(m, safeA, smallX), leading(m, safeA, smallX));
  const q = m.mul(upperFraction(m, safeA, largeX), leading(m, safeA, largeX));
  const value = lower ? m.where(bySeries, p, m.sub(1, q)) : m.where(bySeries, m.sub(1, p), q);
  const atZero = m.where(m.lessEqual(x, 0), lower ? 0 : 1, value);
  const known = m.where(m.equal(a, 0), lower ? 1 : 0, atZero);
  const invalid = m.or(m.less(x, 0), m.less(a, 0));
  return builder.cast(m.where(invalid, builder.full("float64", NaN), known), pair[0].dtype);
}

/** Bernoulli's numbers B₂ⱼ / (2j)!. */
const corrections = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000];
const summed = 12;

/** Hurwitz' zeta Σ (q + k)^−s: the first terms, the integral of the others, and Euler and Maclaurin's corrections. */
function hurwitz(m: Maths, s: TensorValue, q: TensorValue): TensorValue {
  let sum = m.pow(q, m.neg(s));
  for (let k = 1; k < summed; k++) sum = m.add(sum, m.pow(m.add(q, k), m.neg(s)));
  const end = m.add(q, summed);
  const last = m.pow(end, m.neg(s));
  sum = m.add(sum, m.add(m.div(m.mul(last, end), m.sub(s, 1)), m.mul(last, 0.5)));
  // s (s+1) … (s+2j−2) (q + n)^(−s−2j+1)
  let factor = m.mul(s, m.div(last, end));
  corrections.forEach((correction, j) => {
    sum = m.add(sum, m.mul(factor, correction));
    const next = m.mul(m.add(s, 2 * j + 1), m.add(s, 2 * j + 2));
    factor = m.div(m.mul(factor, next), m.square(end));
  });
  return sum;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

/** The n-th derivative of digamma, (−1)^(n+1) n! ζ(n + 1, x). */
function polygamma(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const n = call.int("n");
  const given = toFloat(builder, call.tensor("self"));
  const x = builder.cast(given, "float64");
  if (n < 0) throw unsupported(`${call.name} of order ${n}`);
  if (n === 0) return builder.cast(digamma(m, x), given.dtype);
  const value = m.mul(hurwitz(m, builder.full("float64", n + 1), x), (n % 2 === 1 ? 1 : -1) * factorial(n));
  return builder.cast(m.where(m.equal(x, 0), n % 2 === 1 ? Infinity : -Infinity, value), given.dtype);
}

/** log Γ_p(x) = p (p−1)/4 log π + Σ log Γ(x + (1 − j)/2). */
function multivariate(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const given = toFloat(builder, call.tensor("self"));
  const x = builder.cast(given, "float64");
  const p = call.int("p");
  let sum = m.add(m.mul(x, 0), ((p * (p - 1)) / 4) * Math.log(Math.PI));
  for (let j = 1; j <= p; j++) sum = m.add(sum, lgamma(m, m.add(x, (1 - j) / 2)));
  return builder.cast(sum, given.dtype);
}

const pairOf = ["(Tensor self, Tensor other) -> Tensor"];

/** Γ and its relatives. */
export const gammaFunctions: readonly Operator[] = [
  ...["aten::igamma", "aten::special_gammainc"].map((name) =>
    row(name, pairOf, "The regularized lower incomplete gamma function.", (call, builder) =>
      incomplete(call, builder, true),
    ),
  ),
  ...["aten::igammac", "aten::special_gammaincc"].map((name) =>
    row(name, pairOf, "The regularized upper incomplete gamma function.", (call, builder) =>
      incomplete(call, builder, false),
    ),
  ),
  row("aten::polygamma", ["(int n, Tensor self) -> Tensor"], "Derivatives of digamma, of positive numbers.", polygamma),
  row(
    "aten::special_polygamma",
    ["(int n, Tensor self) -> Tensor"],
    "Derivatives of digamma, of positive numbers.",
    polygamma,
  ),
  row("aten::mvlgamma", ["(Tensor self, int p) -> Tensor"], "The multivariate log Γ.", multivariate),
  row("aten::special_multigammaln", ["(Tensor self, int p) -> Tensor"], "The multivariate log Γ.", multivariate),
  row(
    "aten::special_zeta",
    [
      "(Tensor self, Tensor other) -> Tensor",
      ".self_scalar(Scalar self, Tensor other) -> Tensor",
      ".other_scalar(Tensor self, Scalar other) -> Tensor",
    ],
    "Hurwitz' zeta function, of positive numbers.",
    (call, builder) => {
      const m = new Maths(builder);
      const [s, q] = operands(call, builder, true);
      const value = hurwitz(m, builder.cast(s, "float64"), builder.cast(q, "float64"));
      return builder.cast(m.where(m.equal(s, 1), Infinity, value), s.dtype);
    },
  ),
];
