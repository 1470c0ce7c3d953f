import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isInteger, promoteTypes, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { convert } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/** `torch.where` promotes its two sides; a Python number is weak. */
function choose(call: Call, builder: Builder): TensorValue {
  const sides = [call.operand("self"), call.operand("other")];
  const dtype: DType = sides.every((side) => side.wrappedNumber)
    ? promoteTypes(...defaultTypes(sides))
    : resultType(sides);
  const [a, b] = sides.map((side) => convert(builder, side, dtype));
  return new Maths(builder).where(call.tensor("condition"), a, b);
}

function defaultTypes(sides: readonly TensorValue[]): [DType, DType] {
  const [a, b] = sides.map((side): DType => (isInteger(side.dtype) || side.dtype === "bool" ? side.dtype : "float32"));
  return [a, b];
}

/** One of two, elementwise. */
export const choices: readonly Operator[] = [
  {
    name: "aten::where",
    schemas: [
      "aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor",
      "aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor",
      "aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
      "aten::where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor",
    ],
    doc: "self where the condition holds, other elsewhere.",
    lower: choose,
  },
  {
    name: "aten::masked_fill",
    schemas: [
      "aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor",
      "aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor",
    ],
    doc: "self with value where the mask holds.",
    lower(call, builder) {
      const self = call.tensor("self");
      return new Maths(builder).where(call.tensor("mask"), convert(builder, call.operand("value"), self.dtype), self);
    },
  },
];
