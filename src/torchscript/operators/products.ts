import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { mayEqual } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import { broadcastShapes, isComplex, isFloating, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { withAliases } from "./aliases.ts";
import { complexOf, partsOf, realType } from "./complex.ts";
import { conjugate } from "./complex-functions.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { reduce } from "./reduce.ts";

/** `torch.matmul` for every combination of ranks: the rules are NumPy's and ONNX's. */
export function matmul(builder: Builder, a: TensorValue, b: TensorValue): TensorValue {
  if (a.rank === 0 || b.rank === 0) throw raised("matmul of a 0-dim tensor");
  if (isComplex(a.dtype) || isComplex(b.dtype)) return complexProduct(new Maths(builder), a, b);
  const left = a.rank === 1 ? [1, ...a.shape] : a.shape;
  const right = b.rank === 1 ? [...b.shape, 1] : b.shape;
  if (!mayEqual(left[left.length - 1], right[right.length - 2]))
    throw raised(`matmul of [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
  const outer = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const rows = a.rank === 1 ? [] : left.slice(-2, -1);
  const columns = b.rank === 1 ? [] : right.slice(-1);
  const shape = [...outer, ...rows, ...columns];
  if (left.at(-1) === 0) return builder.full(a.dtype, 0, shape);
  // ONNX Runtime 1.32 folds a Transpose into the product with a vector at its default level, and computes something else.
  const [rowVector, columnVector] = [a.rank === 1, b.rank === 1];
  const operands = [rowVector ? builder.unsqueeze(a, [0]) : a, columnVector ? builder.unsqueeze(b, [1]) : b];
  const full = [...outer, ...left.slice(-2, -1), ...right.slice(-1)];
  const product = builder.emit("MatMul", operands, {}, { dtype: a.dtype, shape: full });
  const axes = [...(rowVector ? [-2] : []), ...(columnVector ? [-1] : [])];
  if (axes.length === 0) return product;
  return builder.emit("Squeeze", [product, builder.ints(axes)], {}, { dtype: a.dtype, shape });
}

function complexProduct(m: Maths, x: TensorValue, y: TensorValue): TensorValue {
  const dtype = realType(resultType([x, y]));
  const [a, b] = [partsOf(m.builder, x, dtype), partsOf(m.builder, y, dtype)];
  const of = (left: TensorValue, right: TensorValue) => matmul(m.builder, left, right);
  return complexOf(m, {
    re: m.sub(of(a.re, b.re), of(a.im, b.im)),
    im: m.add(of(a.re, b.im), of(a.im, b.re)),
  });
}

/** input × weightᵀ + bias. */
export function linear(
  builder: Builder,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | null,
): TensorValue {
  if (weight.rank === 2 && input.rank === 2 && isFloating(input.dtype) && weight.shape[1] > 0) {
    if (!mayEqual(input.shape[1], weight.shape[1]))
      throw raised(`linear of [${input.shape.join(", ")}] with [${weight.shape.join(", ")}]`);
    const shape = [input.shape[0], weight.shape[0]];
    return builder.emit("Gemm", [input, weight, bias], { transB: 1 }, { dtype: input.dtype, shape });
  }
  const product = matmul(builder, input, weight.rank === 2 ? builder.transpose(weight, [1, 0]) : weight);
  return bias === null ? product : new Maths(builder).add(product, bias);
}

/** beta × self + alpha × product; with beta 0 self does not count, not even its NaN. */
function weighted(call: Call, builder: Builder, product: TensorValue): TensorValue {
  const m = new Maths(builder);
  const [alpha, beta] = [Number(call.scalar("alpha")), Number(call.scalar("beta"))];
  const scaled = alpha === 1 ? product : m.mul(product, alpha);
  if (beta === 0) return scaled;
  const self = call.tensor("self");
  return m.add(beta === 1 ? self : m.mul(self, beta), scaled);
}

type Rule = (call: Call, builder: Builder) => TensorValue;

function addedRow(name: string, schemas: readonly string[], doc: string, product: Rule): Operator {
  return {
    name: `aten::${name}`,
    schemas,
    doc,
    lower: (call, builder) => weighted(call, builder, product(call, builder)),
  };
}

function pair(a: string, b: string): Rule {
  return (call, builder) => matmul(builder, call.tensor(a), call.tensor(b));
}

function outer(builder: Builder, a: TensorValue, b: TensorValue): TensorValue {
  return new Maths(builder).mul(builder.reshape(a, [a.count, 1]), builder.reshape(b, [1, b.count]));
}

/** Contracts dims of self with dims of other. */
function tensordot(call: Call, builder: Builder): TensorValue {
  const [a, b] = [call.tensor("self"), call.tensor("other")];
  const inA = call.ints("dims_self").map((dim) => (dim < 0 ? dim + a.rank : dim));
  const inB = call.ints("dims_other").map((dim) => (dim < 0 ? dim + b.rank : dim));
  const freeA = a.shape.map((_, axis) => axis).filter((axis) => !inA.includes(axis));
  const freeB = b.shape.map((_, axis) => axis).filter((axis) => !inB.includes(axis));
  const size = (x: TensorValue, axes: readonly number[]) => axes.reduce((n, axis) => n * x.shape[axis], 1);
  const left = builder.reshape(builder.transpose(a, [...freeA, ...inA]), [size(a, freeA), size(a, inA)]);
  const right = builder.reshape(builder.transpose(b, [...inB, ...freeB]), [size(b, inB), size(b, freeB)]);
  const shape = [...freeA.map((axis) => a.shape[axis]), ...freeB.map((axis) => b.shape[axis])];
  return builder.reshape(matmul(builder, left, right), shape);
}

function kron(builder: Builder, a: TensorValue, b: TensorValue): TensorValue {
  const rank = Math.max(a.rank, b.rank);
  const pad = (shape: readonly number[]) => [...Array.from<number>({ length: rank - shape.length }).fill(1), ...shape];
  const [left, right] = [pad(a.shape), pad(b.shape)];
  const x = builder.reshape(
    a,
    left.flatMap((dim) => [dim, 1]),
  );
  const y = builder.reshape(
    b,
    right.flatMap((dim) => [1, dim]),
  );
  return builder.reshape(
    new Maths(builder).mul(x, y),
    left.map((dim, i) => dim * right[i]),
  );
}

function chain(builder: Builder, tensors: readonly TensorValue[]): TensorValue {
  return tensors.slice(1).reduce((product, tensor) => matmul(builder, product, tensor), tensors[0]);
}

const sums: readonly Operator[] = [
  addedRow(
    "addmm",
    ["aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × mat1 × mat2.",
    pair("mat1", "mat2"),
  ),
  addedRow(
    "baddbmm",
    ["aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × batch1 × batch2.",
    pair("batch1", "batch2"),
  ),
  addedRow(
    "addmv",
    ["aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × mat × vec.",
    pair("mat", "vec"),
  ),
  addedRow(
    "addr",
    ["aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × vec1 ⊗ vec2.",
    (call, builder) => outer(builder, call.tensor("vec1"), call.tensor("vec2")),
  ),
  addedRow(
    "addbmm",
    ["aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × Σ batch1 × batch2.",
    (call, builder) => reduce(builder, "ReduceSum", pair("batch1", "batch2")(call, builder), [0], false),
  ),
];

/** Products of vectors, matrices and batches of them. */
export const products: readonly Operator[] = [
  ...withAliases(
    {
      name: "aten::matmul",
      schemas: ["aten::matmul(Tensor self, Tensor other) -> Tensor"],
      doc: "Matrix product, broadcast, for all ranks.",
      lower: pair("self", "other"),
    },
    "linalg_matmul",
  ),
  {
    name: "aten::__matmul__",
    schemas: ["aten::__matmul__(Tensor self, Tensor other) -> Tensor"],
    doc: "Matrix product.",
    lower: pair("self", "other"),
  },
  {
    name: "aten::mm",
    schemas: ["aten::mm(Tensor self, Tensor mat2) -> Tensor"],
    doc: "Matrix product.",
    lower: pair("self", "mat2"),
  },
  {
    name: "aten::bmm",
    schemas: ["aten::bmm(Tensor self, Tensor mat2) -> Tensor"],
    doc: "Matrix product of batches.",
    lower: pair("self", "mat2"),
  },
  {
    name: "aten::mv",
    schemas: ["aten::mv(Tensor self, Tensor vec) -> Tensor"],
    doc: "Matrix times vector.",
    lower: pair("self", "vec"),
  },
  {
    name: "aten::dot",
    schemas: ["aten::dot(Tensor self, Tensor tensor) -> Tensor"],
    doc: "Scalar product.",
    lower: pair("self", "tensor"),
  },
  {
    name: "aten::vdot",
    schemas: ["aten::vdot(Tensor self, Tensor other) -> Tensor"],
    doc: "Scalar product, the first factor conjugated.",
    lower: (call, builder) => matmul(builder, conjugate(builder, call.tensor("self")), call.tensor("other")),
  },
  {
    name: "aten::linear",
    schemas: ["aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor"],
    doc: "input × weightᵀ + bias.",
    lower: (call, builder) => linear(builder, call.tensor("input"), call.tensor("weight"), call.optionalTensor("bias")),
  },
  ...withAliases(
    {
      name: "aten::outer",
      schemas: ["aten::outer(Tensor self, Tensor vec2) -> Tensor"],
      doc: "All products.",
      lower: (call, builder) => outer(builder, call.tensor("self"), call.tensor("vec2")),
    },
    "ger",
  ),
  {
    name: "aten::inner",
    schemas: ["aten::inner(Tensor self, Tensor other) -> Tensor"],
    doc: "Sums of products over the last dimensions.",
    lower(call, builder) {
      const [a, b] = [call.tensor("self"), call.tensor("other")];
      if (a.rank === 0 || b.rank === 0) return new Maths(builder).mul(a, b);
      const rows = (x: TensorValue) => builder.reshape(x, [x.count / x.shape[x.rank - 1], x.shape[x.rank - 1]]);
      const product = matmul(builder, rows(a), builder.transpose(rows(b), [1, 0]));
      return builder.reshape(product, [...a.shape.slice(0, -1), ...b.shape.slice(0, -1)]);
    },
  },
  {
    name: "aten::linalg_vecdot",
    schemas: ["aten::linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor"],
    doc: "Scalar products along a dimension.",
    lower(call, builder) {
      const product = new Maths(builder).mul(call.tensor("x"), call.tensor("y"));
      const dim = call.int("dim");
      return reduce(builder, "ReduceSum", product, [dim < 0 ? dim + product.rank : dim], false);
    },
  },
  {
    name: "aten::tensordot",
    schemas: ["aten::tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor"],
    doc: "Contraction of dimensions.",
    lower: tensordot,
  },
  {
    name: "aten::kron",
    schemas: ["aten::kron(Tensor self, Tensor other) -> Tensor"],
    doc: "Kronecker product.",
    lower: (call, builder) => kron(builder, call.tensor("self"), call.tensor("other")),
  },
  {
    name: "aten::chain_matmul",
    schemas: ["aten::chain_matmul(Tensor[] matrices) -> Tensor"],
    doc: "Product of all.",
    lower: (call, builder) => chain(builder, call.tensors("matrices")),
  },
  {
    name: "aten::linalg_multi_dot",
    schemas: ["aten::linalg_multi_dot(Tensor[] tensors) -> Tensor"],
    doc: "Product of all.",
    lower: (call, builder) => chain(builder, call.tensors("tensors")),
  },
  ...sums,
];
