import type { DType } from "../graph/dtype.ts";
import type { Result } from "./graph-emitter.ts";
import { kernelTypes } from "./kernel-types.ts";
import type { GraphValue } from "./tensor-value.ts";

/** Types to cast inputs to, and that the outputs then have; null where nothing changes. */
export interface KernelCasts {
  readonly inputs: readonly (DType | null)[];
  readonly outputs: readonly (DType | null)[];
}

/** What to compute in instead, best first: the nearest type that holds all values, then the nearest at all. */
const substitutes: Readonly<Partial<Record<DType, readonly DType[]>>> = {
  float16: ["float32", "float64"],
  bfloat16: ["float32", "float64"],
  float64: ["float32"],
  float32: ["float64"],
  bool: ["uint8", "int32", "int64", "float32"],
  uint8: ["int32", "int64", "float32"],
  int8: ["int32", "int64", "float32"],
  int16: ["int32", "int64", "float32"],
  uint16: ["int32", "int64", "float32"],
  int32: ["int64", "float64", "float32"],
  uint32: ["int64", "float64"],
  uint64: ["int64", "float64"],
  int64: ["float64", "int32", "float32"],
};

/** Operators whose float16 results are exact: they pick, compare or change a sign. All others round once, as PyTorch. */
const exact: ReadonlySet<string> = new Set(
  (
    "Abs Sign Neg Relu Floor Ceil Round Min Max Clip Equal Less LessOrEqual Greater GreaterOrEqual IsNaN IsInf " +
    "ReduceMax ReduceMin ArgMax ArgMin TopK Where Pad Expand Tile Trilu OneHot NonZero MaxPool DepthToSpace SpaceToDepth " +
    "Compress ReverseSequence"
  ).split(" "),
);

/** The casts that a node needs because ONNX Runtime's CPU kernel lacks its element type; null when it needs none. */
export function kernelCasts(
  op: string,
  inputs: readonly (GraphValue | null)[],
  results: readonly Result[],
): KernelCasts | null {
  const row = kernelTypes[op];
  if (row === undefined) return null;
  const main = inputs[row.decides ?? 0]?.dtype ?? results[0]?.dtype;
  if (main === undefined) return null;
  // PyTorch computes with float16 in float32 and rounds the result; ONNX Runtime's own kernels round in between.
  const rounds = main === "float16" && row.types.includes("float32") && !exact.has(op);
  if (row.types.includes(main) && !rounds) return null;
  const instead = substitutes[main]?.find((dtype) => row.types.includes(dtype));
  if (instead === undefined) return null;
  return {
    inputs: inputs.map((input, i) => (input?.dtype === main && !row.others?.includes(i) ? instead : null)),
    outputs: results.map((result, i) => (result.dtype === main && !row.otherOutputs?.includes(i) ? instead : null)),
  };
}
