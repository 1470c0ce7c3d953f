import { type DType, dtypeOfOnnx } from "../../graph/dtype.ts";

/** Types of `TensorProto.DataType` that no other format shares: name and bits an element. */
const onnxOnly: Readonly<Record<number, { readonly name: string; readonly bits: number; readonly carrier: DType }>> = {
  17: { name: "float8e4m3fn", bits: 8, carrier: "uint8" },
  18: { name: "float8e4m3fnuz", bits: 8, carrier: "uint8" },
  19: { name: "float8e5m2", bits: 8, carrier: "uint8" },
  20: { name: "float8e5m2fnuz", bits: 8, carrier: "uint8" },
  21: { name: "uint4", bits: 4, carrier: "uint8" },
  22: { name: "int4", bits: 4, carrier: "int8" },
  23: { name: "float4e2m1", bits: 4, carrier: "uint8" },
  24: { name: "float8e8m0", bits: 8, carrier: "uint8" },
  25: { name: "uint2", bits: 2, carrier: "uint8" },
  26: { name: "int2", bits: 2, carrier: "int8" },
};

const wide: Readonly<Record<DType, number>> = {
  float32: 32,
  float64: 64,
  float16: 16,
  bfloat16: 16,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
  bool: 8,
  string: 0,
  complex64: 64,
  complex128: 128,
};

/** Bits an element takes in raw data; 0 for strings, null for a type number that onnx.proto does not have. */
export function bitsOf(type: number): number | null {
  const dtype = dtypeOfOnnx(type);
  return dtype === null ? (onnxOnly[type]?.bits ?? null) : wide[dtype];
}

/** Name of a `TensorProto.DataType` number, for people. */
export function typeName(type: number): string {
  return dtypeOfOnnx(type) ?? onnxOnly[type]?.name ?? `type ${type}`;
}

/** The type that carries the elements of `type` in memory: itself, or an integer as wide for the narrow floats. */
export function carrierOf(type: number): DType | null {
  return dtypeOfOnnx(type) ?? onnxOnly[type]?.carrier ?? null;
}
