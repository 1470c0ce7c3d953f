import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { atan2 } from "./binary-formulas.ts";
import { complexOf, divideParts, type Parts, partsOf, viewAsComplex, viewAsReal } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

type Rule = (m: Maths, z: Parts) => TensorValue | Parts;

const rules: Readonly<Record<string, Rule>> = {
  abs: (m, z) => size(m, z),
  neg: (m, z) => ({ re: m.neg(z.re), im: m.neg(z.im) }),
  square: (m, z) => ({ re: m.sub(m.square(z.re), m.square(z.im)), im: m.mul(m.mul(z.re, z.im), 2) }),
  exp: exponential,
  log: logarithm,
  log2: (m, z) => scaled(m, logarithm(m, z), 1 / Math.LN2),
  log10: (m, z) => scaled(m, logarithm(m, z), 1 / Math.LN10),
  log1p: (m, z) => logarithm(m, { re: m.add(z.re, 1), im: z.im }),
  sqrt: root,
  rsqrt: (m, z) => inverted(m, root(m, z)),
  sin: (m, z) => sine(m, z),
  cos: (m, z) => cosine(m, z),
  tan: (m, z) => divideParts(m, sine(m, z), cosine(m, z)),
  sinh: (m, z) => turned(m, sine(m, turned(m, z)), -1),
  cosh: (m, z) => cosine(m, turned(m, z)),
  tanh: (m, z) => turned(m, divideParts(m, sine(m, turned(m, z)), cosine(m, turned(m, z))), -1),
  sigmoid: (m, z) => {
    const power = exponential(m, scaled(m, z, -1));
    return inverted(m, { re: m.add(power.re, 1), im: power.im });
  },
  logical_not: (m, z) => m.and(m.equal(z.re, 0), m.equal(z.im, 0)),
  isnan: (m, z) => m.or(m.unary("IsNaN", z.re, "bool"), m.unary("IsNaN", z.im, "bool")),
  isinf: (m, z) => m.or(m.unary("IsInf", z.re, "bool"), m.unary("IsInf", z.im, "bool")),
  isfinite: (m, z) => m.equal(m.mul(m.add(z.re, z.im), 0), 0),
  sign: (m, z) => {
    const length = m.max(size(m, z), 1e-38);
    return { re: m.div(z.re, length), im: m.div(z.im, length) };
  },
  reciprocal: inverted,
};

function exponential(m: Maths, z: Parts): Parts {
  return { re: m.mul(m.exp(z.re), m.cos(z.im)), im: m.mul(m.exp(z.re), m.sin(z.im)) };
}

function logarithm(m: Maths, z: Parts): Parts {
  return { re: m.log(size(m, z)), im: atan2(m, z.im, z.re) };
}

function inverted(m: Maths, z: Parts): Parts {
  const square = m.add(m.square(z.re), m.square(z.im));
  return { re: m.div(z.re, square), im: m.neg(m.div(z.im, square)) };
}

function scaled(m: Maths, z: Parts, factor: number): Parts {
  return { re: m.mul(z.re, factor), im: m.mul(z.im, factor) };
}

/** z × i, or z × −i. */
function turned(m: Maths, z: Parts, sign = 1): Parts {
  return { re: m.mul(z.im, -sign), im: m.mul(z.re, sign) };
}

/** The root with a real part that is not negative. */
function root(m: Maths, z: Parts): Parts {
  const length = size(m, z);
  const half = (x: TensorValue) => m.sqrt(m.max(m.mul(x, 0.5), 0));
  const im = half(m.sub(length, z.re));
  return { re: half(m.add(length, z.re)), im: m.where(m.less(z.im, 0), m.neg(im), im) };
}

function sine(m: Maths, z: Parts): Parts {
  return { re: m.mul(m.sin(z.re), m.unary("Cosh", z.im)), im: m.mul(m.cos(z.re), m.unary("Sinh", z.im)) };
}

function cosine(m: Maths, z: Parts): Parts {
  return { re: m.mul(m.cos(z.re), m.unary("Cosh", z.im)), im: m.neg(m.mul(m.sin(z.re), m.unary("Sinh", z.im))) };
}

function size(m: Maths, z: Parts): TensorValue {
  return m.sqrt(m.add(m.square(z.re), m.square(z.im)));
}

/** A function of one complex tensor. Throws LoweringError for those that we do not have. */
export function complexUnary(name: string, builder: Builder, self: TensorValue): TensorValue {
  const rule = rules[name];
  if (rule === undefined) throw unsupported(`aten::${name} of complex numbers`);
  const m = new Maths(builder);
  const result = rule(m, partsOf(builder, self));
  return "re" in result ? complexOf(m, result) : result;
}

function partRow(name: string, doc: string, of: (m: Maths, z: Parts) => TensorValue): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self) -> Tensor`],
    doc,
    lower(call, builder) {
      const self = call.tensor("self");
      if (!isComplex(self.dtype) && name === "real") return self;
      return of(new Maths(builder), partsOf(builder, self));
    },
  };
}

export function conjugate(builder: Builder, self: TensorValue): TensorValue {
  if (!isComplex(self.dtype)) return self;
  const { re, im } = partsOf(builder, self);
  const m = new Maths(builder);
  return complexOf(m, { re, im: m.neg(im) });
}

function conjugateRow(name: string): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self) -> Tensor`],
    doc: "Complex conjugate.",
    lower: (call, builder) => conjugate(builder, call.tensor("self")),
  };
}

/** Complex tensors: stored as floats with a last axis of 2. */
export const complexFunctions: readonly Operator[] = [
  partRow("real", "Real part.", (_, z) => z.re),
  partRow("imag", "Imaginary part.", (_, z) => z.im),
  partRow("angle", "Angle of a complex number.", (m, z) => atan2(m, z.im, z.re)),
  ...["conj", "_conj", "conj_physical", "_conj_physical"].map(conjugateRow),
  ...["resolve_conj", "resolve_neg"].map((name) => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self) -> Tensor`],
    doc: "The tensor itself.",
    lower: (call: { tensor(name: string): TensorValue }) => call.tensor("self"),
  })),
  {
    name: "aten::view_as_real",
    schemas: ["aten::view_as_real(Tensor(a) self) -> Tensor(a)"],
    doc: "Complex numbers as floats with a last axis of 2. Writes do not reach the complex tensor.",
    lower: (call, builder) => viewAsReal(builder, call.tensor("self")),
  },
  {
    name: "aten::view_as_complex",
    schemas: ["aten::view_as_complex(Tensor(a) self) -> Tensor(a)"],
    doc: "Floats with a last axis of 2 as complex numbers. Writes do not reach the floats.",
    lower: (call, builder) => viewAsComplex(builder, call.tensor("self")),
  },
  {
    name: "aten::complex",
    schemas: ["aten::complex(Tensor real, Tensor imag) -> Tensor"],
    doc: "Complex numbers from their parts.",
    lower: (call, builder) => complexOf(new Maths(builder), { re: call.tensor("real"), im: call.tensor("imag") }),
  },
  {
    name: "aten::polar",
    schemas: ["aten::polar(Tensor abs, Tensor angle) -> Tensor"],
    doc: "Complex numbers from length and angle.",
    lower(call, builder) {
      const m = new Maths(builder);
      const [length, angle] = [call.tensor("abs"), call.tensor("angle")];
      return complexOf(m, { re: m.mul(length, m.cos(angle)), im: m.mul(length, m.sin(angle)) });
    },
  },
  {
    name: "aten::is_complex",
    schemas: ["aten::is_complex(Tensor self) -> bool"],
    doc: "Whether the element type is complex.",
    lower: (call) => isComplex(call.tensor("self").dtype),
  },
];
