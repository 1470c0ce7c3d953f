import type { DType } from "../../graph/dtype.ts";
import { unsupported } from "../lowering-error.ts";

/** `ScalarType` of torch/_export/serde/schema.py, the same in all versions; newer ones go on after 28. */
const scalarTypes: readonly (DType | null)[] = [
  null,
  "uint8",
  "int8",
  "int16",
  "int32",
  "int64",
  "float16",
  "float32",
  "float64",
  null, // complex32
  "complex64",
  "complex128",
  "bool",
  "bfloat16",
];

/** Throws LoweringError (`unsupported`) for 8-bit floats and other types that we do not have. */
export function dtypeOfExported(code: number): DType {
  const dtype = code === 28 ? "uint16" : code === 34 ? "uint32" : code === 35 ? "uint64" : (scalarTypes[code] ?? null);
  if (dtype === null) throw unsupported(`the element type with number ${code} of torch.export`);
  return dtype;
}

/** `MemoryFormat` of the same schema as `c10::MemoryFormat`: contiguous, channels last, channels last 3d, preserve. */
const memoryFormats: readonly bigint[] = [0n, 0n, 2n, 3n, 1n];

export function memoryFormatOf(code: number): bigint {
  return memoryFormats[code] ?? 0n;
}

/** `Layout` of the same schema as `c10::Layout`: strided is 7 there and 0 here. */
export function layoutOf(code: number): bigint {
  return code === 7 ? 0n : BigInt(code);
}
