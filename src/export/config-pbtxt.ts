import type { DType } from "../graph/dtype.ts";
import type { Dim, ValueInfo } from "../graph/graph.ts";
import { ArchiverError } from "../errors.ts";

/** What a Triton model configuration says of an ONNX model. */
export interface TritonModel {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Rows that requests may be gathered to; 0: the model's shapes are taken as they are. */
  readonly maxBatchSize: number;
  /** The output whose last dimension has names, and the file with them. */
  readonly labels: { readonly output: string; readonly file: string } | null;
  /** The version that the archive's manifest gives; Triton's are integers. */
  readonly modelVersion: string | null;
}

/** `DataType` of https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto */
const dataTypes: Readonly<Partial<Record<DType, string>>> = {
  bool: "TYPE_BOOL",
  uint8: "TYPE_UINT8",
  uint16: "TYPE_UINT16",
  uint32: "TYPE_UINT32",
  uint64: "TYPE_UINT64",
  int8: "TYPE_INT8",
  int16: "TYPE_INT16",
  int32: "TYPE_INT32",
  int64: "TYPE_INT64",
  float16: "TYPE_FP16",
  float32: "TYPE_FP32",
  float64: "TYPE_FP64",
  bfloat16: "TYPE_BF16",
  string: "TYPE_STRING",
};

/** The text of `config.pbtxt`. Throws ArchiverError `not-convertible` for what Triton has no type for. */
export function tritonConfig(model: TritonModel): string {
  const { name, inputs, outputs, maxBatchSize, labels, modelVersion } = model;
  const batched = maxBatchSize > 0;
  return [
    `name: ${quoted(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${maxBatchSize}`,
    ...inputs.flatMap((input) => block("input", ioLines(input, batched))),
    ...outputs.flatMap((output) => {
      const named = labels?.output === output.name ? [`label_filename: ${quoted(labels.file)}`] : [];
      return block("output", [...ioLines(output, batched), ...named]);
    }),
    ...(batched ? ["dynamic_batching { }"] : []),
    ...(modelVersion === null ? [] : block("parameters", parameterLines("model_version", modelVersion))),
    "",
  ].join("\n");
}

function block(name: string, lines: readonly string[]): string[] {
  return [`${name} {`, ...lines.map((line) => `  ${line}`), "}"];
}

function ioLines({ name, dtype, type, shape }: ValueInfo, batched: boolean): string[] {
  const dataType = dataTypes[dtype];
  if (dataType === undefined || type !== undefined || shape === null) {
    throw new ArchiverError("not-convertible", `${name} is ${type ?? dtype}, which Triton cannot take or give.`, {
      remedy: "Export --to onnx, or leave this output out of the model.",
    });
  }
  const dims = (batched ? shape.slice(1) : shape).map(dimOf);
  // A value without dimensions is sent as one of a single element.
  const shaped = dims.length === 0 ? ["dims: [ 1 ]", "reshape { shape: [ ] }"] : [`dims: [ ${dims.join(", ")} ]`];
  return [`name: ${quoted(name)}`, `data_type: ${dataType}`, ...shaped];
}

function dimOf(dim: Dim): number {
  return typeof dim === "number" ? dim : -1;
}

function parameterLines(key: string, value: string): string[] {
  return [`key: ${quoted(key)}`, `value { string_value: ${quoted(value)} }`];
}

/** A string of protobuf's text format: bytes that are not printable ASCII as octal. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text, "utf8")].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCodePoint(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCodePoint(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${bytes.join("")}"`;
}
