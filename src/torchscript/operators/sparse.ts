import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** Values at their places, those of the same place added up. */
function fromCoordinates(builder: Builder, indices: TensorValue, values: TensorValue, size: readonly number[]) {
  const [dims, count] = indices.shape;
  const places = builder.cast(builder.transpose(indices, [1, 0]), "int64");
  const zeros = builder.full(values.dtype, 0, size);
  if (count === 0) return zeros;
  if (dims + values.rank - 1 !== size.length) throw unsupported("a sparse tensor of these dimensions");
  return builder.emit(
    "ScatterND",
    [zeros, places, values],
    { reduction: "add" },
    { dtype: values.dtype, shape: [...size] },
  );
}

const layout = "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";

function coordinates(call: Call, builder: Builder): TensorValue {
  return fromCoordinates(builder, call.tensor("indices"), call.tensor("values"), call.ints("size"));
}

function itself(name: string, schema: string): Operator {
  return row(name, [schema], "Sparse tensors are computed with as dense ones.", (call, builder) =>
    builder.copy(call.tensor("self")),
  );
}

function product(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const sum = matmul(builder, call.tensor("mat1"), call.tensor("mat2"));
  const [alpha, beta] = [Number(call.scalar("alpha")), Number(call.scalar("beta"))];
  const scaled = alpha === 1 ? sum : m.mul(sum, alpha);
  if (beta === 0) return scaled;
  return m.add(beta === 1 ? call.tensor("self") : m.mul(call.tensor("self"), beta), scaled);
}

/** Sparse tensors, which become dense. */
export const sparseTensors: readonly Operator[] = [
  itself(
    "aten::to_sparse",
    "(Tensor self, *, Layout? layout=None, int[2]? blocksize=None, int? dense_dim=None) -> Tensor",
  ),
  itself(
    "aten::_to_sparse",
    "(Tensor self, *, Layout? layout=None, int[2]? blocksize=None, int? dense_dim=None) -> Tensor",
  ),
  itself("aten::to_dense", "(Tensor self, ScalarType? dtype=None, *, bool? masked_grad=None) -> Tensor"),
  itself("aten::_to_dense", "(Tensor self, ScalarType? dtype=None, bool? masked_grad=None) -> Tensor"),
  itself("aten::coalesce", "(Tensor(a) self) -> Tensor(a)"),
  row(
    "aten::sparse_coo_tensor",
    [
      `.indices_size(Tensor indices, Tensor values, SymInt[] size, *, ${layout}, bool? is_coalesced=None) -> Tensor`,
      `.indices_size(Tensor indices, Tensor values, SymInt[] size, *, ${layout}) -> Tensor`,
    ],
    "Dense, from coordinates and values.",
    coordinates,
  ),
  row(
    "aten::_sparse_coo_tensor_with_dims_and_tensors",
    [
      `(int sparse_dim, int dense_dim, SymInt[] size, Tensor indices, Tensor values, *, ${layout}, bool? is_coalesced=None) -> Tensor`,
    ],
    "Dense, from coordinates and values.",
    coordinates,
  ),
  row("aten::_sparse_mm", ["(Tensor sparse, Tensor dense) -> Tensor"], "Matrix product.", (call, builder) =>
    matmul(builder, call.tensor("sparse"), call.tensor("dense")),
  ),
  row(
    "aten::_sparse_addmm",
    ["(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"],
    "beta × self + alpha × mat1 × mat2.",
    product,
  ),
  row("aten::_sparse_sum", ["(Tensor self) -> Tensor"], "Sum of everything.", (call, builder) => {
    const self = call.tensor("self");
    return reduce(
      builder,
      "ReduceSum",
      self,
      self.shape.map((_, axis) => axis),
      false,
    );
  }),
];
