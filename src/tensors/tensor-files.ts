import { AnomalyError, type Archive } from "../archive/archive.ts";
import { sniffFormat } from "../model/sniff-format.ts";
import { hasTensors, type TensorFile } from "./read-tensors.ts";

/** Names that weights have besides the model's own. */
const weightsName = /\.(?:pt|pth|pt2|bin|ckpt|safetensors|onnx)$/iu;
/** Packed files up to this size are unpacked to be looked at; larger ones only when they are the model. */
const largestPacked = 8 << 20;

/** The model of an archive, whatever it is, and what else holds tensors and is named like weights. */
export async function tensorFiles(archive: Archive, model: TensorFile | null): Promise<readonly TensorFile[]> {
  const found = model === null ? [] : [model];
  const paths = new Set(model === null ? [] : [model.entry.path]);
  for (const entry of archive.entries) {
    if (entry.kind !== "file" || paths.has(entry.path) || !weightsName.test(entry.path)) continue;
    if (entry.method !== "stored" && (entry.method === "unsupported" || entry.size > largestPacked)) continue;
    paths.add(entry.path);
    try {
      const source = await archive.open(entry);
      const format = await sniffFormat(source);
      if (hasTensors(format)) found.push({ entry, source, format });
    } catch (error) {
      if (!(error instanceof AnomalyError)) throw error; // A check of the container says so.
    }
  }
  return found;
}
