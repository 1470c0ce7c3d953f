import type { TensorValue } from "../tensor-value.ts";
import type { Maths } from "./maths.ts";

/** Up to here by the power series, which double precision carries; beyond by the asymptotic one. */
const border = 12;
const euler = 0.5772156649015329;

/** Terms of Σ f(k) (x/2)^2k, until they vanish in double precision for |x| ≤ border. */
function coefficients(f: (k: number, inverse: number) => number, order: number): number[] {
  const terms: number[] = [];
  let inverse = 1 / factorial(order); // 1 / (k! (k + order)!)
  for (let k = 0; k < 45; k++) {
    if (k > 0) inverse /= k * (k + order);
    terms.push(f(k, inverse));
  }
  return terms;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

function harmonic(n: number): number {
  return n === 0 ? 0 : 1 / n + harmonic(n - 1);
}

/** Hankel's coefficients aₖ(ν) = Π (4ν² − (2j − 1)²) / (k! 8^k). */
function hankel(order: number, count: number): number[] {
  const terms = [1];
  for (let k = 1; k < count; k++) terms.push((terms[k - 1] * (4 * order * order - (2 * k - 1) ** 2)) / (8 * k));
  return terms;
}

/** Formulas take positive numbers in double precision. */
function series(m: Maths, x: TensorValue, terms: readonly number[]): TensorValue {
  return m.polynomial(m.square(m.mul(m.min(x, border), 0.5)), terms);
}

/** √(2/πx) (P cos χ − Q sin χ) or, for the second kind, √(2/πx) (P sin χ + Q cos χ). */
function oscillating(m: Maths, given: TensorValue, order: number, second: boolean): TensorValue {
  const x = m.max(given, border);
  const inverse = m.square(m.unary("Reciprocal", x));
  const a = hankel(order, 14);
  const alternate = (offset: number) =>
    a.filter((_, k) => k % 2 === offset).map((term, k) => (k % 2 === 0 ? term : -term));
  const p = m.polynomial(inverse, alternate(0));
  const q = m.div(m.polynomial(inverse, alternate(1)), x);
  const angle = m.sub(x, (order / 2 + 0.25) * Math.PI);
  const [sine, cosine] = [m.sin(angle), m.cos(angle)];
  const sum = second ? m.add(m.mul(p, sine), m.mul(q, cosine)) : m.sub(m.mul(p, cosine), m.mul(q, sine));
  return m.mul(sum, m.sqrt(m.div(2 / Math.PI, x)));
}

function firstKind(m: Maths, x: TensorValue, order: number): TensorValue {
  const terms = coefficients((k, inverse) => (k % 2 === 0 ? inverse : -inverse), order);
  const near = series(m, x, terms);
  return order === 0 ? near : m.mul(near, m.mul(m.min(x, border), 0.5));
}

/** J₀ and J₁. */
export function besselJ(order: 0 | 1): (m: Maths, x: TensorValue) => TensorValue {
  return (m, given) => {
    const x = m.abs(given);
    const size = m.where(m.less(x, border), firstKind(m, x, order), oscillating(m, x, order, false));
    return order === 0 ? size : m.mul(size, m.sign(given));
  };
}

/** Y₀ and Y₁. */
export function besselY(order: 0 | 1): (m: Maths, x: TensorValue) => TensorValue {
  return (m, x) => {
    const safe = m.max(x, 1e-300);
    const sign = (k: number) => (k % 2 === 0 ? -1 : 1);
    const terms = coefficients(
      (k, inverse) => (order === 0 ? 2 * harmonic(k) : harmonic(k) + harmonic(k + 1)) * inverse * sign(k),
      order,
    );
    const logarithm = m.mul(m.add(m.log(m.mul(safe, 0.5)), euler), firstKind(m, x, order));
    const rest = series(m, x, terms);
    const near =
      order === 0
        ? m.mul(m.add(m.mul(logarithm, 2), rest), 1 / Math.PI)
        : m.mul(m.add(m.sub(m.mul(logarithm, 2), m.div(2, safe)), m.mul(rest, m.mul(safe, 0.5))), 1 / Math.PI);
    const value = m.where(m.less(x, border), near, oscillating(m, x, order, true));
    const edge = m.where(m.equal(x, 0), -Infinity, value);
    return m.where(m.less(x, 0), m.builder.full(x.dtype, NaN), edge);
  };
}

/** I₀ and I₁; `scaled`: times e^−|x|. */
export function besselI(order: 0 | 1, scaled: boolean): (m: Maths, x: TensorValue) => TensorValue {
  return (m, given) => {
    const x = m.abs(given);
    const small = series(
      m,
      x,
      coefficients((_, inverse) => inverse, order),
    );
    const near = order === 0 ? small : m.mul(small, m.mul(m.min(x, border), 0.5));
    const large = m.max(x, border);
    const signs = hankel(order, 14).map((term, k) => (k % 2 === 0 ? term : -term));
    const far = m.div(m.polynomial(m.unary("Reciprocal", large), signs), m.sqrt(m.mul(large, 2 * Math.PI)));
    const fall = m.exp(m.neg(x));
    const size = scaled
      ? m.where(m.less(x, border), m.mul(near, fall), far)
      : m.where(m.less(x, border), near, m.mul(far, m.exp(x)));
    return order === 0 ? size : m.mul(size, m.sign(given));
  };
}

/** K₀ and K₁, ∫ e^(−x cosh t) cosh νt dt: the trapezoidal rule is exact to double precision from 1 on, the series below. */
export function besselK(order: 0 | 1, scaled: boolean): (m: Maths, x: TensorValue) => TensorValue {
  return (m, x) => {
    const safe = m.max(x, 1e-300);
    const terms = coefficients(
      (k, inverse) => (order === 0 ? harmonic(k) : -(harmonic(k) + harmonic(k + 1)) / 2) * inverse,
      order,
    );
    const growing = besselI(order, false)(m, m.min(safe, 1));
    const logarithm = m.mul(m.add(m.log(m.mul(m.min(safe, 1), 0.5)), euler), growing);
    const rest = series(m, m.min(safe, 1), terms);
    const near =
      order === 0
        ? m.sub(rest, logarithm)
        : m.add(m.add(m.unary("Reciprocal", safe), logarithm), m.mul(rest, m.mul(m.min(safe, 1), 0.5)));
    const far = integral(m, m.max(x, 1), order);
    const value = scaled
      ? m.where(m.less(x, 1), m.mul(near, m.exp(safe)), far)
      : m.where(m.less(x, 1), near, m.mul(far, m.exp(m.neg(x))));
    const edge = m.where(m.equal(x, 0), Infinity, value);
    return m.where(m.less(x, 0), m.builder.full(x.dtype, NaN), edge);
  };
}

function integral(m: Maths, x: TensorValue, order: number): TensorValue {
  const step = 0.125;
  let sum = m.mul(x, 0);
  for (let k = 0; k <= 35; k++) {
    const t = k * step;
    const weight = (k === 0 ? 0.5 : 1) * step * Math.cosh(order * t);
    sum = m.add(sum, m.mul(m.exp(m.mul(x, 1 - Math.cosh(t))), weight));
  }
  return sum;
}

/** sin x / x. */
export function sphericalBessel(m: Maths, x: TensorValue): TensorValue {
  const zero = m.equal(x, 0);
  return m.where(zero, 1, m.div(m.sin(x), m.where(zero, 1, x)));
}

/** Airy's Ai: its power series up to 6, the asymptotic ones beyond. */
export function airy(m: Maths, given: TensorValue): TensorValue {
  const size = m.max(m.abs(given), 6);
  const zeta = m.mul(m.mul(size, m.sqrt(size)), 2 / 3);
  const root = m.mul(m.sqrt(m.sqrt(size)), Math.sqrt(Math.PI));
  const terms = [1];
  for (let k = 1; k < 12; k++) terms.push((terms[k - 1] * (6 * k - 5) * (6 * k - 1)) / (72 * k));
  const inverse = m.unary("Reciprocal", zeta);
  const fall = m.polynomial(m.neg(inverse), terms);
  const right = m.div(m.mul(m.exp(m.neg(zeta)), fall), m.mul(root, 2));
  const half = (offset: number) =>
    terms.filter((_, k) => k % 2 === offset).map((term, k) => (k % 2 === 0 ? term : -term));
  const angle = m.add(zeta, Math.PI / 4);
  const even = m.polynomial(m.square(inverse), half(0));
  const odd = m.mul(m.polynomial(m.square(inverse), half(1)), inverse);
  const left = m.div(m.sub(m.mul(m.sin(angle), even), m.mul(m.cos(angle), odd)), root);
  return m.where(m.greater(given, 6), right, m.where(m.less(given, -6), left, airySeries(m, given)));
}

function airySeries(m: Maths, given: TensorValue): TensorValue {
  const x = m.max(m.min(given, 6), -6);
  const [f, g] = [[1], [1]];
  for (let k = 1; k < 40; k++) {
    f.push(f[k - 1] / ((3 * k - 1) * (3 * k)));
    g.push(g[k - 1] / (3 * k * (3 * k + 1)));
  }
  const cube = m.mul(m.square(x), x);
  const [a, b] = [m.polynomial(cube, f), m.mul(m.polynomial(cube, g), x)];
  return m.sub(m.mul(a, 0.3550280538878172), m.mul(b, 0.2588194037928068));
}
