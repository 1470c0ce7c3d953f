import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex, isFloating, isInteger, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { withAliases } from "./aliases.ts";
import { floorDivide, operands, remainder } from "./binary-formulas.ts";
import { complexBinary, complexPower } from "./complex-arithmetic.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";

function scaled(builder: Builder, tensor: TensorValue, alpha: bigint | number | boolean): TensorValue {
  if (Number(alpha) === 1) return tensor;
  return builder.elementwise("Mul", [tensor, builder.full(tensor.dtype, alpha)]);
}

function sumOf(op: "Add" | "Sub"): Operator["lower"] {
  return (call, builder) => {
    const complex = complexBinary(call, builder, op);
    if (complex !== null) return complex;
    const [a, b] = operands(call, builder);
    return builder.elementwise(op, [a, scaled(builder, b, call.scalar("alpha"))]);
  };
}

function divide(call: Call, builder: Builder, mode: string | null): TensorValue {
  const m = new Maths(builder);
  if (mode === null) {
    const complex = complexBinary(call, builder, "Div");
    return complex ?? m.div(...operands(call, builder, true));
  }
  const [a, b] = operands(call, builder);
  if (mode === "floor") return floorDivide(m, a, b);
  if (mode !== "trunc") throw unsupported(`${call.name} with rounding_mode ${mode}`);
  return isFloating(a.dtype) ? m.trunc(m.div(a, b)) : m.div(a, b);
}

function power(builder: Builder, base: TensorValue, exponent: TensorValue, dtype: DType): TensorValue {
  const m = new Maths(builder);
  if (isComplex(dtype)) return complexPower(builder, base, exponent, dtype);
  const x = builder.cast(base, dtype);
  const known = exponent.rank === 0 ? builder.known(exponent) : null;
  const e = known === null ? null : Number(known[0]);
  if (e === 1) return x;
  if (e === 2) return m.square(x);
  if (e === 3) return m.mul(m.square(x), x);
  if (isFloating(dtype)) {
    if (e === 0.5) return m.sqrt(x);
    if (e === -1) return m.unary("Reciprocal", x);
    if (e === -0.5) return m.unary("Reciprocal", m.sqrt(x));
  }
  return m.pow(x, builder.cast(exponent, dtype));
}

function larger(op: "Max" | "Min", name: string): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}.other(Tensor self, Tensor other) -> Tensor`],
    doc: "Larger (smaller) of the two, elementwise.",
    lower: (call, builder) => builder.elementwise(op, operands(call, builder)),
  };
}

const basic: readonly Operator[] = [
  {
    name: "aten::add",
    schemas: [
      "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
      "aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ],
    doc: "self + alpha × other.",
    lower: sumOf("Add"),
  },
  {
    name: "aten::_add_relu",
    schemas: [
      "aten::_add_relu.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
      "aten::_add_relu.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ],
    doc: "max(self + alpha × other, 0).",
    lower(call, builder) {
      const [a, b] = operands(call, builder);
      const sum = builder.elementwise("Add", [a, scaled(builder, b, call.scalar("alpha"))]);
      return builder.emit("Relu", [sum], {}, { dtype: sum.dtype, shape: sum.shape });
    },
  },
  ...withAliases(
    {
      name: "aten::sub",
      schemas: [
        "aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
        "aten::sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
      ],
      doc: "self − alpha × other.",
      lower: sumOf("Sub"),
    },
    "subtract",
  ),
  {
    name: "aten::rsub",
    schemas: [
      "aten::rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
      "aten::rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ],
    doc: "other − alpha × self.",
    lower(call, builder) {
      const [a, b] = operands(call, builder);
      return builder.elementwise("Sub", [b, scaled(builder, a, call.scalar("alpha"))]);
    },
  },
  ...withAliases(
    {
      name: "aten::mul",
      schemas: [
        "aten::mul.Tensor(Tensor self, Tensor other) -> Tensor",
        "aten::mul.Scalar(Tensor self, Scalar other) -> Tensor",
      ],
      doc: "self × other.",
      lower: (call, builder) =>
        complexBinary(call, builder, "Mul") ?? builder.elementwise("Mul", operands(call, builder)),
    },
    "multiply",
  ),
  ...withAliases(
    {
      name: "aten::div",
      schemas: [
        "aten::div.Tensor(Tensor self, Tensor other) -> Tensor",
        "aten::div.Scalar(Tensor self, Scalar other) -> Tensor",
        "aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
        "aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
      ],
      doc: "self / other; rounding_mode floor and trunc.",
      lower: (call, builder) => divide(call, builder, call.optionalString("rounding_mode")),
    },
    "divide",
  ),
  {
    name: "aten::true_divide",
    schemas: [
      "aten::true_divide.Tensor(Tensor self, Tensor other) -> Tensor",
      "aten::true_divide.Scalar(Tensor self, Scalar other) -> Tensor",
    ],
    doc: "self / other.",
    lower: (call, builder) => divide(call, builder, null),
  },
  {
    name: "aten::floor_divide",
    schemas: [
      "aten::floor_divide(Tensor self, Tensor other) -> Tensor",
      "aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor",
    ],
    doc: "self // other, rounded down.",
    lower: (call, builder) => divide(call, builder, "floor"),
  },
  {
    name: "aten::remainder",
    schemas: [
      "aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor",
      "aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor",
      "aten::remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    ],
    doc: "Rest of the division, with the divisor's sign.",
    lower: (call, builder) => remainder(new Maths(builder), ...operands(call, builder)),
  },
  {
    name: "aten::fmod",
    schemas: [
      "aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor",
      "aten::fmod.Scalar(Tensor self, Scalar other) -> Tensor",
    ],
    doc: "Rest of the division, with the dividend's sign.",
    lower: (call, builder) => new Maths(builder).fmod(...operands(call, builder)),
  },
  {
    name: "aten::pow",
    schemas: [
      "aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
      "aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
      "aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor",
    ],
    doc: "self to the power of exponent.",
    lower(call, builder) {
      const [base, exponent] = [call.operand("self"), call.operand("exponent")];
      return power(builder, base, exponent, resultType([base, exponent]));
    },
  },
  {
    name: "aten::float_power",
    schemas: [
      "aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
      "aten::float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
      "aten::float_power.Scalar(Scalar self, Tensor exponent) -> Tensor",
    ],
    doc: "self to the power of exponent, in float64.",
    lower: (call, builder) => power(builder, call.operand("self"), call.operand("exponent"), "float64"),
  },
];

const combined: readonly Operator[] = [
  ...withAliases(
    {
      name: "aten::xlogy",
      schemas: [
        "aten::xlogy.Tensor(Tensor self, Tensor other) -> Tensor",
        "aten::xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor",
        "aten::xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor",
      ],
      doc: "self × log(other), 0 where self is 0.",
      lower(call, builder) {
        const m = new Maths(builder);
        const [a, b] = operands(call, builder, true);
        return m.where(m.and(m.equal(a, 0), m.not(m.unary("IsNaN", b, "bool"))), 0, m.mul(a, m.log(b)));
      },
    },
    "special_xlogy",
  ),
  {
    name: "aten::ldexp",
    schemas: ["aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor"],
    doc: "self × 2^other.",
    lower(call, builder) {
      const m = new Maths(builder);
      const [self, other] = [toFloat(builder, call.tensor("self")), call.tensor("other")];
      // An integer exponent does not widen a half.
      return m.mul(self, m.pow(2, isFloating(other.dtype) ? other : builder.cast(other, self.dtype)));
    },
  },
  {
    name: "aten::addcmul",
    schemas: ["aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor"],
    doc: "self + value × tensor1 × tensor2.",
    lower: (call, builder) => addProduct(call, builder, "Mul"),
  },
  {
    name: "aten::addcdiv",
    schemas: ["aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor"],
    doc: "self + value × tensor1 / tensor2.",
    lower: (call, builder) => addProduct(call, builder, "Div"),
  },
  {
    name: "aten::lerp",
    schemas: [
      "aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
      "aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
    ],
    doc: "self + weight × (end − self).",
    lower(call, builder) {
      const m = new Maths(builder);
      const self = call.tensor("self");
      const weight = builder.cast(call.operand("weight"), self.dtype);
      return m.add(self, m.mul(weight, m.sub(call.tensor("end"), self)));
    },
  },
  larger("Max", "max"),
  larger("Min", "min"),
];

function addProduct(call: Call, builder: Builder, op: "Mul" | "Div"): TensorValue {
  const three = [call.tensor("self"), call.tensor("tensor1"), call.tensor("tensor2")];
  const dtype = resultType(three);
  const [self, a, b] = builder.promote(
    three,
    op === "Div" && (isInteger(dtype) || dtype === "bool") ? "float32" : dtype,
  );
  const product = builder.elementwise(op, [a, b]);
  return builder.elementwise("Add", [self, scaled(builder, product, call.scalar("value"))]);
}

/** Arithmetic on two operands. */
export const arithmetic: readonly Operator[] = [...basic, ...combined];
