import type { DType } from "../graph/dtype.ts";

export interface KernelRow {
  /** Element types that the CPU kernel has for the type parameter T. */
  readonly types: readonly DType[];
  /** The input whose type is T, where it is not the first. */
  readonly decides?: number;
  /** Inputs that are of a type of their own (indices, shapes, conditions). */
  readonly others?: readonly number[];
  /** Outputs that are of a type of their own (masks, indices). */
  readonly otherOutputs?: readonly number[];
}

const floats: readonly DType[] = ["float32"];

/** Measured with onnxruntime 1.30's CPU provider, opset 20. Operators without a row take any type. */
export const kernelTypes: Readonly<Record<string, KernelRow | undefined>> = {
  Conv: { types: floats },
};
