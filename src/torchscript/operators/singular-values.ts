import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { orthogonal, transposed } from "./factorizations.ts";
import { rotateColumns } from "./jacobi.ts";
import { identity } from "./matrix-functions.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { matmul } from "./products.ts";
import { flip, sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

export interface Decomposition {
  readonly u: TensorValue;
  readonly s: TensorValue;
  /** [..., n, k], not yet transposed. */
  readonly v: TensorValue;
}

/** A = U S Vᵀ with min(m, n) columns, in double precision. The signs of a pair of vectors are open, as they are in LAPACK. */
export function singularVectors(builder: Builder, given: TensorValue): Decomposition {
  if (isComplex(given.dtype)) throw unsupported("singular values of complex numbers");
  const [rows = 0, columns = 0] = given.shape.slice(-2);
  if (rows < columns) {
    const { u, s, v } = singularVectors(builder, transposed(builder, given));
    return { u: v, s, v: u };
  }
  const m = new Maths(builder);
  const turned = rotateColumns(builder, given);
  const lengths = builder.unsqueeze(turned.lengths, [given.rank - 2]);
  const u = m.div(turned.columns, m.where(m.equal(lengths, 0), 1, lengths));
  return { u, s: turned.lengths, v: turned.v };
}

/** The smallest of `count` orthonormal columns filled up to a whole basis. */
function completed(builder: Builder, basis: TensorValue): TensorValue {
  const [rows = 0, count = 0] = basis.shape.slice(-2);
  if (rows === count) return basis;
  const [q] = orthogonal(builder, basis, true);
  return builder.concat([basis, sliceAxis(builder, q, q.rank - 1, count, rows)], basis.rank - 1);
}

function svd(call: Call, builder: Builder): TupleValue {
  const given = call.tensor(call.has("A") ? "A" : "self");
  const full = call.has("some") ? !call.bool("some") : call.bool("full_matrices");
  const { u, s, v } = singularVectors(builder, given);
  const [left, right] = full ? [completed(builder, u), completed(builder, v)] : [u, v];
  const last = call.has("some") ? right : transposed(builder, right);
  return new TupleValue([left, s, last].map((x) => builder.cast(x, given.dtype)));
}

export function singularValues(builder: Builder, given: TensorValue): TensorValue {
  return builder.cast(singularVectors(builder, given).s, given.dtype);
}

/** A + c 1 with c so large that all eigenvalues are positive: then they are the singular values. */
function eigen(call: Call, builder: Builder): [TensorValue, TensorValue] {
  const m = new Maths(builder);
  const given = call.tensor(call.has("A") ? "A" : "self");
  if (isComplex(given.dtype)) throw unsupported("eigenvalues of complex numbers");
  const upper = call.has("UPLO") && call.string("UPLO").toUpperCase() === "U";
  const wide = builder.cast(given, "float64");
  const part = (offset: number) =>
    builder.emit(
      "Trilu",
      [wide, builder.constant("int64", [], [BigInt(offset)])],
      { upper: upper ? 1 : 0 },
      { dtype: "float64", shape: wide.shape },
    );
  const a = m.add(part(0), transposed(builder, part(upper ? 1 : -1)));
  const size = m.sqrt(reduce(builder, "ReduceSum", m.square(a), [a.rank - 2, a.rank - 1], true));
  const shift = m.add(m.mul(size, 1.5), 1e-300);
  const n = a.shape.at(-1) ?? 0;
  const { lengths, v } = rotateColumns(builder, m.add(a, m.mul(identity(builder, "float64", n), shift)));
  const ascending = (x: TensorValue) => flip(builder, x, [x.rank - 1]);
  const values = m.sub(lengths, builder.reshape(shift, [...a.shape.slice(0, -2), 1]));
  return [builder.cast(ascending(values), given.dtype), builder.cast(ascending(v), given.dtype)];
}

/** The share of the largest singular value below which the others count as 0, or a bound of its own. */
function tolerance(call: Call, builder: Builder, a: TensorValue, largest: TensorValue): TensorValue {
  const m = new Maths(builder);
  const epsilon = a.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  const given = (name: string) => {
    if (!call.has(name)) return null;
    const value = call.optionalTensor(name);
    return value === null ? null : builder.cast(value, "float64");
  };
  const atol = given("atol") ?? given("tol");
  const ruled = epsilon * Math.max(...a.shape.slice(-2));
  // A bound of its own leaves the relative one out, unless both are given.
  const positive = atol === null ? null : m.greater(atol, 0);
  const fallback = positive === null ? builder.full("float64", ruled) : m.where(positive, 0, ruled);
  const rtol = given("rtol") ?? given("rcond") ?? builder.cast(fallback, "float64");
  const relative = m.mul(largest, rtol);
  return atol === null ? relative : m.max(relative, atol);
}

/** V S⁻¹ Uᵀ, without the singular values that count as 0. */
function pseudoInverse(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const given = call.tensor("self");
  const { u, s, v } = singularVectors(builder, given);
  const largest = sliceAxis(builder, s, s.rank - 1, 0, 1);
  const tiny = m.lessEqual(s, tolerance(call, builder, given, largest));
  const inverted = m.where(tiny, 0, m.unary("Reciprocal", m.where(tiny, 1, s)));
  const scaled = m.mul(v, builder.unsqueeze(inverted, [given.rank - 2]));
  return builder.cast(matmul(builder, scaled, transposed(builder, u)), given.dtype);
}

function rank(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const given = call.tensor(call.has("input") ? "input" : "self");
  const { s } = singularVectors(builder, given);
  const largest = sliceAxis(builder, s, s.rank - 1, 0, 1);
  const counted = builder.cast(m.greater(s, tolerance(call, builder, given, largest)), "int64");
  return reduce(builder, "ReduceSum", counted, [s.rank - 1], false);
}

/** Least squares by the pseudoinverse. Which of the other results there are depends on LAPACK's driver. */
function leastSquares(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const [a, b] = [call.tensor("self"), call.tensor("b")];
  const [rows = 0, columns = 0] = a.shape.slice(-2);
  const { u, s, v } = singularVectors(builder, a);
  const across = matmul(builder, transposed(builder, u), builder.cast(b, "float64"));
  const solution = matmul(builder, v, m.div(across, builder.unsqueeze(s, [s.rank])));
  const rest = m.sub(matmul(builder, builder.cast(a, "float64"), solution), builder.cast(b, "float64"));
  const residuals = reduce(builder, "ReduceSum", m.square(rest), [rest.rank - 2], false);
  const none = builder.constant(a.dtype, [0], []);
  const lead = a.shape.slice(0, -2);
  const driver = call.optionalString("driver") ?? "gelsy";
  return new TupleValue([
    builder.cast(solution, a.dtype),
    rows > columns && driver !== "gelsy" ? builder.cast(residuals, a.dtype) : none,
    driver === "gels" ? builder.constant("int64", [0], []) : builder.full("int64", Math.min(rows, columns), lead),
    driver === "gelsd" || driver === "gelss" ? builder.cast(s, a.dtype) : none,
  ]);
}

const columnsDoc = "By Jacobi's rotations in double precision, up to 512 columns; the signs of vectors are open.";

/** Singular values, eigenvalues of symmetric matrices, and what follows from them. */
export const singular: readonly Operator[] = [
  row(
    "aten::linalg_svd",
    ["(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)"],
    columnsDoc,
    svd,
  ),
  row(
    "aten::_linalg_svd",
    [
      "(Tensor A, bool full_matrices=False, bool compute_uv=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)",
    ],
    columnsDoc,
    svd,
  ),
  row(
    "aten::svd",
    ["(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)"],
    columnsDoc,
    svd,
  ),
  row("aten::linalg_svdvals", ["(Tensor A, *, str? driver=None) -> Tensor"], columnsDoc, (call, builder) =>
    singularValues(builder, call.tensor("A")),
  ),
  row(
    "aten::linalg_eigh",
    ['(Tensor self, str UPLO="L") -> (Tensor eigenvalues, Tensor eigenvectors)'],
    columnsDoc,
    (call, builder) => new TupleValue(eigen(call, builder)),
  ),
  row(
    "aten::_linalg_eigh",
    ['(Tensor A, str UPLO="L", bool compute_v=True) -> (Tensor eigenvalues, Tensor eigenvectors)'],
    columnsDoc,
    (call, builder) => new TupleValue(eigen(call, builder)),
  ),
  row(
    "aten::linalg_eigvalsh",
    ['(Tensor self, str UPLO="L") -> Tensor'],
    columnsDoc,
    (call, builder) => eigen(call, builder)[0],
  ),
  row(
    "aten::linalg_pinv",
    [
      "(Tensor self, float rcond, bool hermitian=False) -> Tensor",
      ".atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor",
      ".atol_rtol_tensor(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor",
      ".rcond_tensor(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor",
    ],
    "The pseudoinverse.",
    pseudoInverse,
  ),
  row("aten::pinverse", ["(Tensor self, float rcond=1e-15) -> Tensor"], "The pseudoinverse.", pseudoInverse),
  row(
    "aten::linalg_matrix_rank",
    [
      "(Tensor self, float tol, bool hermitian=False) -> Tensor",
      ".atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor",
      ".atol_rtol_tensor(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor",
      ".tol_tensor(Tensor input, Tensor tol, bool hermitian=False) -> Tensor",
    ],
    "How many singular values count.",
    rank,
  ),
  row(
    "aten::linalg_lstsq",
    [
      "(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> (Tensor solution, Tensor residuals, Tensor rank, Tensor singular_values)",
    ],
    "Least squares, of matrices of full rank.",
    leastSquares,
  ),
];
