import type { Builder } from "../builder.ts";
import { isComplex, isFloating } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { withAliases } from "./aliases.ts";
import { complexUnary } from "./complex-functions.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { digamma, erfinv, expm1, i0, lgamma, log1p, ndtri } from "./special-functions.ts";

type Rule = (m: Maths, x: TensorValue) => TensorValue;

/** Functions whose result is a float: integers and bools are computed as float32. */
const floatRules: Readonly<Record<string, Rule>> = {
  sqrt: (m, x) => m.sqrt(x),
  rsqrt: (m, x) => m.unary("Reciprocal", m.sqrt(x)),
  exp: (m, x) => m.exp(x),
  exp2: (m, x) => m.pow(2, x),
  expm1,
  log: (m, x) => m.log(x),
  log2: (m, x) => m.div(m.log(x), Math.LN2),
  log10: (m, x) => m.div(m.log(x), Math.LN10),
  log1p,
  sin: (m, x) => m.sin(x),
  cos: (m, x) => m.cos(x),
  tan: (m, x) => m.unary("Tan", x),
  asin: (m, x) => m.unary("Asin", x),
  acos: (m, x) => m.unary("Acos", x),
  atan: (m, x) => m.unary("Atan", x),
  sinh: (m, x) => m.unary("Sinh", x),
  cosh: (m, x) => m.unary("Cosh", x),
  tanh: (m, x) => m.tanh(x),
  asinh: (m, x) => m.unary("Asinh", x),
  acosh: (m, x) => m.unary("Acosh", x),
  atanh: (m, x) => m.unary("Atanh", x),
  erf: (m, x) => m.unary("Erf", x),
  erfc: (m, x) => m.sub(1, m.unary("Erf", x)),
  erfinv,
  sigmoid: (m, x) => m.sigmoid(x),
  reciprocal: (m, x) => m.unary("Reciprocal", x),
  deg2rad: (m, x) => m.mul(x, Math.PI / 180),
  rad2deg: (m, x) => m.mul(x, 180 / Math.PI),
  sinc: (m, x) => m.where(m.equal(x, 0), 1, m.div(m.sin(m.mul(x, Math.PI)), m.mul(x, Math.PI))),
  digamma,
  lgamma,
  i0,
  special_ndtr: (m, x) => m.mul(m.add(m.unary("Erf", m.mul(x, Math.SQRT1_2)), 1), 0.5),
  special_ndtri: ndtri,
  special_entr: (m, x) => m.where(m.less(x, 0), -Infinity, m.where(m.equal(x, 0), 0, m.neg(m.mul(x, m.log(x))))),
};

/** Functions that keep the type; `whole`: integers are returned as they are. */
const sameRules: Readonly<Record<string, { whole?: true; of: Rule }>> = {
  abs: { of: (m, x) => (x.dtype === "bool" ? x : m.abs(x)) },
  neg: { of: (m, x) => m.neg(x) },
  sign: { of: (m, x) => (x.dtype === "bool" ? x : signOf(m, x)) },
  floor: { whole: true, of: (m, x) => m.floor(x) },
  ceil: { whole: true, of: (m, x) => m.unary("Ceil", x) },
  trunc: { whole: true, of: (m, x) => m.trunc(x) },
  frac: { of: (m, x) => m.sub(x, m.trunc(x)) },
  square: { of: (m, x) => m.square(x.dtype === "bool" ? m.builder.cast(x, "int64") : x) },
  positive: { whole: true, of: (_, x) => x },
  bitwise_not: { of: (m, x) => (x.dtype === "bool" ? m.not(x) : m.unary("BitwiseNot", x)) },
};

/** Tests of elements; the result is bool. */
const tests: Readonly<Record<string, (m: Maths, x: TensorValue) => TensorValue>> = {
  isnan: (m, x) => (isFloating(x.dtype) ? m.unary("IsNaN", x, "bool") : never(m, x)),
  isinf: (m, x) => (isFloating(x.dtype) ? m.unary("IsInf", x, "bool") : never(m, x)),
  isfinite: (m, x) =>
    isFloating(x.dtype) ? m.not(m.or(m.unary("IsNaN", x, "bool"), m.unary("IsInf", x, "bool"))) : m.not(never(m, x)),
  isposinf: (m, x) => (isFloating(x.dtype) ? m.equal(x, Infinity) : never(m, x)),
  isneginf: (m, x) => (isFloating(x.dtype) ? m.equal(x, -Infinity) : never(m, x)),
  signbit: (m, x) => (x.dtype === "bool" ? never(m, x) : m.less(x, 0)),
  logical_not: (m, x) => m.not(m.builder.cast(x, "bool")),
};

/** ONNX leaves open what the sign of NaN is; PyTorch says 0. */
function signOf(m: Maths, x: TensorValue): TensorValue {
  return isFloating(x.dtype) ? m.where(m.unary("IsNaN", x, "bool"), 0, m.sign(x)) : m.sign(x);
}

function never(m: Maths, x: TensorValue): TensorValue {
  return m.builder.full("bool", false, x.shape);
}

/** Other names of the same functions. */
const otherNames: Readonly<Record<string, string>> = {
  absolute: "abs",
  negative: "neg",
  arcsin: "asin",
  arccos: "acos",
  arctan: "atan",
  arcsinh: "asinh",
  arccosh: "acosh",
  arctanh: "atanh",
  fix: "trunc",
  special_expit: "sigmoid",
  special_log1p: "log1p",
  special_expm1: "expm1",
  special_exp2: "exp2",
  special_erf: "erf",
  special_erfc: "erfc",
  special_erfinv: "erfinv",
  special_gammaln: "lgamma",
  special_digamma: "digamma",
  special_psi: "digamma",
  special_sinc: "sinc",
  special_i0: "i0",
  sgn: "sign",
};

function lowering(name: string): (builder: Builder, x: TensorValue) => TensorValue {
  const float = floatRules[name];
  if (float !== undefined) return (builder, x) => float(new Maths(builder), toFloat(builder, x));
  const test = tests[name];
  if (test !== undefined) return (builder, x) => test(new Maths(builder), x);
  const { whole, of } = sameRules[name];
  return (builder, x) => (whole && !isFloating(x.dtype) ? builder.copy(x) : of(new Maths(builder), x));
}

function unaryRow(name: string, rule: string): Operator {
  const lower = lowering(rule);
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self) -> Tensor`],
    doc: `Elementwise ${rule}${rule in floatRules ? "; integers give float32" : ""}.`,
    lower(call, builder) {
      const self = call.tensor("self");
      return isComplex(self.dtype) ? complexUnary(rule, builder, self) : lower(builder, self);
    },
  };
}

const rounding: Operator = {
  name: "aten::round",
  schemas: ["aten::round(Tensor self) -> Tensor", "aten::round.decimals(Tensor self, *, int decimals) -> Tensor"],
  doc: "To the nearest whole number (or `decimals` places), halves to even.",
  lower(call, builder) {
    const self = call.tensor("self");
    if (!isFloating(self.dtype)) return builder.copy(self);
    const m = new Maths(builder);
    const decimals = call.optionalInt("decimals") ?? 0;
    if (decimals === 0) return m.round(self);
    const factor = 10 ** Math.abs(decimals);
    return decimals > 0 ? m.div(m.round(m.mul(self, factor)), factor) : m.mul(m.round(m.div(self, factor)), factor);
  },
};

const replacing: Operator = {
  name: "aten::nan_to_num",
  schemas: ["aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor"],
  doc: "NaN and the infinities replaced (by 0 and the largest numbers of the type).",
  lower(call, builder) {
    const self = call.tensor("self");
    if (!isFloating(self.dtype)) return builder.copy(self);
    const m = new Maths(builder);
    const limit = largest[self.dtype] ?? Number.MAX_VALUE;
    const low = m.where(m.equal(self, -Infinity), call.optionalFloat("neginf") ?? -limit, self);
    const high = m.where(m.equal(low, Infinity), call.optionalFloat("posinf") ?? limit, low);
    return m.where(m.unary("IsNaN", self, "bool"), call.optionalFloat("nan") ?? 0, high);
  },
};

/** Largest finite numbers (`torch.finfo(dtype).max`). */
const largest: Readonly<Record<string, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
};

/** Functions of one tensor. */
export const unary: readonly Operator[] = [
  ...[...Object.keys(floatRules), ...Object.keys(sameRules), ...Object.keys(tests)].map((name) => unaryRow(name, name)),
  ...Object.entries(otherNames).map(([name, rule]) => unaryRow(name, rule)),
  ...withAliases(rounding, "special_round"),
  replacing,
];
