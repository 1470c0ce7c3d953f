import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex, isFloating } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { SymbolicScalar, TupleValue, type Value } from "../value.ts";
import { withAliases } from "./aliases.ts";
import { convert } from "./complex.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { axesOf, reduce, reducedShape } from "./reduce.ts";

/** The dimensions named by `dim`, which is a list, an int or None. */
export function axes(call: Call, x: TensorValue): number[] {
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
  const dtype = call.dtype("dtype") ?? (isFloating(self.dtype) || isComplex(self.dtype) ? self.dtype : "float32");
  return reduce(builder, "ReduceMean", convert(builder, self, dtype), axes(call, self), call.bool("keepdim"));
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
  ...withAliases(
    {
      name: "aten::logsumexp",
      schemas: ["aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor"],
      doc: "log of the sum of exponentials.",
      lower: logSumExp,
    },
    "special_logsumexp",
  ),
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
