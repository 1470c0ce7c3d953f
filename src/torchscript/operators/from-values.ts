import type { DType } from "../../graph/dtype.ts";
import { elementOf } from "../builder.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { asSymbolic } from "../symbolic.ts";
import { invalid, raised, unsupported } from "../lowering-error.ts";
import { promoteTypes } from "../promotion.ts";
import { TensorValue } from "../tensor-value.ts";
import { knownItems } from "../stacked-list.ts";
import { ListValue, StackedItems, SymbolicScalar, TupleValue, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

const mostElements = 1 << 20;

interface Nested {
  readonly shape: readonly number[];
  readonly leaves: readonly Value[];
}

/** Nested lists as a shape and the numbers in row-major order. */
function unnest(value: Value, depth = 0): Nested {
  const items = value instanceof ListValue ? knownItems(value) : value instanceof TupleValue ? value.items : null;
  if (items === null) return { shape: [], leaves: [value] };
  if (depth > 16) throw invalid("a tensor of lists that are nested too deeply");
  const parts = items.map((item) => unnest(item, depth + 1));
  const inner = parts[0]?.shape ?? [];
  if (parts.some(({ shape }) => shape.join() !== inner.join())) throw raised("a tensor of lists of different lengths");
  const leaves = parts.flatMap((part) => part.leaves);
  if (leaves.length > mostElements) throw unsupported("a tensor of so many Python numbers");
  return { shape: [items.length, ...inner], leaves };
}

/** What `torch.tensor` makes of a Python number: bool, int64 or the default float32. */
function dtypeOf(leaf: Value): DType {
  if (leaf instanceof TensorValue) return leaf.dtype;
  if (leaf instanceof SymbolicScalar) return leaf.type === "int" ? "int64" : leaf.type === "bool" ? "bool" : "float32";
  if (typeof leaf === "boolean") return "bool";
  return typeof leaf === "bigint" ? "int64" : "float32";
}

function tensorOf(call: Call, builder: Builder): TensorValue {
  const given = call.value(call.has("data") ? "data" : "t");
  if (given instanceof TensorValue) {
    const wanted = call.dtype("dtype");
    const same = wanted === null || wanted === given.dtype;
    return same
      ? call.name === "aten::as_tensor"
        ? given
        : builder.copy(given)
      : builder.copy(builder.cast(given, wanted));
  }
  if (given instanceof ListValue && given.content instanceof StackedItems) {
    const { kind, stack } = given.content;
    return builder.cast(stack, call.dtype("dtype") ?? (kind === "float" ? "float32" : stack.dtype));
  }
  const { shape, leaves } = unnest(given);
  const inferred = leaves
    .map(dtypeOf)
    .reduce<DType | null>((all, one) => (all === null ? one : promoteTypes(all, one)), null);
  const dtype = call.dtype("dtype") ?? inferred ?? "float32";
  if (leaves.every((leaf) => typeof leaf === "bigint" || typeof leaf === "number" || typeof leaf === "boolean")) {
    return builder.copy(
      builder.constant(
        dtype,
        shape,
        leaves.map((leaf) => elementOf(dtype, leaf)),
      ),
    );
  }
  const parts = leaves.map((leaf) => {
    const tensor = leaf instanceof TensorValue ? leaf : asSymbolic(leaf, builder)?.tensor;
    if (tensor === undefined) throw invalid("a tensor of something that is no number");
    return builder.reshape(builder.cast(tensor, dtype), [1]);
  });
  return builder.copy(builder.reshape(builder.concat(parts, 0), shape));
}

const options = "*, ScalarType? dtype=None, Device? device=None";

/** Tensors made of Python numbers and lists of them. */
export const fromValues: readonly Operator[] = [
  row(
    "aten::tensor",
    [
      `.Scalar(Scalar t, ${options}, bool requires_grad=False) -> Tensor`,
      `(t[] data, ${options}, bool requires_grad=False) -> Tensor`,
      `.Tensor(Tensor t, ${options}, bool requires_grad=False) -> Tensor`,
    ],
    "A tensor of a Python number or of nested lists of them.",
    tensorOf,
  ),
  row(
    "aten::as_tensor",
    [
      `(Tensor t, ${options}) -> Tensor`,
      `.Scalar(Scalar t, ${options}) -> Tensor`,
      `.list(t[] data, ${options}) -> Tensor`,
    ],
    "A tensor of a Python number or of nested lists of them; a tensor itself stays.",
    tensorOf,
  ),
];
