import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex, isFloating } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { SymbolicScalar, TupleValue, type Value } from "../value.ts";
import { partsOf } from "./complex.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { axesOf, reduce, reducedShape } from "./reduce.ts";

/** The dimensions named by `dim`, which is a list, an int or None. */
function axes(call: Call, x: TensorValue): number[] {
  return axesOf(call.optionalInts("dim"), x.rank);
}

/** Sums and products count in int64; a dtype argument decides over that. */
function accumulator(call: Call, x: TensorValue): DType {
  return call.dtype("dtype") ?? (isFloating(x.dtype) || isComplex(x.dtype) ? x.dtype : "int64");
}

function counted(op: "ReduceSum" | "ReduceProd"): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    return reduce(builder, op, builder.cast(self, accumulator(call, self)), axes(call, self), call.bool("keepdim"));
  };
}

function mean(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const dtype = call.dtype("dtype") ?? (isFloating(self.dtype) ? self.dtype : "float32");
  return reduce(builder, "ReduceMean", builder.cast(self, dtype), axes(call, self), call.bool("keepdim"));
}

function extreme(op: "ReduceMax" | "ReduceMin"): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    return reduce(builder, op, self, axes(call, self), call.bool("keepdim"));
  };
}

/** Values and indices of the largest (smallest) along one dimension; over everything, the value alone. */
function extremeWhere(op: "Max" | "Min"): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    if (!call.has("dim")) return reduce(builder, `Reduce${op}`, self, axesOf(null, self.rank), false);
    const along = axes(call, self);
    const keep = call.bool("keepdim");
    const values = reduce(builder, `Reduce${op}`, self, along, keep);
    return new TupleValue([values, argument(builder, `Arg${op}`, self, along, keep)]);
  };
}

function argument(builder: Builder, op: string, x: TensorValue, along: readonly number[], keep: boolean): TensorValue {
  const shape = reducedShape(x.shape, along, keep);
  if (along.length === 0) return builder.full("int64", 0, shape);
  const attributes = { axis: along[0], keepdims: keep ? 1 : 0 };
  return builder.emit(op, [x], attributes, { dtype: "int64", shape });
}

function argumentOf(op: "ArgMax" | "ArgMin"): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    const dim = call.optionalInt("dim");
    const keep = call.bool("keepdim");
    if (dim !== null) return argument(builder, op, self, axesOf([dim], self.rank), keep);
    const found = argument(builder, op, builder.reshape(self, [self.count]), [0], false);
    return builder.reshape(found, keep ? self.shape.map(() => 1) : []);
  };
}

/** Whether all (any) elements are true; uint8 stays uint8, as in PyTorch. */
function truth(op: "ReduceMin" | "ReduceMax"): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    const dims = call.has("dim") ? call.optionalInts("dim") : null;
    // No dimensions are all of them elsewhere; here they are none.
    const along = dims?.length === 0 ? [] : axesOf(dims, self.rank);
    const keep = call.bool("keepdim");
    const result: DType = self.dtype === "uint8" ? "uint8" : "bool";
    const shape = reducedShape(self.shape, along, keep);
    if (self.count === 0) return builder.full(result, op === "ReduceMin", shape);
    const flags = builder.cast(builder.cast(self, "bool"), "uint8");
    return builder.cast(reduce(builder, op, flags, along, keep), result);
  };
}

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

function logSumExp(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = toFloat(builder, call.tensor("self"));
  const along = axes(call, self);
  const most = reduce(builder, "ReduceMax", self, along, true);
  const shift = m.where(m.unary("IsInf", most, "bool"), 0, most);
  const sum = reduce(builder, "ReduceSum", m.exp(m.sub(self, shift)), along, true);
  const result = m.add(m.log(sum), shift);
  return builder.reshape(result, reducedShape(self.shape, along, call.bool("keepdim")));
}

/** (Σ |x|^p)^(1/p); the largest for infinity, the number of nonzeros for 0. */
export function vectorNorm(
  builder: Builder,
  x: TensorValue,
  p: number,
  along: readonly number[],
  keep: boolean,
): TensorValue {
  const m = new Maths(builder);
  if (p === 2) return reduce(builder, "ReduceL2", x, along, keep);
  if (p === 1) return reduce(builder, "ReduceL1", x, along, keep);
  const size = m.abs(x);
  if (p === Infinity) return reduce(builder, "ReduceMax", size, along, keep);
  if (p === -Infinity) return reduce(builder, "ReduceMin", size, along, keep);
  if (p === 0) return reduce(builder, "ReduceSum", builder.cast(builder.cast(x, "bool"), x.dtype), along, keep);
  return m.pow(reduce(builder, "ReduceSum", m.pow(size, p), along, keep), 1 / p);
}

function norm(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const dtype = call.dtype("dtype");
  const ready = dtype === null ? toFloat(builder, magnitude(builder, self)) : builder.cast(self, dtype);
  const p = Number(call.optionalScalar(call.has("ord") ? "ord" : "p") ?? 2);
  return vectorNorm(builder, ready, p, axes(call, self), call.bool("keepdim"));
}

function magnitude(builder: Builder, x: TensorValue): TensorValue {
  if (!isComplex(x.dtype)) return x;
  const m = new Maths(builder);
  const { re, im } = partsOf(builder, x);
  return m.sqrt(m.add(m.square(re), m.square(im)));
}

/** Sums that leave NaN out. */
function withoutNaN(call: Call, builder: Builder, average: boolean): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const along = axes(call, self);
  const keep = call.bool("keepdim");
  const floating = isFloating(self.dtype);
  const nan = floating ? m.unary("IsNaN", self, "bool") : builder.full("bool", false, self.shape);
  const sum = reduce(builder, "ReduceSum", builder.cast(m.where(nan, 0, self), accumulator(call, self)), along, keep);
  if (!average) return sum;
  return m.div(sum, reduce(builder, "ReduceSum", builder.cast(m.not(nan), sum.dtype), along, keep));
}

const extremes: readonly Operator[] = [
  {
    name: "aten::amax",
    schemas: ["aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor"],
    doc: "Largest over dimensions.",
    lower: extreme("ReduceMax"),
  },
  {
    name: "aten::amin",
    schemas: ["aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor"],
    doc: "Smallest over dimensions.",
    lower: extreme("ReduceMin"),
  },
  {
    name: "aten::max",
    schemas: [
      "aten::max(Tensor self) -> Tensor",
      "aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ],
    doc: "Largest, with its index along a dimension.",
    lower: extremeWhere("Max"),
  },
  {
    name: "aten::min",
    schemas: [
      "aten::min(Tensor self) -> Tensor",
      "aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ],
    doc: "Smallest, with its index along a dimension.",
    lower: extremeWhere("Min"),
  },
  {
    name: "aten::aminmax",
    schemas: ["aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)"],
    doc: "Smallest and largest.",
    lower(call, builder) {
      const self = call.tensor("self");
      const keep = call.bool("keepdim");
      const along = axes(call, self);
      return new TupleValue([
        reduce(builder, "ReduceMin", self, along, keep),
        reduce(builder, "ReduceMax", self, along, keep),
      ]);
    },
  },
  {
    name: "aten::argmax",
    schemas: ["aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor"],
    doc: "Index of the first largest.",
    lower: argumentOf("ArgMax"),
  },
  {
    name: "aten::argmin",
    schemas: ["aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor"],
    doc: "Index of the first smallest.",
    lower: argumentOf("ArgMin"),
  },
];

/** Python's `any` and `all` over a list. */
function ofList(name: "any" | "all"): Operator {
  const types = ["bool", "int", "float", "str"];
  return {
    name: `aten::${name}`,
    schemas: types.map((type) => `aten::${name}.${type}(${type}[] self) -> bool`),
    doc: "Of a list of known values.",
    lower(call) {
      const items = call.list("self");
      const holds = (item: Value) => {
        if (item instanceof SymbolicScalar) throw unsupported(`${name}() of values that depend on a tensor`);
        return Boolean(item);
      };
      return name === "any" ? items.some(holds) : items.every(holds);
    },
  };
}

/** Reductions over dimensions. */
export const reductions: readonly Operator[] = [
  {
    name: "aten::sum",
    schemas: [
      "aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor",
      "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "Sum; integers in int64.",
    lower: counted("ReduceSum"),
  },
  {
    name: "aten::prod",
    schemas: [
      "aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor",
      "aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "Product; integers in int64.",
    lower: counted("ReduceProd"),
  },
  {
    name: "aten::mean",
    schemas: [
      "aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor",
      "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "Mean.",
    lower: mean,
  },
  {
    name: "aten::all",
    schemas: [
      "aten::all(Tensor self) -> Tensor",
      "aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
      "aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
    ],
    doc: "Whether all are true.",
    lower: truth("ReduceMin"),
  },
  {
    name: "aten::any",
    schemas: [
      "aten::any(Tensor self) -> Tensor",
      "aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
      "aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
    ],
    doc: "Whether any is true.",
    lower: truth("ReduceMax"),
  },
  ofList("any"),
  ofList("all"),
  ...extremes,
  ...spreads.map(([name, schemas, pick]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Variance or deviation, with correction (unbiased: 1).",
    lower: (call, builder) => pick(new Maths(builder), spreadOf(call, builder), call.tensor("self").dtype),
  })),
  {
    name: "aten::logsumexp",
    schemas: ["aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor"],
    doc: "log of the sum of exponentials.",
    lower: logSumExp,
  },
  {
    name: "aten::norm",
    schemas: [
      "aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor",
      "aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor",
      "aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor",
      "aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor",
    ],
    doc: "p-norm over dimensions.",
    lower: norm,
  },
  {
    name: "aten::linalg_vector_norm",
    schemas: [
      "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "p-norm over dimensions.",
    lower: norm,
  },
  {
    name: "aten::frobenius_norm",
    schemas: ["aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor"],
    doc: "Root of the sum of squares.",
    lower: norm,
  },
  {
    name: "aten::linalg_norm",
    schemas: [
      "aten::linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ],
    doc: "2-norm of everything, or p-norm along one dimension.",
    lower: norm,
  },
  {
    name: "aten::nansum",
    schemas: ["aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"],
    doc: "Sum without NaN.",
    lower: (call, builder) => withoutNaN(call, builder, false),
  },
  {
    name: "aten::nanmean",
    schemas: ["aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"],
    doc: "Mean without NaN.",
    lower: (call, builder) => withoutNaN(call, builder, true),
  },
  {
    name: "aten::count_nonzero",
    schemas: [
      "aten::count_nonzero(Tensor self, int? dim=None) -> Tensor",
      "aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor",
    ],
    doc: "How many are not 0.",
    lower(call, builder) {
      const self = call.tensor("self");
      const flags = builder.cast(builder.cast(self, "bool"), "int64");
      return reduce(builder, "ReduceSum", flags, axes(call, self), false);
    },
  },
];
