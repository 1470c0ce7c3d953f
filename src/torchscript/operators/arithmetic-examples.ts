import type { Operator } from "./operator.ts";

/** The pattern of the table's files. */
export const arithmeticExamples: readonly Operator[] = [
  {
    name: "aten::add",
    schemas: [
      "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
      "aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ],
    doc: "self + alpha × other, with type promotion and broadcasting.",
    lower(call, builder) {
      const self = call.tensor("self");
      const other = call.operand("other");
      const alpha = call.scalar("alpha");
      if (Number(alpha) === 1) return builder.elementwise("Add", [self, other]);
      const [a, b] = builder.promote([self, other]);
      return builder.elementwise("Add", [a, builder.elementwise("Mul", [b, builder.full(b.dtype, alpha)])]);
    },
  },
  {
    name: "aten::relu",
    schemas: ["aten::relu(Tensor self) -> Tensor"],
    doc: "max(self, 0).",
    lower: (call, builder) => {
      const self = call.tensor("self");
      return builder.emit("Relu", [self], {}, self);
    },
  },
];
