import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { inverse } from "./matrices.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { sliceAxis } from "./rearrange.ts";

/** The identity, n × m. */
export function identity(builder: Builder, dtype: TensorValue["dtype"], n: number, m: number = n): TensorValue {
  const ones = Array.from({ length: n * m }, (_, i) => (Math.floor(i / m) === i % m ? 1 : 0));
  return builder.constant(dtype, [n, m], ones);
}

/** How often the exponent is halved, and Taylor's terms of what is left: exact for norms up to thousands. */
const halvings = 16;
const terms = 9;

/** e^A of square matrices: Taylor's series of A / 2^16, squared 16 times, in double precision. */
function exponential(builder: Builder, self: TensorValue): TensorValue {
  const m = new Maths(builder);
  const size = self.shape.at(-1);
  if (size === undefined || size !== self.shape.at(-2)) throw raised("matrix_exp of something that is not square");
  const one = identity(builder, "float64", size);
  const small = m.mul(builder.cast(self, "float64"), 2 ** -halvings);
  // Horner's scheme: 1 + A (1 + A/2 (1 + A/3 (…)))
  let sum = one;
  for (let k = terms; k >= 1; k--) sum = m.add(one, m.mul(matmul(builder, small, sum), 1 / k));
  for (let i = 0; i < halvings; i++) sum = matmul(builder, sum, sum);
  return builder.cast(builder.expand(sum, self.shape), self.dtype);
}

/** The first columns of H₁ H₂ … Hₖ, Hᵢ = 1 − τᵢ vᵢ vᵢᵀ, vᵢ below the diagonal of column i. */
function householder(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [vectors, scales] = call.has("tau")
    ? [call.tensor("input"), call.tensor("tau")]
    : [call.tensor("self"), call.tensor("input2")];
  const [rows, columns] = vectors.shape.slice(-2);
  const last = vectors.rank - 1;
  const lead = vectors.shape.slice(0, -2);
  let product = builder.expand(identity(builder, vectors.dtype, rows, columns), vectors.shape);
  for (let i = (scales.shape.at(-1) ?? 0) - 1; i >= 0; i--) {
    const below = sliceAxis(builder, sliceAxis(builder, vectors, last, i, i + 1), last - 1, i + 1, rows);
    const parts = [builder.full(vectors.dtype, 0, [...lead, i, 1]), builder.full(vectors.dtype, 1, [...lead, 1, 1])];
    const v = builder.concat(
      [...parts, below].filter(({ count }) => count > 0),
      last - 1,
    );
    const scale = builder.reshape(sliceAxis(builder, scales, scales.rank - 1, i, i + 1), [...lead, 1, 1]);
    const flat = builder.reshape(v, [...lead, 1, rows]);
    product = m.sub(product, m.mul(scale, matmul(builder, v, matmul(builder, flat, product))));
  }
  return product;
}

/** By squares; of the inverse for negative exponents. */
function power(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const n = call.int("n");
  if (Math.abs(n) > 1024) throw unsupported(`${call.name} with exponent ${n}`);
  if (n === 0) return builder.expand(identity(builder, self.dtype, self.shape.at(-1) ?? 0), self.shape);
  let square = n < 0 ? inverse(builder, self) : self;
  let result: TensorValue | null = null;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === null ? square : matmul(builder, result, square);
    if (rest > 1) square = matmul(builder, square, square);
  }
  return result ?? square;
}

/** Functions of whole matrices, as orthogonal parametrisations use them. */
export const matrixFunctions: readonly Operator[] = [
  ...["aten::matrix_power", "aten::linalg_matrix_power"].map((name) => ({
    name,
    schemas: [`${name}(Tensor self, int n) -> Tensor`],
    doc: "Powers of square matrices, negative ones of the inverse.",
    lower: power,
  })),
  ...["aten::matrix_exp", "aten::linalg_matrix_exp"].map((name) => ({
    name,
    schemas: [`${name}(Tensor self) -> Tensor`],
    doc: "e^A of square matrices.",
    lower: (call: Call, builder: Builder) => exponential(builder, call.tensor("self")),
  })),
  ...["input, Tensor tau", "self, Tensor input2"].map((parameters, i) => {
    const name = ["aten::linalg_householder_product", "aten::orgqr"][i];
    return {
      name,
      schemas: [`${name}(Tensor ${parameters}) -> Tensor`],
      doc: "The product of reflections.",
      lower: householder,
    };
  }),
];
