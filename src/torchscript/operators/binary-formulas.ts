import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isFloating, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { withAliases } from "./aliases.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/** self and other in the type that promotion gives them; integers as float32 where the operator divides. */
export function operands(call: Call, builder: Builder, float = false): [TensorValue, TensorValue] {
  const pair = [call.operand("self"), call.operand("other")];
  const dtype = resultType(pair);
  const [a, b] = builder.promote(pair, float && !isFloating(dtype) ? "float32" : dtype);
  return [a, b];
}

/** Python's remainder: the sign of the divisor. */
export function remainder(m: Maths, a: TensorValue, b: TensorValue): TensorValue {
  if (!isFloating(a.dtype)) return m.builder.elementwise("Mod", [a, b]);
  const rest = m.fmod(a, b);
  const differs = m.xor(m.less(rest, 0), m.less(b, 0));
  return m.where(m.and(differs, m.not(m.equal(rest, 0))), m.add(rest, b), rest);
}

/** Python's `//`. */
export function floorDivide(m: Maths, a: TensorValue, b: TensorValue): TensorValue {
  const whole = m.sub(a, remainder(m, a, b));
  if (!isFloating(a.dtype)) return m.div(whole, b);
  return m.where(m.equal(b, 0), m.div(a, b), m.round(m.div(whole, b)));
}

/** Names whose two operands are promoted (to floats where it says so) and combined by a formula. */
const formulas: Readonly<
  Record<string, { float?: true; doc: string; readonly of: (m: Maths, a: TensorValue, b: TensorValue) => TensorValue }>
> = {
  maximum: { doc: "Larger of the two, elementwise.", of: (m, a, b) => m.max(a, b) },
  minimum: { doc: "Smaller of the two, elementwise.", of: (m, a, b) => m.min(a, b) },
  fmax: {
    doc: "Larger of the two; a NaN counts only where both are.",
    of: (m, a, b) => ignoringNaN(m, a, b, m.max(a, b)),
  },
  fmin: {
    doc: "Smaller of the two; a NaN counts only where both are.",
    of: (m, a, b) => ignoringNaN(m, a, b, m.min(a, b)),
  },
  atan2: { float: true, doc: "Angle of the point (other, self).", of: atan2 },
  hypot: { float: true, doc: "Length of (self, other).", of: (m, a, b) => m.sqrt(m.add(m.square(a), m.square(b))) },
  logaddexp: {
    float: true,
    doc: "log(exp(self) + exp(other)).",
    of: (m, a, b) => m.add(m.max(a, b), m.log(m.add(m.exp(m.neg(m.abs(m.sub(a, b)))), 1))),
  },
  logaddexp2: {
    float: true,
    doc: "log2(2^self + 2^other).",
    of: (m, a, b) => m.add(m.max(a, b), m.div(m.log(m.add(m.pow(2, m.neg(m.abs(m.sub(a, b)))), 1)), Math.LN2)),
  },
  copysign: {
    float: true,
    doc: "Size of self, sign of other.",
    of: (m, a, b) => m.where(m.less(b, 0), m.neg(m.abs(a)), m.abs(a)),
  },
  heaviside: {
    doc: "Step function; other where self is 0.",
    of: (m, a, b) => m.where(m.equal(a, 0), b, m.builder.cast(m.greater(a, 0), a.dtype)),
  },
};

function ignoringNaN(m: Maths, a: TensorValue, b: TensorValue, both: TensorValue): TensorValue {
  if (!isFloating(a.dtype)) return both;
  return m.where(m.unary("IsNaN", a, "bool"), b, m.where(m.unary("IsNaN", b, "bool"), a, both));
}

export function atan2(m: Maths, y: TensorValue, x: TensorValue): TensorValue {
  const angle = m.unary("Atan", m.div(y, x));
  const left = m.add(angle, m.where(m.less(y, 0), m.add(m.mul(x, 0), -Math.PI), m.add(m.mul(x, 0), Math.PI)));
  const upright = m.mul(m.sign(y), Math.PI / 2);
  return m.where(m.equal(x, 0), upright, m.where(m.less(x, 0), left, angle));
}

function formulaRow(name: string): Operator {
  const { float, doc, of } = formulas[name];
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self, Tensor other) -> Tensor`],
    doc,
    lower: (call, builder) => of(new Maths(builder), ...operands(call, builder, float)),
  };
}

/** Functions of two tensors that a formula gives. */
export const binaryFormulas: readonly Operator[] = [
  ...Object.keys(formulas).map(formulaRow),
  ...withAliases(formulaRow("atan2"), "arctan2").slice(1),
];
