import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isComplex, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
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
