import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";

/** Rows of self times the matrix of their group; `offs` [groups] says where each group ends. */
function grouped(builder: Builder, self: TensorValue, matrices: TensorValue, offsets: TensorValue | null): TensorValue {
  if (self.rank !== 2 || matrices.rank !== 3 || offsets === null) throw unsupported("grouped products of these shapes");
  const m = new Maths(builder);
  const [groups, inner, width] = matrices.shape;
  const rows = builder.reshape(range(builder, 0, 1, self.shape[0], "int64"), [self.shape[0], 1]);
  const ends = builder.cast(offsets, "int64");
  const bound = (group: number) => sliceAxis(builder, ends, 0, group, group + 1);
  let sum: TensorValue | null = null;
  for (let group = 0; group < groups; group++) {
    const before = m.less(rows, bound(group));
    const member = group === 0 ? before : m.and(before, m.greaterEqual(rows, bound(group - 1)));
    const matrix = builder.reshape(sliceAxis(builder, matrices, 0, group, group + 1), [inner, width]);
    const product = matmul(builder, m.where(member, self, 0), matrix);
    sum = sum === null ? product : m.add(sum, product);
  }
  return sum ?? builder.full(self.dtype, 0, [self.shape[0], width]);
}

/** Products of mixtures of experts. */
export const groupedProducts: readonly Operator[] = [
  {
    name: "aten::_grouped_mm",
    schemas: [
      "aten::_grouped_mm(Tensor self, Tensor mat2, Tensor? offs=None, Tensor? bias=None, ScalarType? out_dtype=None) -> Tensor",
    ],
    doc: "Products of groups of rows with a matrix each (mixtures of experts).",
    lower: (call, builder) => grouped(builder, call.tensor("self"), call.tensor("mat2"), call.optionalTensor("offs")),
  },
  {
    name: "transformers::grouped_mm_fallback",
    schemas: ["transformers::grouped_mm_fallback(Tensor input, Tensor weight, Tensor offs) -> Tensor"],
    doc: "As aten::_grouped_mm.",
    lower: (call, builder) => grouped(builder, call.tensor("input"), call.tensor("weight"), call.tensor("offs")),
  },
];
