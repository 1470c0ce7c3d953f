import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

/** Elements at positions of the flattened tensor replaced, or added to. */
function put(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [self, source] = [call.tensor("self"), call.tensor("source")];
  const index = builder.cast(call.tensor("index"), "int64");
  const places = m.where(m.less(index, 0), m.add(index, self.count), index);
  const inputs = [
    builder.reshape(self, [self.count]),
    builder.reshape(places, [index.count, 1]),
    builder.reshape(builder.cast(source, self.dtype), [source.count]),
  ];
  const attributes = call.bool("accumulate") ? { reduction: "add" } : {};
  const flat = builder.emit("ScatterND", inputs, attributes, { dtype: self.dtype, shape: [self.count] });
  return builder.reshape(flat, self.shape);
}

/** Writes by position. */
export const puts: readonly Operator[] = [
  row(
    "aten::put",
    ["(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor"],
    "Elements at positions of the flattened tensor.",
    put,
  ),
];
