import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { range } from "./ranges.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { vectorNorm } from "./vector-norms.ts";

function lookUp(builder: Builder, weight: TensorValue, indices: TensorValue): TensorValue {
  const shape = [...indices.shape, ...weight.shape.slice(1)];
  return builder.emit("Gather", [weight, indices], { axis: 0 }, { dtype: weight.dtype, shape });
}

/** Rows among the indices that are longer than allowed become as long as that. */
function renormalized(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [self, indices] = [call.tensor("self"), call.tensor("indices")];
  const [most, rows] = [call.float("max_norm"), self.shape[0]];
  const norm = vectorNorm(builder, self, call.float("norm_type"), [1], true);
  const flat = builder.reshape(builder.cast(indices, "int64"), [indices.count, 1]);
  const marks = [builder.full("float32", 0, [rows]), flat, builder.full("float32", 1, [indices.count])];
  const used = builder.emit("ScatterND", marks, {}, { dtype: "float32", shape: [rows] });
  const long = m.and(m.greater(norm, most), builder.unsqueeze(builder.cast(used, "bool"), [1]));
  return m.where(long, m.mul(self, m.div(most, m.add(norm, 1e-7))), self);
}

/** Whether index i belongs to bag b, [bags, indices]: offset[b] ≤ i < offset[b + 1]. */
function membership(m: Maths, offsets: TensorValue, count: number, hasLast: boolean): TensorValue {
  const { builder } = m;
  const starts = builder.cast(offsets, "int64");
  const bags = offsets.count - (hasLast ? 1 : 0);
  const end = hasLast
    ? sliceAxis(builder, starts, 0, 1, offsets.count)
    : builder.concat(
        [sliceAxis(builder, starts, 0, 1, offsets.count), builder.constant("int64", [1], [BigInt(count)])],
        0,
      );
  const place = range(builder, 0, 1, count, "int64");
  const column = (x: TensorValue) => builder.reshape(x, [bags, 1]);
  return m.and(m.lessEqual(column(sliceAxis(builder, starts, 0, 0, bags)), place), m.less(place, column(end)));
}

/** Sums, means or maxima of the rows of each bag. */
export function bags(call: Call, builder: Builder, weight: TensorValue): TupleValue {
  const m = new Maths(builder);
  const indices = call.tensor("indices");
  const dtype = weight.dtype;
  const mode = call.int("mode");
  const weights = call.optionalTensor("per_sample_weights");
  let member = membership(m, call.tensor("offsets"), indices.count, call.bool("include_last_offset"));
  const padding = call.optionalInt("padding_idx") ?? -1;
  if (call.has("padding_idx") && padding !== -1) {
    const row = padding < 0 ? padding + weight.shape[0] : padding;
    member = m.and(member, m.not(m.equal(indices, row)));
  }
  let rows = lookUp(builder, weight, indices);
  if (weights !== null) rows = m.mul(rows, builder.unsqueeze(weights, [1]));
  const numbers = builder.cast(member, dtype);
  const shape = [member.shape[0], weight.shape[1]];
  const counts = reduce(builder, "ReduceSum", numbers, [1], true);
  let result: TensorValue;
  if (mode === 2) {
    const wide = m.where(builder.unsqueeze(member, [2]), builder.unsqueeze(rows, [0]), -Infinity);
    result = m.where(m.equal(counts, 0), 0, reduce(builder, "ReduceMax", wide, [1], false));
  } else {
    result = builder.emit("MatMul", [numbers, rows], {}, { dtype, shape });
    if (mode === 1) result = m.div(result, m.max(counts, 1));
  }
  const empty = builder.constant("int64", [0], []);
  return new TupleValue([result, empty, empty, empty]);
}

const bagSchemas: Readonly<Record<string, readonly string[]>> = {
  embedding_bag: [
    "aten::embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)",
    "aten::embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)",
  ],
  _embedding_bag: [
    "aten::_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)",
  ],
  _embedding_bag_forward_only: [
    "aten::_embedding_bag_forward_only(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)",
  ],
};

/** Rows of a table by number. */
export const embeddings: readonly Operator[] = [
  {
    name: "aten::embedding",
    schemas: [
      "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
    ],
    doc: "Rows of weight.",
    lower: (call, builder) => lookUp(builder, call.tensor("weight"), call.tensor("indices")),
  },
  {
    name: "aten::embedding_renorm",
    schemas: ["aten::embedding_renorm(Tensor self, Tensor indices, float max_norm, float norm_type) -> Tensor"],
    doc: "Rows that are looked up, scaled down to a norm.",
    lower: renormalized,
  },
  ...Object.entries(bagSchemas).map(([name, schemas]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Sum, mean or max of the rows of each bag. The auxiliary results are left empty.",
    lower: (call, builder) => bags(call, builder, call.tensor("weight")),
  })),
];
