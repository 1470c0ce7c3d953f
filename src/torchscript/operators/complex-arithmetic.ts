import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isComplex, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { atan2 } from "./binary-formulas.ts";
import { complexOf, divideParts, multiplyParts, partsOf, realType, type Parts } from "./complex.ts";
import { Maths } from "./maths.ts";

type Rule = (m: Maths, a: Parts, b: Parts) => Parts;

const rules: Readonly<Record<"Add" | "Sub" | "Mul" | "Div", Rule>> = {
  Add: (m, a, b) => ({ re: m.add(a.re, b.re), im: m.add(a.im, b.im) }),
  Sub: (m, a, b) => ({ re: m.sub(a.re, b.re), im: m.sub(a.im, b.im) }),
  Mul: multiplyParts,
  Div: divideParts,
};

/** self and other combined where one of them is complex; null where none is. */
export function complexBinary(call: Call, builder: Builder, op: keyof typeof rules): TensorValue | null {
  const pair = [call.operand("self"), call.operand("other")];
  const dtype = resultType(pair);
  if (!isComplex(dtype)) return null;
  const m = new Maths(builder);
  const part = realType(dtype);
  let other = partsOf(builder, pair[1], part);
  const alpha = call.has("alpha") ? Number(call.scalar("alpha")) : 1;
  if (alpha !== 1) other = { re: m.mul(other.re, alpha), im: m.mul(other.im, alpha) };
  return complexOf(m, rules[op](m, partsOf(builder, pair[0], part), other));
}

/** Whole powers by products, others by logarithms. */
export function complexPower(builder: Builder, base: TensorValue, exponent: TensorValue, dtype: DType): TensorValue {
  const m = new Maths(builder);
  const part = realType(dtype);
  const [z, w] = [partsOf(builder, base, part), partsOf(builder, exponent, part)];
  const known = exponent.rank === 0 && !isComplex(exponent.dtype) ? Number(builder.known(exponent)?.[0]) : Number.NaN;
  if (Number.isInteger(known) && known >= 1 && known <= 8) {
    return complexOf(
      m,
      Array.from({ length: known }, () => z).reduce((product, one) => multiplyParts(m, product, one)),
    );
  }
  const log = { re: m.mul(m.log(m.add(m.square(z.re), m.square(z.im))), 0.5), im: atan2(m, z.im, z.re) };
  const power = multiplyParts(m, w, log);
  const size = m.exp(power.re);
  return complexOf(m, { re: m.mul(size, m.cos(power.im)), im: m.mul(size, m.sin(power.im)) });
}
