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

const single: readonly DType[] = ["float32", "float16"];
const floats: readonly DType[] = [...single, "float64"];
const wide: readonly DType[] = [...floats, "int32", "int64"];
const bytes: readonly DType[] = ["uint8", "int8"];
const unsigned: readonly DType[] = ["uint32", "uint64"];
const integers: readonly DType[] = [...bytes, "int16", "uint16", "int32", "int64", ...unsigned];
const numbers: readonly DType[] = [...floats, ...integers];
const all: readonly DType[] = [...numbers, "bool"];
const clipped: readonly DType[] = [...wide, ...bytes, ...unsigned];

function rows(names: string, types: readonly DType[], row: Omit<KernelRow, "types"> = {}): [string, KernelRow][] {
  return names.split(" ").map((name) => [name, { ...row, types }]);
}

/**
 * Measured with onnxruntime 1.30's CPU provider, opset 20: sessions of one node for each operator and element type.
 * (bfloat16 has kernels for a few operators that only move elements, which have no row.) Operators without a row take
 * any type.
 */
export const kernelTypes: Readonly<Record<string, KernelRow | undefined>> = Object.fromEntries([
  ...rows("Floor Ceil Round Sqrt Exp Log Sin Cos Reciprocal Sigmoid Tanh Softmax LogSoftmax LpNormalization", floats),
  ...rows(
    "Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf LeakyRelu Elu Selu Softplus Softsign HardSigmoid",
    single,
  ),
  ...rows("HardSwish Gelu Mish ThresholdedRelu GlobalAveragePool GlobalMaxPool PRelu Det LRN", single),
  ...rows("Celu", ["float32"]),
  ...rows("Conv ConvTranspose AveragePool LpPool InstanceNormalization RNN LSTM GRU", single),
  ...rows("Col2Im", single, { others: [1, 2] }),
  ...rows("BatchNormalization LayerNormalization GroupNormalization DeformConv GridSample", floats),
  ...rows("RoiAlign", floats, { others: [2] }),
  ...rows("DFT", floats, { others: [1, 2] }),
  ...rows("STFT", floats, { others: [1, 3] }),
  ...rows("Gemm", floats),
  ...rows("Einsum", wide),
  ...rows("MatMul", [...wide, ...unsigned]),
  ...rows("Abs Sign", numbers),
  ...rows("Neg", [...wide, "int8", "int16"]),
  ...rows("Relu", [...floats, "int8", "int32"]),
  ...rows("Not And Or Xor", ["bool"]),
  ...rows("BitwiseNot BitwiseAnd BitwiseOr BitwiseXor", integers),
  ...rows("BitShift", ["uint8", ...unsigned]),
  ...rows("Add Sub Mul Div Mod", numbers),
  ...rows("Pow", wide),
  ...rows("Min Max", clipped),
  ...rows("Clip", clipped),
  ...rows("Equal", all, { otherOutputs: [0] }),
  ...rows("Less LessOrEqual Greater GreaterOrEqual", numbers, { otherOutputs: [0] }),
  ...rows("IsNaN IsInf", floats, { otherOutputs: [0] }),
  ...rows("ReduceSum ReduceMean ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare", wide, { others: [1] }),
  ...rows("ReduceMax ReduceMin", [...wide, ...bytes, "bool"], { others: [1] }),
  ...rows("ArgMax ArgMin", [...wide, ...bytes], { otherOutputs: [0] }),
  ...rows("CumSum", wide, { others: [1] }),
  ...rows("TopK", [...wide, ...bytes, "int16"], { others: [1], otherOutputs: [1] }),
  ...rows("Where", [...wide, "uint8"], { decides: 1, others: [0] }),
  ...rows("Pad", [...clipped, "bool"], { others: [1, 3] }),
  ...rows("Expand Tile", all, { others: [1] }),
  ...rows("Trilu", [...wide, "bool"], { others: [1] }),
  ...rows("OneHot", ["float32", "float16", "int64"], { decides: 2, others: [0, 1] }),
  ...rows("NonZero", [...single, "uint8", "int32", "int64", "bool"], { otherOutputs: [0] }),
  ...rows("Range", ["float32", "float64", "int16", "int32", "int64"]),
  ...rows("Resize", [...single, ...bytes, "int32"], { others: [1, 2, 3] }),
  ...rows("MaxPool", [...floats, ...bytes], { otherOutputs: [1] }),
  ...rows("DepthToSpace SpaceToDepth", [...floats, ...bytes]),
  ...rows("Compress", all, { others: [1] }),
  ...rows("ReverseSequence", all, { others: [1] }),
]);
