import type { ByteSource } from "../archive/byte-source.ts";
import { typeName } from "../model/onnx/element-types.ts";
import { externalRange, type ExternalFiles } from "../model/onnx/external-data.ts";
import { type OnnxModel, readOnnx } from "../model/onnx/model.ts";
import { typedData } from "../model/onnx/schema.ts";
import { fieldsOf } from "../model/onnx/skeleton.ts";
import type { OnnxTensor } from "../model/onnx/tensor.ts";
import { graphsOf, nodesOf } from "../model/onnx/walk-graph.ts";
import { MalformedModel } from "../model/malformed.ts";
import { rangeLayout, type StoredTensor } from "./stored-tensor.ts";

type Files = Pick<ExternalFiles, "open">;

/** Initializers, and constants by the value that their node makes. Throws MalformedModel. */
export async function onnxTensors(source: ByteSource, files: Files): Promise<readonly StoredTensor[]> {
  const found: StoredTensor[] = [];
  for (const { name, tensor } of named(await readOnnx(source))) {
    const dims = tensor.dims.map(Number);
    const row = { name, dtype: typeName(tensor.type), shape: dims, strides: null };
    found.push({ ...row, ...(await placeOf(tensor, source, files)) });
  }
  return found;
}

function* named(model: OnnxModel): Generator<{ readonly name: string; readonly tensor: OnnxTensor }> {
  for (const { initializers, sparse } of graphsOf(model)) {
    for (const tensor of initializers) yield { name: tensor.name, tensor };
    for (const { tensors } of sparse) yield* tensors.map((tensor, at) => ({ name: sparseName(tensors, at), tensor }));
  }
  for (const { outputs, attributes } of nodesOf(model)) {
    const [made = ""] = outputs;
    for (const { name, tensors, sparse } of attributes) {
      const attribute = name === "value" ? made : `${made}.${name}`;
      for (const tensor of tensors) yield { name: attribute, tensor };
      for (const { tensors: parts } of sparse) {
        yield* parts.map((tensor, at) => ({ name: `${attribute}.${at === 0 ? "values" : "indices"}`, tensor }));
      }
    }
  }
}

/** A sparse tensor is called what its values are called. */
function sparseName([values]: readonly OnnxTensor[], at: number): string {
  return `${values?.name ?? ""}${at === 0 ? "" : ".indices"}`;
}

async function placeOf(
  tensor: OnnxTensor,
  source: ByteSource,
  files: Files,
): Promise<Pick<StoredTensor, "source" | "parts">> {
  if (tensor.external !== null) {
    const file = await files.open(tensor.external.get("location") ?? "");
    if ("problem" in file) throw new MalformedModel(`tensor ${tensor.name}: ${file.message}`);
    const range = externalRange(tensor, file.source.size);
    if ("problem" in range) throw new MalformedModel(`tensor ${tensor.name} ${range.problem}`);
    return { source: file.source, parts: [rangeLayout(range.offset, range.length)] };
  }
  const raw = tensor.raw.at(-1);
  const fields = raw === undefined ? fieldsOf(tensor.field).filter(({ number }) => typedData.has(number)) : [raw];
  return { source, parts: fields.map(({ at, end }) => rangeLayout(at, end - at)) };
}
