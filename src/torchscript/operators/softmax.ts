import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";

/** Softmax or LogSoftmax along one axis. */
export function softmax(
  builder: Builder,
  x: TensorValue,
  dim: number,
  op: "Softmax" | "LogSoftmax" = "Softmax",
): TensorValue {
  if (x.rank === 0) return builder.full(x.dtype, op === "Softmax" ? 1 : 0);
  return builder.emit(op, [x], { axis: normalizeDim(dim, x.rank) }, { dtype: x.dtype, shape: x.shape });
}

function row(name: string, schemas: readonly string[], op: "Softmax" | "LogSoftmax"): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc: "Along dim, in dtype when it is given.",
    lower: (call, builder) => softmax(builder, ready(call, builder), call.int("dim"), op),
  };
}

function ready(call: Call, builder: Builder): TensorValue {
  return builder.cast(call.tensor("self"), call.dtype("dtype") ?? call.tensor("self").dtype);
}

/** Softmax that gives 0 instead of NaN where a whole row is −∞. */
function safe(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = ready(call, builder);
  const dim = normalizeDim(call.int("dim"), self.rank);
  const most = reduce(builder, "ReduceMax", self, [dim], true);
  return m.where(m.equal(most, -Infinity), 0, softmax(builder, self, dim));
}

/** Softmax and its relatives. */
export const softmaxes: readonly Operator[] = [
  row("softmax", ["aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor"], "Softmax"),
  row("special_softmax", ["aten::special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor"], "Softmax"),
  row("_softmax", ["aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor"], "Softmax"),
  row("log_softmax", ["aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor"], "LogSoftmax"),
  row(
    "special_log_softmax",
    ["aten::special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor"],
    "LogSoftmax",
  ),
  row("_log_softmax", ["aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor"], "LogSoftmax"),
  {
    name: "aten::_safe_softmax",
    schemas: ["aten::_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor"],
    doc: "softmax; rows of −∞ give 0.",
    lower: safe,
  },
];
