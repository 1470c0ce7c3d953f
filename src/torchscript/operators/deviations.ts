import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";
import { axes } from "./reductions.ts";

interface Spread {
  readonly mean: TensorValue;
  readonly variance: TensorValue;
}

function spreadOf(call: Call, builder: Builder): Spread {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const along = axes(call, self);
  const keep = call.bool("keepdim");
  const correction = call.has("unbiased")
    ? Number(call.bool("unbiased"))
    : Number(call.optionalScalar("correction") ?? 1);
  const wide = self.dtype === "float64" ? self : builder.cast(self, "float32");
  const centred = m.sub(wide, reduce(builder, "ReduceMean", wide, along, true));
  const n = along.reduce((product, axis) => product * self.shape[axis], 1);
  const sum = reduce(builder, "ReduceSum", m.square(centred), along, keep);
  const variance = m.div(sum, Math.max(n - correction, 0));
  return { mean: builder.cast(reduce(builder, "ReduceMean", wide, along, keep), self.dtype), variance };
}

const spreads: readonly [string, readonly string[], (m: Maths, s: Spread, dtype: DType) => TensorValue | TupleValue][] =
  [
    [
      "var",
      [
        "aten::var(Tensor self, bool unbiased=True) -> Tensor",
        "aten::var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
        "aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
      ],
      (m, s, dtype) => m.builder.cast(s.variance, dtype),
    ],
    [
      "std",
      [
        "aten::std(Tensor self, bool unbiased=True) -> Tensor",
        "aten::std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
        "aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
      ],
      (m, s, dtype) => m.builder.cast(m.sqrt(s.variance), dtype),
    ],
    [
      "var_mean",
      [
        "aten::var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
        "aten::var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
        "aten::var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)",
      ],
      (m, s, dtype) => new TupleValue([m.builder.cast(s.variance, dtype), s.mean]),
    ],
    [
      "std_mean",
      [
        "aten::std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
        "aten::std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
        "aten::std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)",
      ],
      (m, s, dtype) => new TupleValue([m.builder.cast(m.sqrt(s.variance), dtype), s.mean]),
    ],
  ];

/** Variance and standard deviation. */
export const deviations: readonly Operator[] = spreads.map(([name, schemas, pick]): Operator => ({
  name: `aten::${name}`,
  schemas,
  doc: "Variance or deviation, with correction (unbiased: 1).",
  lower: (call, builder) => pick(new Maths(builder), spreadOf(call, builder), call.tensor("self").dtype),
}));
