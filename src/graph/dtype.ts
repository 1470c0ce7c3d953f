/** Element types of tensors, by the names NumPy and PyTorch share. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool"
  | "string"
  | "complex64"
  | "complex128";

interface DTypeRow {
  /** `TensorProto.DataType` of onnx.proto. */
  readonly onnx: number;
  /** Bytes an element; 0 for strings. */
  readonly bytes: number;
}

const rows: Readonly<Record<DType, DTypeRow>> = {
  float32: { onnx: 1, bytes: 4 },
  uint8: { onnx: 2, bytes: 1 },
  int8: { onnx: 3, bytes: 1 },
  uint16: { onnx: 4, bytes: 2 },
  int16: { onnx: 5, bytes: 2 },
  int32: { onnx: 6, bytes: 4 },
  int64: { onnx: 7, bytes: 8 },
  string: { onnx: 8, bytes: 0 },
  bool: { onnx: 9, bytes: 1 },
  float16: { onnx: 10, bytes: 2 },
  float64: { onnx: 11, bytes: 8 },
  uint32: { onnx: 12, bytes: 4 },
  uint64: { onnx: 13, bytes: 8 },
  complex64: { onnx: 14, bytes: 8 },
  complex128: { onnx: 15, bytes: 16 },
  bfloat16: { onnx: 16, bytes: 2 },
};

const byOnnx = new Map(Object.entries(rows).map(([name, row]) => [row.onnx, name as DType]));

/** The `TensorProto.DataType` number. */
export function onnxType(dtype: DType): number {
  return rows[dtype].onnx;
}

/** The element type of a `TensorProto.DataType` number, or null for one that we do not know. */
export function dtypeOfOnnx(type: number): DType | null {
  return byOnnx.get(type) ?? null;
}

/** The element type of this name, or null for a name that is none of ours. */
export function dtypeOfName(name: string): DType | null {
  return Object.hasOwn(rows, name) ? (name as DType) : null;
}

/** Bytes an element takes; 0 for strings. */
export function bytesOf(dtype: DType): number {
  return rows[dtype].bytes;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
