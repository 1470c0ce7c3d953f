import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { airy, besselI, besselJ, besselK, besselY, sphericalBessel } from "./bessel.ts";
import { operands } from "./binary-formulas.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { log1p } from "./special-functions.ts";

type Rule = (m: Maths, x: TensorValue) => TensorValue;

/**
 * e^(x²) erfc x of positive numbers: the trapezoidal rule for its integral, with the correction for the pole that it
 * passes (Hunter and Regan). Exact to double precision with steps of 1/2.
 */
function scaledComplement(m: Maths, x: TensorValue): TensorValue {
  const step = 0.5;
  const square = m.square(x);
  let sum = m.div(0.5, square);
  for (let k = 1; k <= 13; k++) {
    const t = (k * step) ** 2;
    sum = m.add(sum, m.div(Math.exp(-t), m.add(square, t)));
  }
  const integral = m.mul(m.mul(sum, x), (2 * step) / Math.PI);
  const near = m.min(x, Math.PI / step);
  const pole = m.div(m.mul(m.exp(m.square(near)), 2), m.sub(1, m.exp(m.mul(near, (2 * Math.PI) / step))));
  return m.where(m.less(x, Math.PI / step), m.add(integral, pole), integral);
}

/** erf by its series, up to 1. */
function errorSeries(m: Maths, x: TensorValue): TensorValue {
  const terms = [1];
  let power = 1;
  for (let k = 1; k < 20; k++) {
    power /= -k;
    terms.push(power / (2 * k + 1));
  }
  return m.mul(m.mul(m.polynomial(m.square(x), terms), x), 2 / Math.sqrt(Math.PI));
}

/** e^(x²) erfc x. */
function erfcx(m: Maths, x: TensorValue): TensorValue {
  const size = m.abs(x);
  const small = m.min(size, 1);
  const near = m.mul(m.exp(m.square(small)), m.sub(1, errorSeries(m, small)));
  const positive = m.where(m.less(size, 1), near, scaledComplement(m, m.max(size, 1)));
  return m.where(m.less(x, 0), m.sub(m.mul(m.exp(m.square(x)), 2), positive), positive);
}

/** The logarithm of the normal distribution function, which itself is 0 far to the left. */
function logNormal(m: Maths, x: TensorValue): TensorValue {
  const t = m.mul(m.abs(x), Math.SQRT1_2);
  const scaled = erfcx(m, t);
  const tail = m.sub(m.log(m.mul(scaled, 0.5)), m.square(t));
  const upper = log1p(m, m.neg(m.mul(m.mul(scaled, m.exp(m.neg(m.square(t)))), 0.5)));
  return m.where(m.less(x, 0), tail, upper);
}

/** Functions of one tensor that are computed in double precision, by the names of their argument. */
const rules: Readonly<Record<"self" | "x", Readonly<Record<string, Rule>>>> = {
  self: {
    i0e: besselI(0, true),
    i1: besselI(1, false),
    i1e: besselI(1, true),
    bessel_j0: besselJ(0),
    bessel_j1: besselJ(1),
    bessel_y0: besselY(0),
    bessel_y1: besselY(1),
    modified_bessel_i0: besselI(0, false),
    modified_bessel_i1: besselI(1, false),
    modified_bessel_k0: besselK(0, false),
    modified_bessel_k1: besselK(1, false),
    erfcx,
    log_ndtr: logNormal,
  },
  x: {
    scaled_modified_bessel_k0: besselK(0, true),
    scaled_modified_bessel_k1: besselK(1, true),
    spherical_bessel_j0: sphericalBessel,
    airy_ai: airy,
  },
};

function ruleRow(name: string, argument: string, rule: Rule): Operator {
  const doc = `${name}, computed in double precision; integers give float32.`;
  return row(`aten::special_${name}`, [`(Tensor ${argument}) -> Tensor`], doc, (call, builder) => {
    const given = toFloat(builder, call.tensor(argument));
    return builder.cast(rule(new Maths(builder), builder.cast(given, "float64")), given.dtype);
  });
}

/** p₀ = 1, p₁ = first + slope x, pₖ₊₁ = (a x + b) pₖ − c pₖ₋₁. */
interface Recurrence {
  readonly slope: number;
  readonly first: number;
  readonly next: (k: number) => readonly [a: number, b: number, c: number];
}

const chebyshev = () => [2, 0, 1] as const;
const shifted = () => [4, -2, 1] as const;

const polynomials: Readonly<Record<string, Recurrence>> = {
  chebyshev_polynomial_t: { slope: 1, first: 0, next: chebyshev },
  chebyshev_polynomial_u: { slope: 2, first: 0, next: chebyshev },
  chebyshev_polynomial_v: { slope: 2, first: -1, next: chebyshev },
  chebyshev_polynomial_w: { slope: 2, first: 1, next: chebyshev },
  shifted_chebyshev_polynomial_t: { slope: 2, first: -1, next: shifted },
  shifted_chebyshev_polynomial_u: { slope: 4, first: -2, next: shifted },
  shifted_chebyshev_polynomial_v: { slope: 4, first: -3, next: shifted },
  shifted_chebyshev_polynomial_w: { slope: 4, first: -1, next: shifted },
  hermite_polynomial_h: { slope: 2, first: 0, next: (k) => [2, 0, 2 * k] },
  hermite_polynomial_he: { slope: 1, first: 0, next: (k) => [1, 0, k] },
  laguerre_polynomial_l: { slope: -1, first: 1, next: (k) => [-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)] },
  legendre_polynomial_p: { slope: 1, first: 0, next: (k) => [(2 * k + 1) / (k + 1), 0, k / (k + 1)] },
};

const highestDegree = 256;

function polynomial(builder: Builder, given: TensorValue, degree: number, recurrence: Recurrence): TensorValue {
  const m = new Maths(builder);
  const x = builder.cast(given, "float64");
  const zero = m.mul(x, 0);
  if (degree < 0) return builder.cast(zero, given.dtype);
  let before = m.add(zero, 1);
  if (degree === 0) return builder.cast(before, given.dtype);
  let value = m.add(m.mul(x, recurrence.slope), recurrence.first);
  for (let k = 1; k < degree; k++) {
    const [a, b, c] = recurrence.next(k);
    const next = m.sub(m.mul(m.add(m.mul(x, a), b), value), m.mul(before, c));
    [before, value] = [value, next];
  }
  return builder.cast(value, given.dtype);
}

function polynomialRow(name: string, recurrence: Recurrence): Operator {
  const schemas = ["(Tensor x, Tensor n) -> Tensor", ".n_scalar(Tensor x, Scalar n) -> Tensor"];
  return row(`aten::special_${name}`, schemas, "Of a known degree.", (call, builder) => {
    const degree = Number(builder.known(call.operand("n"))?.[0] ?? Number.NaN);
    if (Number.isNaN(degree) || degree > highestDegree) throw unsupported(`${call.name} of this degree`);
    return polynomial(builder, toFloat(builder, call.operand("x")), Math.trunc(degree), recurrence);
  });
}

/** torch.special. */
export const specialFunctions: readonly Operator[] = [
  ...Object.entries(rules).flatMap(([argument, named]) =>
    Object.entries(named).map(([name, rule]) => ruleRow(name, argument, rule)),
  ),
  ...Object.entries(polynomials).map(([name, recurrence]) => polynomialRow(name, recurrence)),
  row(
    "aten::special_xlog1py",
    [
      "(Tensor self, Tensor other) -> Tensor",
      ".self_scalar(Scalar self, Tensor other) -> Tensor",
      ".other_scalar(Tensor self, Scalar other) -> Tensor",
    ],
    "self × log(1 + other), 0 where self is 0.",
    (call, builder) => {
      const m = new Maths(builder);
      const [a, b] = operands(call, builder, true);
      return m.where(m.and(m.equal(a, 0), m.not(m.unary("IsNaN", b, "bool"))), 0, m.mul(a, log1p(m, b)));
    },
  ),
];
