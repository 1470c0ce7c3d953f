import type { DType } from "../graph/dtype.ts";
import { unsupported } from "./lowering-error.ts";

/** Numbers of `c10::ScalarType`, which TorchScript writes for `torch.dtype`. */
const codes: readonly (DType | null)[] = [
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
  null, // qint8
  null, // quint8
  null, // qint32
  "bfloat16",
];

/** Throws LoweringError for quantised and other element types that we do not have. */
export function dtypeOfScalarType(code: number): DType {
  const dtype = code === 27 ? "uint16" : code === 28 ? "uint32" : code === 29 ? "uint64" : codes[code];
  if (!dtype) throw unsupported(`the element type with number ${code}`);
  return dtype;
}

/** The number of `c10::ScalarType` for an element type. */
export function scalarTypeOf(dtype: DType): bigint {
  if (dtype === "uint16") return 27n;
  if (dtype === "uint32") return 28n;
  if (dtype === "uint64") return 29n;
  return BigInt(codes.indexOf(dtype));
}
