import type { DType } from "../graph/dtype.ts";
import { mayEqual } from "./extent.ts";
import { raised } from "./lowering-error.ts";
import type { TensorValue } from "./tensor-value.ts";

const category: Readonly<Record<DType, number>> = {
  string: -1,
  bool: 0,
  uint8: 1,
  int8: 1,
  int16: 1,
  int32: 1,
  int64: 1,
  uint16: 1,
  uint32: 1,
  uint64: 1,
  float16: 2,
  bfloat16: 2,
  float32: 2,
  float64: 2,
  complex64: 3,
  complex128: 3,
};

export function isFloating(dtype: DType): boolean {
  return category[dtype] === 2;
}

export function isComplex(dtype: DType): boolean {
  return category[dtype] === 3;
}

/** Integers, without bool. */
export function isInteger(dtype: DType): boolean {
  return category[dtype] === 1;
}

const integerWidth: Readonly<Partial<Record<DType, number>>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint16: 2,
  uint32: 3,
  uint64: 4,
};

/** `torch.promote_types`. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  if (category[a] !== category[b]) {
    const [low, high] = category[a] < category[b] ? [a, b] : [b, a];
    if (category[high] === 3 && low === "float64") return "complex128";
    return high;
  }
  if (category[a] === 3) return "complex128";
  if (category[a] === 2) {
    if (a === "float64" || b === "float64") return "float64";
    return "float32"; // float32 with a half, or float16 with bfloat16
  }
  return promoteIntegers(a, b);
}

function promoteIntegers(a: DType, b: DType): DType {
  const [narrow, wide] = (integerWidth[a] ?? 0) <= (integerWidth[b] ?? 0) ? [a, b] : [b, a];
  if (integerWidth[narrow] !== integerWidth[wide]) {
    return wide.startsWith("u") && !narrow.startsWith("u") ? "int64" : wide;
  }
  return integerWidth[a] === 1 ? "int16" : "int64"; // uint8 with int8
}

/**
 * `torch.result_type`: tensors with dimensions decide over 0-dim tensors, those over Python numbers, unless the lower
 * rank has the higher category (bool < integer < float < complex). Python floats count as float32, the default dtype.
 */
export function resultType(operands: readonly TensorValue[]): DType {
  const ranks: (DType | null)[] = [null, null, null];
  for (const operand of operands) {
    const rank = operand.wrappedNumber ? 2 : operand.rank === 0 ? 1 : 0;
    const dtype = operand.wrappedNumber && operand.dtype === "float64" ? "float32" : operand.dtype;
    const seen = ranks[rank] ?? null;
    ranks[rank] = seen === null ? dtype : promoteTypes(seen, dtype);
  }
  return combine(combine(ranks[0] ?? null, ranks[1] ?? null), ranks[2] ?? null) ?? "float32";
}

function combine(higher: DType | null, lower: DType | null): DType | null {
  if (higher === null || lower === null) return higher ?? lower;
  if (category[higher] >= category[lower]) return higher;
  // A float with dimensions keeps its precision beside a complex number.
  if (category[higher] === 2 && category[lower] === 3) return higher === "float64" ? "complex128" : "complex64";
  return promoteTypes(higher, lower);
}

/** NumPy's broadcasting; a size that is not known is taken for that of the others. Throws LoweringError (`raised`) where PyTorch would raise. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = Array.from<number>({ length: rank }).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const dim = shape[i];
      if (dim === 1 || (Number.isNaN(dim) && result[at] !== 1)) continue;
      if (result[at] !== 1 && !mayEqual(result[at], dim)) {
        throw raised(`shapes ${shapes.map((s) => `[${s.join(", ")}]`).join(" and ")} do not broadcast`);
      }
      result[at] = dim;
    }
  }
  return result;
}

/** A dimension counted from the end made positive. Throws LoweringError (`raised`) outside of the rank. */
export function normalizeDim(dim: number, rank: number): number {
  const size = Math.max(rank, 1);
  if (dim < -size || dim >= size) throw raised(`dimension ${dim} is out of range for ${rank} dimensions`);
  return dim < 0 ? dim + size : dim;
}
