import type { TensorValue } from "../tensor-value.ts";
import type { Maths } from "./maths.ts";

/** log(1 + x), exact near 0 (W. Kahan's correction). */
export function log1p(m: Maths, x: TensorValue): TensorValue {
  const sum = m.add(x, 1);
  const corrected = m.mul(m.log(sum), m.div(x, m.sub(sum, 1)));
  return m.where(m.equal(sum, 1), x, m.where(m.unary("IsInf", sum, "bool"), sum, corrected));
}

/** exp(x) − 1, exact near 0 by its series. */
export function expm1(m: Maths, x: TensorValue): TensorValue {
  const series = m.polynomial(x, [0, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720]);
  return m.where(m.less(m.abs(x), 0.25), series, m.sub(m.exp(x), 1));
}

/** Inverse of erf: Giles' single-precision approximation, then two Newton steps. */
export function erfinv(m: Maths, x: TensorValue): TensorValue {
  const w = m.neg(m.log(m.mul(m.sub(1, x), m.add(x, 1))));
  const near = m.polynomial(
    m.sub(w, 2.5),
    [
      1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-6, -3.5233877e-6,
      3.43273939e-7, 2.81022636e-8,
    ],
  );
  const far = m.polynomial(
    m.sub(m.sqrt(w), 3),
    [
      2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
      0.000100950558, -0.000200214257,
    ],
  );
  const first = m.mul(m.where(m.less(w, 5), near, far), x);
  const edge = m.equal(m.abs(x), 1);
  return m.where(edge, m.mul(x, Infinity), first);
}

/** Inverse of the normal distribution function. */
export function ndtri(m: Maths, x: TensorValue): TensorValue {
  return m.mul(erfinv(m, m.sub(m.mul(x, 2), 1)), Math.SQRT2);
}

/** log |Γ(x)|: Lanczos' approximation (g = 7), reflected below 1/2. */
export function lgamma(m: Maths, x: TensorValue): TensorValue {
  const reflected = m.less(x, 0.5);
  const z = m.sub(m.where(reflected, m.sub(1, x), x), 1);
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  let sum = m.add(m.mul(z, 0), 0.99999999999980993);
  terms.forEach((term, i) => {
    sum = m.add(sum, m.div(term, m.add(z, i + 1)));
  });
  const t = m.add(z, 7.5);
  const value = m.add(m.sub(m.mul(m.add(z, 0.5), m.log(t)), t), m.add(m.log(sum), 0.5 * Math.log(2 * Math.PI)));
  const mirror = m.sub(Math.log(Math.PI), m.add(m.log(m.abs(m.sin(m.mul(x, Math.PI)))), value));
  const pole = m.and(m.lessEqual(x, 0), m.equal(x, m.floor(x)));
  return m.where(pole, Infinity, m.where(reflected, mirror, value));
}

/** Derivative of log Γ: recurrence up to x + 6, then the asymptotic series; reflected below 0. */
export function digamma(m: Maths, x: TensorValue): TensorValue {
  const reflected = m.less(x, 0);
  const positive = m.where(reflected, m.sub(1, x), x);
  let shift = m.mul(positive, 0);
  for (let i = 0; i < 6; i++) shift = m.add(shift, m.unary("Reciprocal", m.add(positive, i)));
  const y = m.add(positive, 6);
  const inverse = m.unary("Reciprocal", m.square(y));
  const series = m.mul(inverse, m.polynomial(inverse, [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132]));
  const value = m.sub(m.sub(m.sub(m.log(y), m.div(0.5, y)), series), shift);
  const mirror = m.sub(value, m.div(Math.PI, m.unary("Tan", m.mul(x, Math.PI))));
  const pole = m.and(reflected, m.equal(x, m.floor(x)));
  return m.where(
    pole,
    m.builder.full(x.dtype, NaN),
    m.where(m.equal(x, 0), -Infinity, m.where(reflected, mirror, value)),
  );
}

/** Modified Bessel function of order 0 (Abramowitz and Stegun 9.8.1 and 9.8.2). */
export function i0(m: Maths, x: TensorValue): TensorValue {
  const size = m.abs(x);
  const t = m.square(m.div(x, 3.75));
  const small = m.polynomial(t, [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813]);
  const large = m.max(size, 3.75);
  const series = m.polynomial(
    m.div(3.75, large),
    [0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377],
  );
  return m.where(m.less(size, 3.75), small, m.mul(series, m.div(m.exp(large), m.sqrt(large))));
}
